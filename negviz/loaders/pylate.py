"""PyLate and sentence-transformers: a teacher's lists of document ids and scores, and the texts beside them."""

import ast
from collections.abc import Iterator
from typing import Any

from negviz.errors import DataError
from negviz.examples import Place, TextDocument, TextExample
from negviz.loaders import LOADERS, _texts
from negviz.loaders import _parts as parts_of
from negviz.loaders._cells import BadRowError, as_id, as_number, as_text
from negviz.loaders._parts import TEACHER
from negviz.loaders._reading import Reading
from negviz.loaders._source import Source

QUERY_IDS = ("query_id", "query-id", "qid")
LONGEST_LIST = 1 << 22


def recognise(source: Source) -> str | None:
    """Look for rows with a query's id and a list of documents' ids."""
    if TEACHER not in parts_of.parts(source):
        return None
    return "Its rows have query_id and document_ids, a teacher's list of ids, as PyLate's distillation reads them."


@LOADERS.register(
    "Distillation by id",
    reference="https://lightonai.github.io/pylate/",
    trainer="PyLate and sentence-transformers",
    title="train (query_id, document_ids, scores), queries and documents, as files or folders, JSONL or Parquet",
    recognise=recognise,
    by_id=True,
)
def pylate(source: Source) -> Reading:
    """Read a teacher's lists of ids with their scores, and the queries and documents that they name.

    The first document of a list is its positive, the others are negatives, each with its score. The files are known by
    their keys, whatever they are called; texts are under ``text``, or under ``query`` and ``document``. Lists that are
    written out as text are read as lists.

    Args:
        source: The folder.

    Raises:
        DataError: If queries or documents are missing, or there is no such split.
    """
    texts = _texts.require(source, _texts.find(source), "lists of documents")
    rows = parts_of.parts(source).get(TEACHER, [])
    if not rows:
        raise DataError(f"{source.name} has no rows with query_id and document_ids.")
    by_column = source.split is not None and _has_split(source, rows)
    names = rows if by_column else parts_of.of_split(source, rows, "lists")
    reading = Reading(facts={"positives": "the first document of each list"})
    _texts.read(source, texts, reading, [parts_of.split_of(name) for name in names])
    reading.examples = _examples(source, names, reading, source.split if by_column else None)
    return reading


def _has_split(source: Source, names: list[str]) -> bool:
    """Whether rows say their split themselves, and no file is named for the wanted one."""
    named = {parts_of.split_of(name) for name in names}
    return source.split not in named and "split" in (parts_of.first_row(source, names[0]) or {})


def _examples(source: Source, names: list[str], reading: Reading, split: str | None) -> Iterator[TextExample]:
    for name, line, row in parts_of.rows_of(source, names, reading):
        if split is not None and row.get("split") != split:
            continue
        place = Place(name, line)
        try:
            query = next((as_id(row[key]) for key in QUERY_IDS if key in row), None)
            documents = _documents(row)
        except BadRowError as error:
            reading.report("bad row", f"The row {error}; it was left out.", place)
            continue
        if query is None:
            reading.report("bad row", "The row has no query_id; it was left out.", place)
            continue
        yield TextExample(None, documents[:1], documents[1:], query, listed=True, place=place)


def _documents(row: dict[str, Any]) -> tuple[TextDocument, ...]:
    ids, scores = _list(row.get("document_ids")), _list(row.get("scores"))
    if not ids:
        raise BadRowError("has no list 'document_ids'")
    if scores is not None and len(scores) != len(ids):
        raise BadRowError(f"has {len(ids)} documents and {len(scores)} scores")
    known = [None] * len(ids) if scores is None else [as_number(score) for score in scores]
    found = []
    for value, score in zip(ids, known, strict=True):
        own = as_id(value)
        if own is None:
            raise BadRowError("has a document without an id")
        found.append(TextDocument(None, id=own, score=score, listed=True))
    return tuple(found)


def _list(value: Any) -> list[Any] | None:
    """A list, or one that is written out as text, as some sets on the Hub have it."""
    if isinstance(value, str) and value[:1] == "[" and len(value) < LONGEST_LIST:
        try:
            value = ast.literal_eval(value)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            raise BadRowError(f"has a list that cannot be read ({as_text(value[:20])}…)") from None
    if value is not None and not isinstance(value, list):
        raise BadRowError("has no list of documents or of scores")
    return value
