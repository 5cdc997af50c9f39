"""Table: rows of named cells from JSON, delimited or columnar files, with or without a header."""

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from statistics import median
from typing import Any, TypeAlias

from negviz.errors import DataError
from negviz.examples import Place, TextExample
from negviz.loaders import _columnar as columnar
from negviz.loaders import _delimited as delimited
from negviz.loaders import _json as json_text
from negviz.loaders._cells import MISSING, BadRowError
from negviz.loaders._columns import has_known
from negviz.loaders._reading import Reading
from negviz.loaders._source import Source

HEAD_ROWS = 10_000
# How RocketQA's tables, which have no header, write that there is no title.
# How pandas and others write that there is nothing; in JSON and Parquet these are texts like any other.
NOTHING = frozenset({"", *MISSING})
# A dash is how RocketQA writes that there is none.
BARE_NOTHING = NOTHING | {"-"}

Record: TypeAlias = tuple[int, dict[str, Any]]


@dataclass(frozen=True)
class Table:
    """A file as a table.

    Attributes:
        file: Its name.
        columns: Names of its columns (of JSON those of its first rows); "1", "2" and so on where it has no header.
        records: Line and cells by column.
        header: Whether the columns have names.
        sample: Some rows of a table without a header, to tell its columns apart by content.
    """

    file: str
    columns: list[str]
    records: Iterator[Record]
    header: bool = True
    sample: Sequence[Sequence[Any]] = ()


def shape(source: Source, name: str) -> str | None:
    """What kind of table a file looks to be, None if it is none."""
    if source.is_columnar(name):
        return "a Parquet or Arrow table"
    if json_text.looks_like_json(source, name):
        first = next(iter(json_text.peek(source, name)), None)
        if isinstance(first, dict) and (json_text.is_lines(source, name) or not _is_single(source, name)):
            return f"JSON objects with the keys {', '.join(list(first)[:6])}"
        return "JSON lists of texts, one a line" if _is_texts(first) and json_text.is_lines(source, name) else None
    found = delimited.sniff(source.head(name))
    return f"{found[0].name} text with {len(found[1][0])} columns" if found else None


def first_record(source: Source, name: str) -> dict[str, Any] | None:
    """First row of a JSON or columnar file, None if there is none."""
    if source.is_columnar(name):
        return columnar.first_row(source, name)
    return json_text.first_object(source, name)


def examples_of(
    source: Source, reading: Reading, read: Callable[[dict[str, Any], Place], TextExample]
) -> Iterator[TextExample]:
    """Examples of the rows of a JSON or columnar file, or of all files of a folder.

    Args:
        source: What to read.
        reading: Where rows are reported that cannot be read; they are left out.
        read: Reads one row; raises BadRowError where that cannot be done.
    """
    for place, row in rows_of(source, reading):
        try:
            example = read(row, place)
        except BadRowError as error:
            reading.report("bad row", f"The row {error}; it was left out.", place)
            continue
        yield example


def rows_of(source: Source, reading: Reading) -> Iterator[tuple[Place, dict[str, Any]]]:
    """Rows of a JSON or columnar file, or of all files of a folder, with their places."""
    for name in source.tables:
        rows = (
            columnar.rows_of(source, name)
            if source.is_columnar(name)
            else json_text.objects(source, name, reading)
        )  # fmt: skip
        for line, row in rows:
            yield Place(name, line), row


def first_of(source: Source) -> dict[str, Any]:
    """First row of a JSON or columnar file, or of the first file of a folder; without keys where there is none."""
    return (first_record(source, source.tables[0]) if source.tables else None) or {}


def _is_single(source: Source, name: str) -> bool:
    """Whether the file is one object over several lines, as SQuAD files are, and not a list of rows."""
    return not source.head(name)[:4096].lstrip().startswith("[") and len(json_text.peek(source, name, 2)) < 2


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and len(value) >= 2 and all(isinstance(part, str) for part in value)


