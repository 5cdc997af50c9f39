"""Verb that sets recipes and selections side by side."""

from pathlib import Path
from typing import Any

import click

from negviz.cli._frame import Report, json_option, labels_of, report

FILE = click.Path(path_type=Path)


@click.command()
@click.argument("pool_folder", metavar="POOL", type=FILE)
@click.option("--recipe", "recipes", multiple=True, help="Name of a recipe, or a YAML file; may be repeated.")
@click.option("--selection", "selections", multiple=True, type=FILE, help="What 'negviz select' wrote; repeatable.")
@click.option("--labels", "labels_file", help="Labels to measure with: CSV, JSONL, or a label database.")
@click.option("--judgments", type=FILE, help="Qrels to measure with (TREC or BEIR); choosing never sees them.")
@click.option("--relevant-from", type=click.IntRange(min=1),
              help="Smallest grade that answers; 2 where grades reach 2, else 1.")  # fmt: skip
@click.option("--complete", is_flag=True, help="Pairs of a judged query that are not in the qrels answer nothing.")
@click.option("--scorer", help="Whose scores tell how hard a negative is; the first recipe's where not given.")
@click.option("--anchor", type=click.Choice(["min", "mean", "max"]), default="min", show_default=True,
              help="Which positive the score is compared with.")  # fmt: skip
@click.option("--out", type=FILE, help="CSV file to write: who takes each pair, and what refuses it elsewhere.")
@json_option
def compare(
    *,
    pool_folder: Path,
    recipes: tuple[str, ...],
    selections: tuple[Path, ...],
    labels_file: str | None,
    judgments: Path | None,
    relevant_from: int | None,
    complete: bool,
    scorer: str | None,
    anchor: Any,
    out: Path | None,
    as_json: bool,
) -> None:
    """Set two to six recipes or selections on POOL side by side: what each takes, and where they differ.

    Labels and judgments only measure: recipes are run without them, except those that learn from labels.
    """
    from negviz.comparison import check_number, run, stored
    from negviz.comparison import compare as side_by_side
    from negviz.comparison_report import report as numbers
    from negviz.comparison_report import write_differences
    from negviz.errors import DataError
    from negviz.recipe import find_recipe
    from negviz.store import open_pool
    from negviz.truth import read_truth

    def work() -> Report:
        check_number(len(recipes) + len(selections))
        if judgments is None and (complete or relevant_from is not None):
            raise DataError("--complete and --relevant-from say how to read judgments; give --judgments FILE, too.")
        wanted = [find_recipe(name) for name in recipes]
        pool = open_pool(pool_folder)
        truth = None
        if judgments is not None:
            truth = read_truth(judgments, pool.dataset, relevant_from=relevant_from, complete=complete)
        labels = labels_of(labels_file, pool.dataset)
        contenders = [run(pool, recipe, labels=labels) for recipe in wanted]
        contenders += [stored(pool, path) for path in selections]
        found = side_by_side(pool, contenders, scorer=scorer, anchor=anchor, labels=labels, truth=truth)
        done = numbers(found)
        if out is not None:
            write_differences(found, out)
            done["out"] = str(out)
        return done

    report(work, as_json, _lines)


def _lines(report: dict[str, Any]) -> list[str]:
    by = f" minus the positive's, by '{report['scorer']}'" if report["scorer"] else ""
    lines = [f"{report['queries']:,} queries; hardness is the score{by}"]
    if read := report["judgments"]:
        lines.append(
            f"judgments: {read['judgments']:,} of {read['file']}, relevant from {read['relevant_from']}; left out: "
            f"{read['unknown']:,} of other ids, {read['unreadable']:,} unreadable"
        )
    for row in report["recipes"]:
        lines += [row["name"], *(f"    {fact}" for fact in _facts(row, report))]
    lines.append("Jaccard index over taken pairs")
    wide = max(len(name) for name in report["compared"])
    for name, values in zip(report["compared"], report["jaccard"], strict=True):
        shown = "  ".join("   – " if value is None else f"{value:.3f}" for value in values)
        lines.append(f"    {name:<{wide}}  {shown}")
    return lines


def _facts(row: dict[str, Any], report: dict[str, Any]) -> list[str]:
    if row["problem"]:
        return [f"cannot run: {row['problem']}"]
    facts = [
        f"{row['taken']:,} taken, {row['backfilled']:,} of them backfilled; {report['only'][row['name']]:,} no other "
        f"takes; starved queries {row['starved']:,}, empty {row['empty']:,}",
        f"distinct documents {row['documents']['distinct']:,}, effective {row['documents']['effective']:,.1f}",
    ]
    hardness, likely = row["hardness"], row["likely_false"]
    if hardness and hardness["known"]:
        tenths = hardness["deciles"]
        facts.append(f"hardness: mean {hardness['mean']:.4f}, median {hardness['median']:.4f}, "
                     f"10 % to 90 % {tenths['p10']:.4f} to {tenths['p90']:.4f}")  # fmt: skip
    if likely:
        zone = "" if likely["disputed"] is None else f", {likely['disputed']:,} of them in the disputed zone"
        facts.append(f"above 0.95 of the positive (a rule of thumb): {likely['count']:,}{zone}")
    for by, measured in row["measured_by"].items():
        if measured:
            facts.append(_measured(by, measured))
    runs = f"median of {row['runs']} runs" if row["runs"] > 1 else "one run"
    facts.append(f"{row['seconds']:.3f} s ({runs})" if row["runs"] else "read from a file, not run")
    return facts


def _measured(by: str, measured: dict[str, Any]) -> str:
    if not measured["labelled"]:
        return f"measured by {by}: none of the {measured['taken']:,} taken is judged"
    return (
        f"measured by {by}: {measured['false_negatives']:,} false of {measured['labelled']:,} judged "
        f"({measured['rate']:.1%}, 95 % interval {measured['low']:.1%} to {measured['high']:.1%})"
    )


VERBS = (compare,)
