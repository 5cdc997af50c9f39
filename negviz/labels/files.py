"""Label files: our own CSV and JSON lines, sheets that people filled in, and relevance judgments (qrels)."""

import csv
import io
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import orjson

from negviz.dataset import Dataset
from negviz.errors import LabelError
from negviz.labels.events import LabelEvent
from negviz.labels.rows import RowReader
from negviz.labels.state import Labels
from negviz.writing import file_written_beside

COLUMNS = (
    *("query_id", "document_id", "verdict", "grade", "query", "document", "note", "annotator", "time", "queue"),
    *("probability", "query_key", "document_key", "event", "withdraws"),
)
JSON_LINES = (".jsonl", ".ndjson")
Numbered: TypeAlias = Iterator[tuple[int, dict[str, Any]]]

# The apostrophes that are there already count too; otherwise reading could not tell ours from the text's own.
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_GUARDED = re.compile(r"'+[=+\-@\t\r]")


def write_labels(events: Iterable[LabelEvent] | Labels, path: str | os.PathLike[str]) -> int:
    """Write events as CSV or JSON lines, by the suffix of the name; the file appears whole or not at all.

    In CSV a cell that a spreadsheet would run as a formula gets an apostrophe in front, which reading takes away.

    Args:
        events: Events (``store.events()`` is the whole history), or the current labels.
        path: Ends in ``.csv``, ``.jsonl`` or ``.ndjson``; a file of that name is replaced.

    Returns:
        Number of events written.

    Raises:
        LabelError: If the suffix is another one.
        DataError: If the file cannot be written.
    """
    target = Path(path)
    writers: dict[str, Callable[[LabelEvent], str]] = {".csv": _csv_line, **dict.fromkeys(JSON_LINES, _json_line)}
    if target.suffix.lower() not in writers:
        raise LabelError(f"Labels cannot be written to '{target.name}'; give a name that ends in .csv or .jsonl.")
    line = writers[target.suffix.lower()]
    head = ",".join(COLUMNS) + "\r\n" if line is _csv_line else ""
    lines = [line(event) for event in (events.values() if isinstance(events, Labels) else events)]
    with file_written_beside(target) as beside:
        beside.write_bytes("".join([head, *lines]).encode())
    return len(lines)


class LabelFile(NamedTuple):
    """What a label file holds.

    Attributes:
        events: Its labels, in its order.
        unlabelled: Rows without a verdict: not judged yet.
        positives: Judgments that call a labelled positive relevant, which says nothing new.
    """

    events: list[LabelEvent]
    unlabelled: int
    positives: int


def read_label_file(
    path: str | os.PathLike[str],
    dataset: Dataset | None = None,
    *,
    annotator: str | None = None,
    relevant_from: int = 1,
) -> LabelFile:
    """Read a label file and count what of it is no label.

    Read are: what ``write_labels`` wrote; CSV, TSV or JSON lines with ``query_id``, ``document_id`` (or the texts
    ``query``, ``document``) and ``verdict``, rows without a verdict being not yet labelled; and relevance judgments,
    as of TREC or of BEIR, which need a dataset. A grade of ``relevant_from`` or more says false negative, 0 true
    negative; one between them (somewhat relevant) or below 0 (junk, or not judged) says drop. A relevant judgment of a
    labelled positive says nothing new and is left out. The events of a file without event names are named after their
    content, so that reading it again repeats none.

    Args:
        path: The file, in UTF-8.
        dataset: Where to find the texts of ids.
        annotator: Who gets the credit where the file does not say; the file's name if None.
        relevant_from: Lowest grade that makes a document an answer.

    Raises:
        LabelError: If the file is not of those, names unknown ids, or holds a row that is no label; with its line.
    """
    if relevant_from < 1:
        raise LabelError(f"Relevant from grade {relevant_from} on is too low; 0 is not relevant, so give 1 or more.")
    source = Path(path)
    text = _text(source)
    rows = _json_rows(source, text) if source.suffix.lower() in JSON_LINES or text[:1] == "{" else _table(source, text)
    reader = RowReader(
        source.name,
        dataset,
        annotator=source.name if annotator is None else annotator,
        modified=source.stat().st_mtime,
        relevant_from=relevant_from,
    )
    return LabelFile(reader.events(rows), reader.unlabelled, reader.positives)


