"""Delimited text: the delimiter and the quoting are known by content, so that a TSV named .csv reads as what it is."""

import csv
import re
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from negviz.examples import Place
from negviz.loaders._reading import Reading
from negviz.loaders._source import BYTE_ORDER_MARK, Source

DELIMITERS = "\t,;|"
SAMPLE = 200
LINES = 4 * SAMPLE
CELL_LIMIT = 1 << 30
_WELL_QUOTED = re.compile(r'"(?:[^"]|"")*"')


@dataclass(frozen=True)
class Dialect:
    """How a delimited file is cut: its delimiter, and whether quotation marks are signs or letters."""

    delimiter: str
    quoted: bool

    @property
    def name(self) -> str:
        """What people call such a file."""
        return {"\t": "tab-separated", ",": "comma-separated"}.get(self.delimiter, f"'{self.delimiter}'-separated")

    def reader(self, lines: Iterator[str], strict: bool = False) -> Iterator[list[str]]:
        """Cut lines (with their ends) into rows of cells."""
        csv.field_size_limit(CELL_LIMIT)
        if not self.quoted:
            return (line.rstrip("\r\n").split(self.delimiter) for line in lines)
        return csv.reader(lines, delimiter=self.delimiter, strict=strict)


def sniff(text: str) -> tuple[Dialect, list[list[str]]] | None:
    """Find the dialect of a file's beginning and cut that beginning into rows; None if it is no table.

    The delimiter that cuts most rows into the same number (two or more) of cells wins; ties go to the tab, then to the
    comma, which prose holds most.
    """
    lines = text.split("\n", LINES)[:LINES]
    best: tuple[float, Dialect, list[list[str]]] | None = None
    for delimiter in DELIMITERS:
        dialect, rows = _cut(lines, delimiter)
        width, share = _regularity(rows)
        if width >= 2 and share >= 0.5 and (best is None or share > best[0] + 0.02):
            best = share, dialect, rows
    return best and (best[1], best[2])


def _cut(lines: list[str], delimiter: str) -> tuple[Dialect, list[list[str]]]:
    """Cut the first lines; decides whether quotation marks enclose cells (with commas they always do).

    MS MARCO's files have cells that start with a quotation mark which is a letter like any other, and pandas quotes
    the cells of tab-separated files that need it: the reading that is more regular is taken, and if both are, marks
    that are doubled inside or that open every line tell.
    """
    quoted, literal = Dialect(delimiter, quoted=True), Dialect(delimiter, quoted=False)
    plain = [row for row in islice(literal.reader(f"{line}\n" for line in lines), SAMPLE) if any(row)]
    try:
        strict = _sample(quoted, lines)
    except csv.Error:
        strict = []
    if delimiter != "\t":
        return quoted, strict or plain
    shares = _regularity(strict)[1], _regularity(plain)[1]
    if strict and (shares[0] > shares[1] or (shares[0] == shares[1] and _is_quoted(lines))):
        return quoted, strict
    return literal, plain


def _sample(dialect: Dialect, lines: list[str]) -> list[list[str]]:
    """Rows of the first lines; the last one may be cut off, and that is no error.

    Raises:
        csv.Error: If a quotation mark stands where none may.
    """
    rows: list[list[str]] = []
    reader = dialect.reader((f"{line}\n" for line in lines), strict=True)
    while len(rows) < SAMPLE:
        try:
            row = next(reader)
        except StopIteration:
            break
        except csv.Error as error:
            if len(lines) == LINES and "unexpected end" in str(error):
                break
            raise
        if any(row):
            rows.append(row)
    return rows


def _regularity(rows: list[list[str]]) -> tuple[int, float]:
    """The commonest number of cells, and the share of rows that have it."""
    if not rows:
        return 0, 0.0
    width, count = Counter(map(len, rows)).most_common(1)[0]
    return width, count / len(rows)


def _is_quoted(lines: list[str]) -> bool:
    """Whether the cells of regular tab-separated lines are quoted as a writer quotes."""
    cells = [cell for line in lines for cell in line.rstrip("\r").split("\t") if cell.startswith('"')]
    if any('""' in cell[1:-1] for cell in cells if _WELL_QUOTED.fullmatch(cell)):
        return True
    return bool(cells) and all(line[:1] in {'"', ""} for line in lines)


class _Lines:
    """Lines that can be handed back; unlike a generator it goes on after its end when something was handed back."""

    def __init__(self, numbered: Iterator[tuple[int, str]]) -> None:
        self.numbered = numbered
        self.waiting: deque[tuple[int, str]] = deque()
        self.taken: list[tuple[int, str]] = []

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self.waiting.popleft() if self.waiting else next(self.numbered)
        self.taken.append(line)
        return line[1]

    def hand_back_all_but_first(self) -> None:
        self.waiting.extendleft(reversed(self.taken[1:]))


def records(source: Source, name: str, dialect: Dialect, reading: Reading) -> Iterator[tuple[int, list[str]]]:
    """Rows of cells with the line each starts in; blank lines are passed over.

    A quotation mark that is never closed would swallow the lines behind it: such a line is read as it stands, and the
    reading goes on with the next one.
    """
    lines = _Lines(source.lines(name, keep_ends=True))
    reader = dialect.reader(lines, strict=True)
    while True:
        lines.taken.clear()
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error:
            row = _as_it_stands(lines, dialect, name, reading)
        number = lines.taken[0][0]
        if number == 1:
            row = [cell.lstrip(BYTE_ORDER_MARK) for cell in _noticed(row, source, name)]
        if any(row):
            yield number, row


def _as_it_stands(lines: _Lines, dialect: Dialect, name: str, reading: Reading) -> list[str]:
    number, first = lines.taken[0]
    if len(lines.taken) == 1 and first.count('"') % 2 == 0:
        try:
            return next(csv.reader([first.rstrip("\r\n")], delimiter=dialect.delimiter), [])
        except csv.Error:
            return first.rstrip("\r\n").split(dialect.delimiter)
    lines.hand_back_all_but_first()
    reading.report(
        "stray quote", "A quotation mark is not closed; the line was read as it stands.", Place(name, number)
    )
    return first.rstrip("\r\n").split(dialect.delimiter)


def _noticed(row: list[str], source: Source, name: str) -> list[str]:
    """Report byte order marks inside the first row, where gluing files together leaves them."""
    if any(cell.startswith(BYTE_ORDER_MARK) for cell in row):
        reading = Reading(problems=source.notices)
        message = "A byte order mark stands before a cell of the first line; it was taken off."
        reading.report("byte order mark", message, Place(name, 1))
    return row
