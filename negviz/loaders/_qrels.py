"""Judgments: BEIR and TREC (query id, document id, grade), the choice of split, and how they meet the texts."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from negviz.errors import DataError
from negviz.examples import Place, TextDocument, TextExample
from negviz.loaders import _json as json_text
from negviz.loaders._cells import BadRowError, as_id, as_text
from negviz.loaders._columns import key
from negviz.loaders._reading import Reading
from negviz.loaders._source import Source, bare

HELD_OUT = frozenset({"dev", "val", "valid", "validation", "test"})
QUERY_KEYS = ("queryid", "qid", "query", "topic")
DOCUMENT_KEYS = ("corpusid", "docid", "documentid", "docno", "pid", "passageid", "corpus", "doc")
GRADE_KEYS = ("score", "relevance", "rel", "grade", "label", "relevant")


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


def choose_split(source: Source, files: Sequence[str]) -> tuple[str, list[str], list[str]]:
    """Decide which file's judgments are the positives, which are held out to evaluate with, and which are not read.

    Args:
        source: What was asked for.
        files: Names of the files of judgments.

    Returns:
        The file of the positives, the held-out files, the files that are not read.

    Raises:
        DataError: If there is no file, or no such split, or none is the natural one.
    """
    names = {split_name(file): file for file in files}
    if not names:
        raise DataError(
            f"{source.path.name} has no judgments; a BEIR folder holds them as qrels/train.tsv or qrels/test.tsv."
        )
    if source.split is not None and source.split not in names:
        raise DataError(f"There are no judgments for the split '{source.split}'; there are {', '.join(sorted(names))}.")
    natural = next((name for name in ("train", "test") if name in names), None)
    name = source.split or (next(iter(names)) if len(names) == 1 else natural)
    if name is None:
        raise DataError(f"There are judgments for {', '.join(sorted(names))}; choose one, as in --split {min(names)}.")
    held_out = [names[other] for other in names if other in HELD_OUT and name == "train"]
    rest = [file for file in files if file != names[name] and file not in held_out]
    return names[name], held_out, rest


def split_name(file: str) -> str:
    """Split that a file of judgments is named for: ``qrels/Dev.tsv`` and ``qrels.dev.small.tsv`` give ``dev``."""
    words = [word for word in re.split(r"[._-]", bare(file)) if word not in {"qrels", "small"}]
    known = [word for word in words if word == "train" or word in HELD_OUT]
    return known[0] if known and len(words) == 1 else bare(file)


def read(source: Source, name: str, reading: Reading) -> Iterator[Judgment]:
    """Lines of a file of judgments; three cells (or TREC's four, with an unused second), with or without a header.

    Raises:
        DataError: If the file holds a header and nothing else.
    """
    if json_text.looks_like_json(source, name):
        yield from _read_json(source, name, reading)
        return
    order, empty = None, True
    for line, text in source.lines(name):
        if not text or text.isspace():
            continue
        cells = text.split("\t") if "\t" in text else text.split()
        if order is None:
            order, is_header = _order(cells)
            if is_header:
                continue
            message = "The file of judgments has no header; its first line was read as a judgment."
            reading.report("no header", message, Place(name, line))
        empty = False
        found = _judgment(cells, order, line, name, reading)
        if found:
            yield found
    if empty:
        raise DataError(f"{name} has {'a header and no judgments' if order else 'nothing in it'}.")


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


def _read_json(source: Source, name: str, reading: Reading) -> Iterator[Judgment]:
    for line, row in json_text.objects(source, name, reading):
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


def examples(source: Source, reading: Reading, files: Sequence[str]) -> Iterator[TextExample]:
    """Judgments of the chosen split and the held-out ones, of queries and documents that are listed elsewhere.

    Args:
        source: What was asked for.
        reading: Where problems and facts are noted.
        files: Names of the files of judgments.

    Raises:
        DataError: If there is no file, no such split, or a file with a header and nothing else.
    """
    chosen, held_out, rest = choose_split(source, files)
    reading.facts |= {
        "split": split_name(chosen),
        "judgments": chosen,
        "held_out_files": held_out,
        "judgments_not_read": rest,
    }
    return _examples(source, reading, [chosen, *held_out])


def _examples(source: Source, reading: Reading, files: Sequence[str]) -> Iterator[TextExample]:
    for name in files:
        for judgment in read(source, name, reading):
            document = TextDocument(None, id=judgment.document, grade=judgment.grade, listed=True)
            yield TextExample(
                None, (document,) if judgment.grade > 0 else (), () if judgment.grade > 0 else (document,),
                judgment.query, listed=True, judged=True, held_out=name != files[0],
                place=Place(name, judgment.line),
            )  # fmt: skip
