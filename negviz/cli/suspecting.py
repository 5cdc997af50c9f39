"""Verb that lists the likely false negatives."""

import csv
from pathlib import Path

import click

from negviz.cli._frame import Bars, Report, json_option, labels_of, plain_lines, report

FILE = click.Path(path_type=Path)


@click.command()
@click.argument("pool_folder", metavar="POOL", type=FILE)
@click.option("--out", required=True, type=FILE, help="CSV file to write.")
@click.option("--selection", "selection_file", type=FILE,
              help="Only what this selection takes; written by 'negviz select'.")  # fmt: skip
@click.option("--labels", "labels_file", help="Labels to learn from: CSV, JSONL, or a label database.")
@click.option("--top", type=click.IntRange(min=1), metavar="N", help="Only the N most suspect; all if absent.")
@json_option
def suspects(
    *,
    pool_folder: Path,
    out: Path,
    selection_file: Path | None,
    labels_file: str | None,
    top: int | None,
    as_json: bool,
) -> None:
    """List the likely false negatives of POOL, most suspect first, each with its reasons.

    The probability comes from the signals of the pool; labels of both kinds fit it to this collection. Pairs that have
    a label already are left out, and so are leaks, which no recipe takes.
    """
    from negviz.labels import Labels
    from negviz.store import open_pool, read_selection
    from negviz.suspects import listed, rank_suspects
    from negviz.writing import file_written_beside

    def work() -> Report:
        opened = open_pool(pool_folder)
        selection = None if selection_file is None else read_selection(selection_file, opened)
        labels: Labels = labels_of(labels_file, opened.dataset)
        bars = Bars()
        try:
            found = rank_suspects(opened, labels, selection, top, bars)
            with file_written_beside(out) as beside, beside.open("w", encoding="utf-8", newline="") as file:
                writer = csv.writer(file, lineterminator="\r\n")
                writer.writerow(("query_id", "document_id", "probability", "reasons"))
                writer.writerows(listed(found, bars))
        finally:
            bars.close()
        model = found.model
        return {"pairs": found.pairs, "written": len(found.rows), "labelled": found.labelled, "fitted": model.fitted,
                "about": model.about, "out": str(out)}  # fmt: skip

    report(work, as_json, plain_lines)


VERBS = (suspects,)
