"""Judgments: BEIR and TREC (query id, document id, grade), the choice of split, and how they meet the texts."""

import re
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from typing import NamedTuple

from negviz.errors import DataError
from negviz.examples import Place, TextDocument, TextExample
from negviz.loaders import _json as json_text
from negviz.loaders._cells import BadRowError, as_id, as_text
from negviz.loaders._columns import key
from negviz.loaders._parts import JUDGMENTS, parts, rows_of
from negviz.loaders._reading import Reading
from negviz.loaders._source import Source, bare, ending, is_table

HELD_OUT = frozenset({"dev", "val", "valid", "validation", "test"})
QUERY_KEYS = ("queryid", "qid", "query", "topic")
DOCUMENT_KEYS = ("corpusid", "docid", "documentid", "docno", "pid", "passageid", "corpus", "doc")
GRADE_KEYS = ("score", "relevance", "rel", "grade", "label", "relevant")
TREC_CELLS = 4
_SHARD = re.compile(r"[-_.]?\d{1,6}-of-\d{1,6}(?:-[0-9a-f]{8,})?$")


class Judgment(NamedTuple):
    """A line of a file of judgments."""

    line: int
    query: str
    document: str
    grade: int


class Order(NamedTuple):
    """Which cell is which; no grade means that every line is a positive."""

    query: int
    document: int
    grade: int | None
    width: int


def judgment_files(source: Source) -> list[str]:
    """Files of judgments: all in ``qrels/`` and those of such rows, else those that are called ``qrels``."""
    tables = [name for name in source.files if ending(name) in {".tsv", ".txt", ".csv"} or is_table(name)]
    found = [name for name in tables if name.startswith("qrels/")] + parts(source).get(JUDGMENTS, [])
    named = [name for name in tables if "/" not in name and bare(name).startswith("qrels")]
    return sorted(set(found)) or named


class Choice(NamedTuple):
    """Which files of judgments are read, and for what.

    Attributes:
        split: Split whose judgments are the positives.
        positives: Its files; none where mined rows bring the positives.
        held_out: Files of judgments to evaluate with.
        rest: Files that are not read.
    """

    split: str
    positives: list[str]
    held_out: list[str]
    rest: list[str]


def choose_split(source: Source, files: Sequence[str], *, mined: bool = False) -> Choice:
    """Decide which files' judgments are the positives, which are held out to evaluate with, and which are not read.

    Args:
        source: What was asked for.
        files: Names of the files of judgments.
        mined: Whether rows of training data bring positives, so that ``train`` needs no judgments.

    Raises:
        DataError: If there is no file, or no such split, or none is the natural one.
    """
    names: dict[str, list[str]] = {}
    for file in files:
        names.setdefault(split_name(file), []).append(file)
    if mined and source.split in {None, "train"} and names.keys() <= HELD_OUT:
        return Choice("train", [], list(files), [])
    if not names:
        raise DataError(
            f"{source.name} has no judgments; a BEIR folder holds them as qrels/train.tsv or qrels/test.tsv."
        )
    if source.split is not None and source.split not in names:
        raise DataError(f"There are no judgments for the split '{source.split}'; there are {', '.join(sorted(names))}.")
    natural = next((name for name in ("train", "test") if name in names), None)
    name = source.split or (next(iter(names)) if len(names) == 1 else natural)
    if name is None:
        raise DataError(f"There are judgments for {', '.join(sorted(names))}; choose one, as in --split {min(names)}.")
    held_out = [file for other in names if other in HELD_OUT and name == "train" for file in names[other]]
    rest = [file for file in files if file not in names[name] and file not in held_out]
    return Choice(name, names[name], held_out, rest)


def split_name(file: str) -> str:
    """Split that a file of judgments is named for: ``qrels/Dev.tsv`` and ``qrels.dev.small.tsv`` give ``dev``."""
    stem = _SHARD.sub("", bare(file))
    words = [word for word in re.split(r"[._-]", stem) if word not in {"qrels", "qrel", "small"}]
    known = [word for word in words if word == "train" or word in HELD_OUT]
    if known and len(words) == 1:
        return known[0]
    folder = PurePosixPath(file).parent.name.lower()
    # A saved dataset has its splits as folders of files called data.
    return folder if stem in {"data", ""} and folder and folder != "qrels" else stem or bare(file)


def read(source: Source, name: str, reading: Reading, *, held_out: bool = False) -> Iterator[Judgment]:
    """Lines or rows of a file of judgments; three cells, or TREC's four (the second is unused), with a header or not.

    Args:
        source: What was asked for.
        name: Which file.
        reading: Where problems are noted.
        held_out: Whether they are there to evaluate with: then the rest can be read where the file has none.

    Raises:
        DataError: If the file holds a header and nothing else, and the positives were wanted of it.
    """
    is_rows = source.is_columnar(name) or json_text.looks_like_json(source, name)
    if is_rows:
        yield from _read_rows(source, name, reading)
    else:
        yield from _read_lines(source, name, reading, held_out)


