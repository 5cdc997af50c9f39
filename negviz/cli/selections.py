"""Verbs from a pool to a training set."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from negviz.cli._frame import (
    Bars,
    Report,
    check_address,
    engine_of,
    engine_options,
    json_option,
    labels_of,
    note_leaks,
    note_losses,
    place_of,
    plain_lines,
    report,
    settings_of,
    strict_option,
)

if TYPE_CHECKING:
    from negviz.leak_check import OnLeak


@click.command()
@click.argument("pool_folder", metavar="POOL")
@click.option("--recipe", required=True, help="Name of a published recipe, or a YAML file.")
@click.option("--out", required=True, help="Parquet file to write.")
@click.option("--set", "settings", multiple=True, metavar="STEP.PARAM=VALUE", help="Turn a knob; may be repeated.")
@click.option("--count", type=int, help="Negatives a query.")
@click.option("--seed", type=int, help="Seed of the draw.")
@click.option("--labels", "labels_file", help="Labels to respect: CSV, JSONL, or a label database.")
@engine_options
@json_option
def select(
    *,
    pool_folder: str,
    recipe: str,
    out: str,
    settings: tuple[str, ...],
    count: int | None,
    seed: int | None,
    labels_file: str | None,
    engine: str,
    address: str | None,
    memory: int,
    as_json: bool,
) -> None:
    """Run a recipe over POOL and write who was taken, who was refused, and by what.

    Queries are worked on in blocks; a run that was stopped goes on where it was. POOL and the file may be anywhere that
    fsspec opens (s3://…).
    """
    from negviz.advice import outcome_warnings, recipe_warnings
    from negviz.recipe import find_recipe
    from negviz.selecting import memory_note, select_to_file
    from negviz.store import open_pool

    def work() -> Report:
        wanted = find_recipe(recipe)
        for setting in settings:
            wanted = wanted.with_setting(setting)
        for name, value in (("count", count), ("seed", seed)):
            if value is not None:
                wanted = wanted.with_setting(f"{name}={value}")
        opened = open_pool(place_of(pool_folder))
        labels, bars = labels_of(labels_file, opened.dataset), Bars()
        for note in memory_note(opened, wanted, memory):
            click.echo(f"negviz: note: {note}", err=True)
        try:
            with engine_of(engine, address) as workers:
                outcome = select_to_file(pool_folder, wanted, out, labels=labels, engine=workers, progress=bars)
        finally:
            bars.close()
        warnings = [*recipe_warnings(wanted, opened), *outcome_warnings(outcome)]
        for warning in warnings:
            click.echo(f"negviz: note: {warning}", err=True)
        return {**outcome.summary(), "warnings": warnings}

    report(work, as_json, _funnel_lines)


def _funnel_lines(report: dict[str, Any]) -> list[str]:
    lines = [f"recipe: {report['recipe']}", f"{report['candidates']:>10,}  candidates of {report['queries']:,} queries"]
    lines += [f"{-step['count']:>10,}  {step['step']}" for step in report["refused"] if step["count"]]
    lines.append(f"{-report['not_drawn']:>10,}  allowed, not drawn")
    of_them = f", {report['backfilled']:,} of them backfilled" if report["backfilled"] else ""
    lines.append(f"{report['taken']:>10,}  taken{of_them}")
    lines.append(f"starved queries (fewer than {report['count']}): {report['starved']:,}")
    return lines


@click.command()
@click.argument("pool_folder", metavar="POOL")
@click.option("--selection", required=True, metavar="FILE", help="What 'negviz select' wrote.")
@click.option("--format", "format_name", required=True, help="Name of the trainer's format; see 'negviz formats'.")
@click.option("--out", required=True, help="Folder to write.")
@click.option("--set", "settings", multiple=True, metavar="PARAM=VALUE", help="Turn a knob of the format.")
@click.option("--labels", "labels_file", help="Labels to apply: CSV, JSONL, or a label database.")
@click.option(
    "--held-out",
    type=click.Path(path_type=Path),
    metavar="DATA|QRELS",
    help="What the model will be evaluated with, to see whether it is trained on.",
)
@click.option(
    "--leaks",
    type=click.Choice(["report", "refuse", "drop"]),
    default="report",
    show_default=True,
    help="What becomes of training queries that are held-out queries.",
)
@strict_option
@engine_options
@json_option
def export(
    *,
    pool_folder: str,
    selection: str,
    format_name: str,
    out: str,
    settings: tuple[str, ...],
    labels_file: str | None,
    held_out: Path | None,
    leaks: "OnLeak",
    strict: bool,
    engine: str,
    address: str | None,
    memory: int,
    as_json: bool,
) -> None:
    """Write a selection as a training set, exactly as the trainer's code reads it.

    Rows are written one after the other by this process, whatever the engine: nearly all of the work is to look texts
    up, and most formats are one file.
    """
    from negviz.export import export as write
    from negviz.held_out import read_held_out
    from negviz.store import open_pool, read_selection
    from negviz.workplace import delivered

    def work() -> Report:
        check_address(engine, address)
        opened = open_pool(place_of(pool_folder))
        chosen = read_selection(place_of(selection), opened)
        held = None if held_out is None else read_held_out(held_out, opened.dataset)
        labels, knobs = labels_of(labels_file, opened.dataset), settings_of(settings)
        with delivered(out) as folder:
            manifest = write(
                chosen, labels, format_name, folder, knobs=knobs, held_out=held, leaks=leaks, tell=note_losses(strict)
            )
        note_leaks(manifest)
        if leaks != "report" and manifest["leaks"] is None:
            click.echo(f"negviz: note: nothing is held out, so --leaks {leaks} had nothing to look for; name it with "
                       "--held-out.", err=True)  # fmt: skip
        return manifest

    report(work, as_json, lambda manifest: _written_lines(manifest, out))


def _written_lines(manifest: dict[str, Any], out: str) -> list[str]:
    """What the training set holds, and what came of it in the files: a format may leave out or repeat some."""
    written = manifest["written"]
    rows = {f"{side} in the rows": written[side] for side in ("positives", "negatives") if side in written}
    more = {"rows": written["rows"], **rows, "queries left out by the format": written["queries_left_out"]}
    return plain_lines({"wrote": out, **manifest["counts"], **more})


VERBS = (select, export)
