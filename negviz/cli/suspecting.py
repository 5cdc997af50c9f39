"""Verb that lists the likely false negatives."""

import click

from negviz.cli._frame import (
    Bars,
    Report,
    engine_of,
    engine_options,
    json_option,
    labels_of,
    place_of,
    plain_lines,
    report,
)


@click.command()
@click.argument("pool_folder", metavar="POOL")
@click.option("--out", required=True, help="CSV file to write.")
@click.option("--selection", "selection_file", metavar="FILE",
              help="Only what this selection takes; written by 'negviz select'.")  # fmt: skip
@click.option("--labels", "labels_file", help="Labels to learn from: CSV, JSONL, or a label database.")
@click.option("--top", type=click.IntRange(min=1), metavar="N", help="Only the N most suspect; all if absent.")
@engine_options
@json_option
def suspects(
    *,
    pool_folder: str,
    out: str,
    selection_file: str | None,
    labels_file: str | None,
    top: int | None,
    engine: str,
    address: str | None,
    memory: int,
    as_json: bool,
) -> None:
    """List the likely false negatives of POOL, most suspect first, each with its reasons.

    The probability comes from the signals of the pool; labels of both kinds fit it to this collection. Pairs that have
    a label already are left out, and so are leaks, which no recipe takes.
    """
    from negviz.labels import Labels
    from negviz.store import open_pool
    from negviz.suspects import write_suspects

    def work() -> Report:
        labels: Labels = labels_of(labels_file, open_pool(place_of(pool_folder)).dataset)
        bars = Bars()
        try:
            with engine_of(engine, address) as workers:
                found = write_suspects(pool_folder, out, labels=labels, selection=selection_file, top=top,
                                       engine=workers, memory=memory, progress=bars)  # fmt: skip
        finally:
            bars.close()
        model = found.model
        return {"pairs": found.pairs, "written": found.written, "labelled": found.labelled, "fitted": model.fitted,
                "about": model.about, "out": str(out)}  # fmt: skip

    report(work, as_json, plain_lines)


VERBS = (suspects,)