def open_table(source: Source, name: str, reading: Reading) -> Table:
    """Open a file as a table.

    Raises:
        DataError: If it holds a header and nothing else, or nothing at all.
    """
    if source.is_columnar(name):
        return Table(name, columnar.columns_of(source, name), columnar.rows_of(source, name))
    if json_text.looks_like_json(source, name):
        return _json_table(source, name, reading)
    found = delimited.sniff(source.head(name))
    if found is None:
        raise DataError(f"{name} is not a table: its lines do not fall into the same number of columns.")
    dialect, sample = found
    return _delimited_table(source, name, dialect, sample, reading)


def _json_table(source: Source, name: str, reading: Reading) -> Table:
    first = next(iter(json_text.peek(source, name)), None)
    if isinstance(first, list):
        width = len(first)
        records = _cells(json_text.values(source, name, reading), _numbers(width), name, reading)
        sample = [value for value in json_text.peek(source, name, delimited.SAMPLE) if isinstance(value, list)]
        return Table(name, _numbers(width), records, header=False, sample=sample)
    # The keys of the beginning; a row further on may bring others.
    known = (row for row in json_text.peek(source, name, HEAD_ROWS) if isinstance(row, dict))
    columns = list(dict.fromkeys(key for row in known for key in row))
    return Table(name, columns, json_text.objects(source, name, reading))


def _delimited_table(
    source: Source, name: str, dialect: delimited.Dialect, sample: list[list[str]], reading: Reading
) -> Table:
    found = delimited.records(source, name, dialect, reading)
    if not _has_header(sample, source):
        width = len(sample[0])
        records = _cells(found, _numbers(width), name, reading, BARE_NOTHING)
        return Table(name, _numbers(width), records, header=False, sample=sample)
    columns = [cell.strip() for cell in next(found)[1]]
    first = next(found, None)
    if first is None:
        raise DataError(f"{name} has a header ({', '.join(columns)}) and no rows; give the file that has some.")
    return Table(name, columns, _cells(chain([first], found), columns, name, reading, NOTHING))


def _cells(
    found: Iterator[tuple[int, Any]], columns: list[str], name: str, reading: Reading, nothing: Collection[str] = ("",)
) -> Iterator[Record]:
    """Name the cells of each row, None where there is nothing; rows of another length are reported and left out."""
    width = len(columns)
    for line, row in found:
        if isinstance(row, list) and len(row) == width:
            yield line, {column: None if cell in nothing else cell for column, cell in zip(columns, row, strict=True)}
        else:
            count = len(row) if isinstance(row, list) else 1
            message = f"The row has {count} cells where {width} are wanted; it was left out."
            reading.report("bad row", message, Place(name, line))


def _numbers(width: int) -> list[str]:
    return [str(number) for number in range(1, width + 1)]


def _has_header(sample: list[list[str]], source: Source) -> bool:
    """Whether the first row names the columns: by a usual name, by the person's, or by its looks."""
    if has_known(sample[0], source.columns):
        return True
    numbers = [part for wanted in source.columns.values() for part in wanted.split(",")]
    if numbers and all(part.strip().isdecimal() for part in numbers):
        return False
    return bool(source.columns) or _looks_like_names(sample[0], sample[1:])


def _looks_like_names(first: list[str], body: list[list[str]]) -> bool:
    """Whether single words stand over longer texts: then the names are unknown ones, and not a first pair."""
    if not body or not all(re.fullmatch(r"[^\W\d][\w.#-]{0,29}", cell.strip()) for cell in first):
        return False
    columns = [[row[place] for row in body if place < len(row)] for place in range(len(first))]
    if any(sum(" " in cell.strip() for cell in column) * 2 > len(column) for column in columns):
        return True
    ratios = [
        median(map(len, column)) / len(cell.strip()) for column, cell in zip(columns, first, strict=True) if column
    ]
    return max(ratios) >= 3 and sum(ratio > 1 for ratio in ratios) * 2 > len(ratios)