def _read_lines(source: Source, name: str, reading: Reading, held_out: bool) -> Iterator[Judgment]:
    order, empty = None, True
    for line, text in source.lines(name):
        if not text or text.isspace():
            continue
        cells = text.split("\t") if "\t" in text else text.split()
        if order is None:
            order, is_header = _order(cells)
            if is_header:
                continue
            _report_no_header(cells, Place(name, line), reading)
        empty = False
        found = _judgment(cells, order, line, name, reading)
        if found:
            yield found
    if empty:
        what = "a header and no judgments" if order else "nothing in it"
        if not held_out:
            raise DataError(f"{name} has {what}; give the judgments, or choose another split with --split.")
        reading.report("no judgments", f"The file of held-out judgments has {what}; none are held out.", Place(name, 1))


def _report_no_header(cells: list[str], place: Place, reading: Reading) -> None:
    """Say that BEIR's header is missing; TREC's files never have one."""
    if len(cells) != TREC_CELLS:
        message = "The file of judgments has no header; its first line was read as a judgment."
        reading.report("no header", message, place)


def _order(first: list[str]) -> tuple[Order, bool]:
    """Which cell is which by the first line, and whether that line is a header (it has no number for a grade)."""
    width = len(first)
    usual = Order(0, 2, 3, 4) if width == 4 else Order(0, 1, 2, max(width, 3))
    keys = [key(cell) for cell in first]
    places = [
        next((keys.index(name) for name in names if name in keys), None)
        for names in (QUERY_KEYS, DOCUMENT_KEYS, GRADE_KEYS)
    ]
    if places[0] is not None and places[1] is not None:
        return Order(places[0], places[1], places[2], width), True
    return usual, width >= 3 and _grade(first[-1]) is None


def _judgment(cells: list[str], order: Order, line: int, name: str, reading: Reading) -> Judgment | None:
    place = Place(name, line)
    if len(cells) != order.width:
        message = f"The judgment has {len(cells)} cells where {order.width} are wanted; it was left out."
        reading.report("bad row", message, place)
        return None
    grade = 1 if order.grade is None else _grade(cells[order.grade])
    if grade is None:
        message = f"The grade '{cells[order.grade or 0]}' is not a whole number; the judgment was left out."
        reading.report("bad row", message, place)
        return None
    return Judgment(line, cells[order.query], cells[order.document], grade)


def _grade(text: str) -> int | None:
    """A grade as an integer (``1.0`` is 1), None if it is none."""
    try:
        number = float(text)
    except ValueError:
        return None
    return int(number) if number.is_integer() and abs(number) < 1 << 31 else None


def _read_rows(source: Source, name: str, reading: Reading) -> Iterator[Judgment]:
    for _, line, row in rows_of(source, [name], reading):
        by_key = {key(name): value for name, value in row.items()}
        found = [
            next((by_key[name] for name in names if name in by_key), None)
            for names in (QUERY_KEYS, DOCUMENT_KEYS, GRADE_KEYS)
        ]
        try:
            query, document, grade = as_id(found[0]), as_id(found[1]), _grade(as_text(found[2]) or "")
        except BadRowError:
            query = document = grade = None
        if query is None or document is None or grade is None:
            reading.report("bad row", "The judgment lacks an id or a grade; it was left out.", Place(name, line))
        else:
            yield Judgment(line, query, document, grade)


class Judged:
    """Which pairs are judged positive, and which queries have such a pair, in a few bytes each."""

    def __init__(self) -> None:
        """Begin with none."""
        self._known: set[int] = set()

    def add(self, judgment: Judgment) -> None:
        """Take a positive in."""
        self._known |= {hash((judgment.query, judgment.document)), hash((judgment.query,))}

    def has(self, query: str, document: str) -> bool:
        """Whether a pair is judged positive."""
        return hash((query, document)) in self._known

    def asks(self, query: str) -> bool:
        """Whether a query has a pair that is judged positive."""
        return hash((query,)) in self._known


def examples(
    source: Source, reading: Reading, files: Sequence[str], *, mined: bool = False, judged: Judged | None = None
) -> tuple[Choice, Iterator[TextExample]]:
    """Judgments of the chosen split and the held-out ones, of queries and documents that are listed elsewhere.

    Args:
        source: What was asked for.
        reading: Where problems and facts are noted.
        files: Names of the files of judgments.
        mined: Whether rows of training data bring positives too.
        judged: Where the positives are noted on the way.

    Returns:
        What was chosen, and the judgments.

    Raises:
        DataError: If there is no file, no such split, or a file with a header and nothing else.
    """
    choice = choose_split(source, files, mined=mined)
    reading.facts |= {
        "split": choice.split,
        "judgments": ", ".join(choice.positives),
        "held_out_files": choice.held_out,
        "judgments_not_read": choice.rest,
    }
    return choice, _examples(source, reading, choice, judged)


def _examples(source: Source, reading: Reading, choice: Choice, judged: Judged | None) -> Iterator[TextExample]:
    for name in (*choice.positives, *choice.held_out):
        held_out = name not in choice.positives
        for judgment in read(source, name, reading, held_out=held_out):
            if judged and judgment.grade > 0 and not held_out:
                judged.add(judgment)
            document = TextDocument(None, id=judgment.document, grade=judgment.grade, listed=True)
            yield TextExample(
                None, (document,) if judgment.grade > 0 else (), () if judgment.grade > 0 else (document,),
                judgment.query, listed=True, judged=True, held_out=held_out,
                place=Place(name, judgment.line),
            )  # fmt: skip
