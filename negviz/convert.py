"""Convert: any format that is read into any that is written, one example after the other."""

from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from negviz.card import Story, card, plain
from negviz.converted import TAKEN_OUT, Converted, begin
from negviz.errors import DataError
from negviz.export import find_format, finish, knobs_of, lost, refuse_foreign
from negviz.load import Opened, open_data
from negviz.loaders._source import Progress
from negviz.registry import Entry
from negviz.survey import Tell
from negviz.writing import written_beside


def convert(
    path: str | Path,
    format: str,
    out: Path,
    *,
    knobs: Mapping[str, Any] | None = None,
    reads: str | None = None,
    columns: Mapping[str, str] | None = None,
    encoding: str | None = None,
    split: str | None = None,
    progress: Progress | None = None,
    tell: Tell | None = None,
) -> dict[str, Any]:
    """Write a file or folder of one format in another; texts go through one by one and never fill the memory.

    A document that is a positive of a query in any row is no negative of it in another, by its text. Eight bytes are
    kept in memory for each positive, and a few thousand documents to fill up with. Where either format names documents
    by id, everything is first put together in a file beside the target.

    Args:
        path: What to read, as for ``load``.
        format: Name of the format to write.
        out: Folder to write; an older export there is replaced.
        knobs: Knobs of the format.
        reads: Name of the format to read; None looks at the content.
        columns: The person's columns by role.
        encoding: Text encoding; None is UTF-8.
        split: Which judgments are the positives.
        progress: Called with (what is done, amount done, amount in all or None).
        tell: Hears what the format cannot say, before anything is written.

    Returns:
        The manifest.

    Raises:
        DataError: If it cannot be read, or the folder holds something else.
        UnknownNameError: If there is no such format.
        RecipeError: If a knob is not valid.
        ExportError: If nothing can be written.
    """
    entry, out = find_format(format), Path(out)
    values = knobs_of(entry, knobs)
    refuse_foreign(out)

    def opening() -> Opened:
        return open_data(path, format=reads, columns=columns, encoding=encoding, split=split, progress=progress)

    with written_beside(out) as folder, ExitStack() as stack:
        converted = begin(opening, entry, stack, out.absolute().parent)
        _refuse_empty(converted)
        losses = converted.survey.losses(entry, values, converted.count)
        if tell:
            tell(losses)
        written = entry.function(examples=converted, folder=folder, **values)
        text = card(_story(converted, entry), entry, written, values, losses)
        about = {
            "knobs": values,
            "dataset": converted.name,
            "converted_from": converted.facts,
            "counts": counts_of(converted),
            "problems": _problems(converted),
            "losses": lost(losses),
        }
        return finish(folder, entry, written, about, text)


def counts_of(converted: Converted) -> dict[str, int]:
    """Numbers of everything: what is there, and what was taken out."""
    survey = converted.survey
    return {
        "queries": survey.examples,
        "positives": survey.positives,
        "negatives": survey.negatives,
        **{name: converted.counts[name] for name in TAKEN_OUT},
    }


def _problems(converted: Converted) -> dict[str, int]:
    """How often each kind of problem was noticed."""
    return dict(Counter(problem.kind for problem in converted.problems).most_common())


def _refuse_empty(converted: Converted) -> None:
    if converted.survey.examples:
        return
    first = next(iter(converted.problems), None)
    where = f" The first problem is in {first.file} line {first.line}: {first.message}" if first else ""
    raise DataError(f"{converted.name} has no row with a labelled positive that can be used.{where}")


def _story(converted: Converted, entry: Entry) -> Story:
    """What the card tells of it."""
    counts, facts = counts_of(converted), converted.facts
    known = {"queries": "queries", "positives": "positives", "negatives": "negatives", **TAKEN_OUT}
    lines = [
        f"- source: {plain(converted.name)} ({plain(facts['format'])})",
        f"- recognised: {plain(facts['why'])}",
        f"- licence of the source: {plain(facts.get('licence') or 'not recorded; see the source')}",
    ]
    kinds = [f"- {count} × {plain(kind)}" for kind, count in _problems(converted).items()]
    odd = ["## What was odd in the source\n\n" + "\n".join(kinds)] if kinds else []
    return Story(
        converted.name, f"in the format {entry.trait('name_shown') or entry.name}", converted.count,
        [(counts[key], text) for key, text in known.items()],
        ["## How it was made\n\nConverted, not mined.\n\n" + "\n".join(lines), *odd],
    )  # fmt: skip