def read_labels(
    path: str | os.PathLike[str], dataset: Dataset | None = None, *, annotator: str | None = None
) -> list[LabelEvent]:
    """Read the events of a file, in its order; see ``read_label_file``."""
    return read_label_file(path, dataset, annotator=annotator).events


def _csv_line(event: LabelEvent) -> str:
    line = io.StringIO()
    values = (getattr(event, name) for name in COLUMNS)
    csv.writer(line, lineterminator="\r\n").writerow(
        ["" if value is None else guarded(value) if isinstance(value, str) else repr(value) for value in values]
    )
    return line.getvalue()


def _json_line(event: LabelEvent) -> str:
    return orjson.dumps({name: getattr(event, name) for name in COLUMNS}).decode() + "\n"


def guarded(cell: str) -> str:
    """A cell as it can stand in a spreadsheet: what would be a formula starts with an apostrophe."""
    return f"'{cell}" if _FORMULA.match(cell) else str(cell)


def unguarded(cell: str) -> str:
    """The cell that was guarded; any other as it is."""
    return cell[1:] if _GUARDED.match(cell) else cell


def _text(source: Path) -> str:
    try:
        data = source.read_bytes()
    except OSError as problem:
        raise LabelError(f"The label file '{source}' cannot be read ({problem.strerror}).") from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        line = data.count(b"\n", 0, problem.start) + 1
        raise LabelError(
            f"The label file '{source.name}' is not UTF-8 (line {line}); save it as UTF-8 and try again."
        ) from None
    if not text.strip():
        raise LabelError(f"The label file '{source.name}' is empty; wanted are query_id, document_id and verdict.")
    return text


def _json_rows(source: Path, text: str) -> Numbered:
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = orjson.loads(line)
        except orjson.JSONDecodeError as problem:
            raise LabelError(f"Line {number} of '{source.name}' is not JSON: {problem}.") from None
        if not isinstance(row, dict):
            raise LabelError(f"Line {number} of '{source.name}' is not a JSON object; wanted is one label a line.")
        yield number, row


def _table(source: Path, text: str) -> Numbered:
    """Rows of a table with a header, or of judgments without one."""
    first = next(line for line in text.split("\n") if line.strip())
    tokens = first.split()
    if len(tokens) in {3, 4} and re.fullmatch(r"-?\d+(\.0+)?", tokens[-1]):
        return _judgments(source, text, len(tokens))
    separator = max(",;\t", key=first.count)
    return _delimited(source, text, separator)


def _judgments(source: Path, text: str, width: int) -> Numbered:
    for number, line in enumerate(text.split("\n"), start=1):
        tokens = line.split()
        if not tokens:
            continue
        if len(tokens) != width:
            raise LabelError(
                f"Line {number} of '{source.name}' has {len(tokens)} fields, but the first has {width}; "
                "a judgment has a query id, 0, a document id and a grade."
            )
        yield number, {"query_id": tokens[0], "document_id": tokens[-2], "score": tokens[-1]}


def _delimited(source: Path, text: str, separator: str) -> Numbered:
    limit = csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
        header = next(cells for cells in reader if cells)
        for cells in reader:
            if not any(cells):
                continue
            if len(cells) > len(header):
                raise LabelError(
                    f"Line {reader.line_num} of '{source.name}' has {len(cells)} cells, "
                    f"but the header has {len(header)}."
                )
            yield reader.line_num, {name: unguarded(cell) for name, cell in zip(header, cells, strict=False)}
    except csv.Error as problem:
        raise LabelError(f"Line {reader.line_num} of '{source.name}' is not a row of a table: {problem}.") from None
    finally:
        csv.field_size_limit(limit)
