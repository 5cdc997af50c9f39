"""Verb that audits negatives: those of a file that somebody downloaded, or those of a selection."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from negviz.cli._frame import (
    Bars,
    Report,
    data_options,
    engine_of,
    engine_options,
    json_option,
    labels_of,
    load_data,
    place_of,
    report,
)
from negviz.errors import DataError

if TYPE_CHECKING:
    from negviz.pool import Pool
    from negviz.selection import Selection

FILE = click.Path(path_type=Path)
PAGE = "audit.html"
ENDINGS = (".html", ".htm")


@click.command()
@click.argument("place", metavar="FILE|POOL")
@click.option("--selection", "selection_file", metavar="FILE", help="Of a POOL: what 'negviz select' wrote.")
@click.option("--labels", "labels_file", metavar="FILE|URL", help="Labels: CSV, JSONL, qrels, or a label database.")
@click.option("--judgments", type=FILE, help="Qrels to measure with (TREC or BEIR).")
@click.option("--relevant-from", type=click.IntRange(min=1),
              help="Smallest grade that answers; 2 where grades reach 2, else 1.")  # fmt: skip
@click.option("--complete", is_flag=True, help="Pairs of a judged query that are not in the qrels answer nothing.")
@click.option("--held-out", type=FILE, metavar="DATA|QRELS", help="What the model will be evaluated with.")
@click.option("--encoder", default="minilm", show_default=True,
              help="Of a FILE: minilm, static (seconds), a local folder or a Hugging Face id.")  # fmt: skip
@click.option("--seed", default=0, show_default=True, type=int, help="Of the random documents beside a FILE's.")
@click.option("--keep", type=FILE, metavar="POOL",
              help="Of a FILE: keep its pool in this folder, and the selection beside it (POOL.parquet).")  # fmt: skip
@click.option("--out", default=PAGE, show_default=True, help="HTML file to write.")
@engine_options
@data_options()
@json_option
def audit(
    *,
    place: str,
    selection_file: str | None,
    labels_file: str | None,
    judgments: Path | None,
    relevant_from: int | None,
    complete: bool,
    held_out: Path | None,
    encoder: str,
    seed: int,
    keep: Path | None,
    out: str,
    engine: str,
    address: str | None,
    memory: int,
    columns: tuple[str, ...],
    encoding: str | None,
    split: str | None,
    format_name: str | None,
    as_json: bool,
) -> None:
    """Look at negatives from every side before training on them, and write one HTML page about it.

    FILE is training data with negatives that somebody mined (triplets, FlagEmbedding and whatever else 'negviz
    describe' reads); POOL is a folder that 'negviz pool' wrote, with the selection of a recipe or, without one, the
    negatives that came with its data. A finding whose input is missing says how to get it.
    """
    from negviz.audit import audit as look
    from negviz.audit_report import write_page
    from negviz.held_out import read_held_out
    from negviz.suspects import suspicions_of
    from negviz.truth import read_truth
    from negviz.workplace import delivered

    def work() -> Report:
        _check(Path(out), judgments, complete or relevant_from is not None)
        stored = _is_pool(place)
        if stored and keep is not None:
            raise DataError(f"{place} is a pool already, so there is nothing to keep; leave --keep out.")
        if not stored and selection_file is not None:
            raise DataError(
                "A selection belongs to a pool; name the folder that 'negviz pool' wrote, or leave --selection out to "
                "audit the negatives of the file."
            )
        bars = Bars()
        try:
            pool, dataset = _opened(place, stored, columns, encoding, split, format_name)
            # Every file is read before anything long begins or is written.
            labels, truth = labels_of(labels_file, dataset), None
            if judgments is not None:
                truth = read_truth(judgments, dataset, relevant_from=relevant_from, complete=complete)
            held = None if held_out is None else read_held_out(held_out, dataset)
            pool, selection = (
                _of_file(dataset, encoder, seed, keep, bars) if pool is None else _of_pool(pool, selection_file)
            )
            known = None
            if stored and selection_file is not None:
                with engine_of(engine, address) as workers:
                    known = suspicions_of(place, selection_file, out, labels=labels, engine=workers, progress=bars)
            found = look(pool, selection, labels=labels, truth=truth, held_out=held, suspected=known, progress=bars)
        finally:
            bars.close()
        with delivered(out) as path:
            write_page(found, path)
        return {**found.to_json(), "out": out}

    report(work, as_json, _lines)


def _check(out: Path, judgments: Path | None, how: bool) -> None:
    if out.suffix.lower() not in ENDINGS:
        raise DataError(f"The report cannot be written to '{out.name}'; give a name that ends in .html.")
    if judgments is None and how:
        raise DataError("--complete and --relevant-from say how to read judgments; give --judgments FILE, too.")


def _is_pool(place: str) -> bool:
    from negviz.workplace import is_remote, local_path
    from negviz.writing import MANIFEST

    return is_remote(place) or (local_path(place) / MANIFEST).is_file()


def _opened(place: str, stored: bool, *how: Any) -> "tuple[Pool | None, Any]":
    """The pool, where it is one, and its data."""
    from negviz.store import open_pool

    if not stored:
        return None, load_data(place, *how)
    pool = open_pool(place_of(place))
    return pool, pool.dataset


def _of_pool(pool: "Pool", selection_file: str | None) -> "tuple[Pool, Selection]":
    from negviz.given_negatives import given_selection
    from negviz.store import read_selection

    selection = given_selection(pool) if selection_file is None else read_selection(place_of(selection_file), pool)
    return pool, selection


def _of_file(dataset: Any, encoder: str, seed: int, keep: Path | None, bars: Bars) -> "tuple[Pool, Selection]":
    from negviz.given_negatives import given_pool, given_selection
    from negviz.store import save_pool, save_selection
    from negviz.writing import check_folder

    if keep is not None:
        check_folder(keep)
    pool = given_pool(dataset, encoder=encoder, seed=seed, progress=bars)
    selection = given_selection(pool)
    if keep is not None:
        save_pool(pool, keep)
        save_selection(selection, keep.with_name(f"{keep.name}.parquet"))
    return pool, selection


def _lines(done: dict[str, Any]) -> list[str]:
    from negviz.findings import some

    counts = ", ".join(f"{severity} {count}" for severity, count in done["counts"].items())
    of = f"{some(done['negatives'], 'negative')} of {some(done['queries'], 'query', 'queries')} of {done['data']}"
    lines = [f"{of}: {counts}"]
    for finding in done["findings"]:
        lines += [f"[{finding['severity']}] {finding['title']}", f"    {finding['sentence']}"]
        lines += [f"    do: {finding['todo']}"] if finding["todo"] else []
    return [*lines, f"wrote {done['out']}"]


VERBS = (audit,)
