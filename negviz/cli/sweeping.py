"""Verb that runs a recipe for many values of a knob."""

import csv
import io
import math
from pathlib import Path
from typing import Any

import click

from negviz.cli._frame import Bars, Report, json_option, labels_of, report

FILE = click.Path(path_type=Path)


@click.command()
@click.argument("pool_folder", metavar="POOL", type=FILE)
@click.option("--recipe", required=True, help="Name of a recipe, or a YAML file.")
@click.option("--knob", required=True, metavar="STEP.KNOB", help="What to turn; also count, draw.KNOB, source.KNOB.")
@click.option("--from", "low", required=True, type=float, help="First value.")
@click.option("--to", "high", required=True, type=float, help="Last value.")
@click.option("--steps", default=11, show_default=True, type=int, help="How many values.")
@click.option("--second", metavar="STEP.KNOB", help="A second knob: every pair of values is run.")
@click.option("--second-from", type=float, help="Its first value.")
@click.option("--second-to", type=float, help="Its last value.")
@click.option("--second-steps", default=11, show_default=True, type=int, help="How many of its values.")
@click.option("--set", "settings", multiple=True, metavar="STEP.PARAM=VALUE", help="Turn another knob; repeatable.")
@click.option("--labels", "labels_file", help="Labels to measure with: CSV, JSONL, or a label database.")
@click.option("--judgments", type=FILE, help="Qrels to measure with (TREC or BEIR); choosing never sees them.")
@click.option("--relevant-from", type=click.IntRange(min=1),
              help="Smallest grade that answers; 2 where grades reach 2, else 1.")  # fmt: skip
@click.option("--complete", is_flag=True, help="Pairs of a judged query that are not in the qrels answer nothing.")
@click.option("--queries", type=click.IntRange(min=1), help="Run on a seeded sample of so many queries; all if absent.")
@click.option("--out", type=FILE, help="CSV file to write: a row for each value.")
@json_option
def sweep(
    *,
    pool_folder: Path,
    recipe: str,
    knob: str,
    low: float,
    high: float,
    steps: int,
    second: str | None,
    second_from: float | None,
    second_to: float | None,
    second_steps: int,
    settings: tuple[str, ...],
    labels_file: str | None,
    judgments: Path | None,
    relevant_from: int | None,
    complete: bool,
    queries: int | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """Run a recipe on POOL for many values of a knob, or of two: what each value costs and brings.

    Labels and judgments only measure. No value is called the best one: how hard negatives should be, and how many false
    ones a model bears, shows only in training.
    """
    from negviz.errors import DataError
    from negviz.recipe import find_recipe
    from negviz.select import check_knobs
    from negviz.store import open_pool
    from negviz.sweep_report import report as numbers
    from negviz.sweeping import Sweeper, find_turn, spread
    from negviz.truth import read_truth
    from negviz.writing import file_written_beside

    def work() -> Report:
        if judgments is None and (complete or relevant_from is not None):
            raise DataError("--complete and --relevant-from say how to read judgments; give --judgments FILE, too.")
        if (second is None) != (second_from is None) or (second is None) != (second_to is None):
            raise DataError("A second knob needs all of --second STEP.KNOB, --second-from and --second-to.")
        wanted = find_recipe(recipe)
        for setting in settings:
            wanted = wanted.with_setting(setting)
        check_knobs(wanted)
        across = find_turn(wanted, knob)
        values = spread(across, low, high, steps)
        down = find_turn(wanted, second) if second is not None else None
        others = spread(down, second_from or 0.0, second_to or 0.0, second_steps) if down else ()
        pool = open_pool(pool_folder)
        truth = None
        if judgments is not None:
            truth = read_truth(judgments, pool.dataset, relevant_from=relevant_from, complete=complete)
        sweeper = Sweeper(pool, wanted, labels_of(labels_file, pool.dataset), truth, queries)
        recipes = sweeper.grid(across, values, down, others) if down else sweeper.recipes(across, values)
        bars = Bars()
        try:
            outcomes = sweeper.run(recipes, bars)
        finally:
            bars.close()
        done = numbers(sweeper, across, values, down, others, outcomes)
        if out is not None:
            with file_written_beside(out) as beside:
                beside.write_text(_csv(done), "utf-8", newline="")
            done["out"] = str(out)
        return done

    report(work, as_json, _lines)


def _columns(report: dict[str, Any]) -> list[str]:
    parts = ("false", "judged", "rate", "low", "high")
    measured = [f"{part} by {by}" for by in report["measured_by"] for part in parts]
    knobs = [report["knob"]["name"], *([report["second"]["name"]] if report["second"] else [])]
    return [*knobs, "per query", "starved", "starved share", "hardness", "likely false", "likely share", *measured]


def _cells(row: dict[str, Any], report: dict[str, Any]) -> list[Any]:
    likely = row["likely_false"]
    told = [row["value"], *([row["second"]] if report["second"] else []), row["per_query"], row["starved"],
            row["starved_share"], row["hardness"], likely["count"], likely["share"]]  # fmt: skip
    for by in report["measured_by"]:
        said = row["measured_by"][by]
        told += [said["false_negatives"], said["labelled"], said["rate"], said["low"], said["high"]]
    return told


def _csv(report: dict[str, Any]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([name.replace(" ", "_") for name in _columns(report)])
    writer.writerows([["" if cell is None else cell for cell in _cells(row, report)] for row in report["rows"]])
    return text.getvalue()


def _lines(report: dict[str, Any]) -> list[str]:
    part = "" if report["queries"] == report["of_queries"] else f", a seeded sample of {report['of_queries']:,}"
    lines = [
        f"recipe {report['recipe']} on {report['queries']:,} queries{part}",
        f"hardness is the mean score minus the positive's, by '{report['scorer']}'; likely false is above "
        "0.95 of the positive, a rule of thumb",
        *(_about(knob) for knob in (report["knob"], report["second"]) if knob),
    ]
    table = [_columns(report), *([_shown(cell) for cell in _cells(row, report)] for row in report["rows"])]
    wide = [max(len(row[place]) for row in table) for place in range(len(table[0]))]
    lines += ["  ".join(cell.rjust(width) for cell, width in zip(row, wide, strict=True)) for row in table]
    return lines


def _about(knob: dict[str, Any]) -> str:
    usual = "no published recipe has it" if knob["published"] is None else f"published {knob['published']:g}"
    return f"{knob['name']}: now {knob['now']:g}, {usual}"


def _shown(cell: Any) -> str:
    if cell is None:
        return "–"
    return f"{cell:.4g}" if isinstance(cell, float) and math.isfinite(cell) else str(cell)


VERBS = (sweep,)
