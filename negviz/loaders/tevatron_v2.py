"""Tevatron 2: rows that name documents by id, and a corpus beside them."""

from collections.abc import Iterator
from typing import Any

from negviz.examples import Place, TextDocument, TextExample
from negviz.loaders import LOADERS, _texts
from negviz.loaders import _parts as parts_of
from negviz.loaders._cells import BadRowError, as_id, as_text
from negviz.loaders._parts import DOCUMENTS, ID_ROWS
from negviz.loaders._reading import Reading
from negviz.loaders._source import Source

NO_TEXT = (
    "The corpus has its texts as 'document_text', as Tevatron's README shows; they were read, but Tevatron's code "
    "reads 'text' and would train on empty passages: rename the key before training with it."
)


def recognise(source: Source) -> str | None:
    """Look for rows with ids of positives."""
    if ID_ROWS not in parts_of.parts(source):
        return None
    return "Its rows have positive_document_ids, ids of documents in a corpus beside them, as Tevatron 2 reads them."


@LOADERS.register(
    "Tevatron 2",
    reference="https://github.com/texttron/tevatron",
    trainer="Tevatron 2",
    title="Folder with a train file (positive_document_ids, negative_document_ids) and a corpus, JSONL or Parquet",
    recognise=recognise,
    by_id=True,
)
def tevatron_v2(source: Source) -> Reading:
    """Read queries with ids of their positives and negatives, and the corpus (``docid``, ``text``) that holds them.

    The files are known by their keys, whatever they are called. Images, videos and sounds are not read.

    Args:
        source: The folder.

    Raises:
        DataError: If there is no corpus, or no such split.
    """
    parts = parts_of.parts(source)
    corpus, rows = _texts.of(source, DOCUMENTS), parts.get(ID_ROWS, [])
    # The queries are in the rows themselves.
    _texts.require(source, _texts.Texts(corpus, ["in the rows"]), "positives and negatives")
    reading = Reading()
    reading.documents = _documents(source, parts_of.beside(source, corpus, [], "corpus"), reading)
    reading.examples = _examples(source, parts_of.of_split(source, rows, "rows") if rows else [], reading)
    return reading


def _documents(source: Source, names: list[str], reading: Reading) -> Iterator[tuple[TextDocument, Place]]:
    for name in names:
        first = parts_of.first_row(source, name) or {}
        if "document_text" in first and "text" not in first:
            reading.report("no text key", NO_TEXT, Place(name, 1))
    yield from _texts.documents(source, names, reading)


def _examples(source: Source, names: list[str], reading: Reading) -> Iterator[TextExample]:
    for name, line, row in parts_of.rows_of(source, names, reading):
        place = Place(name, line)
        try:
            text, own = as_text(row.get("query_text", row.get("query"))), as_id(row.get("query_id"))
            positives = _named(row, "positive_document_ids")
            negatives = _named(row, "negative_document_ids")
            subset = as_text(row.get("source")) or ""
        except BadRowError as error:
            reading.report("bad row", f"The row {error}; it was left out.", place)
            continue
        answers = reading.answers(row.get("answer", row.get("answers")), place)
        yield TextExample(text, positives, negatives, own, answers, subset=subset, place=place)


def _named(row: dict[str, Any], key: str) -> tuple[TextDocument, ...]:
    values = row.get(key)
    if values is None and key == "negative_document_ids":
        return ()
    if not isinstance(values, list):
        raise BadRowError(f"has no list '{key}'")
    found = [as_id(value) for value in values]
    if None in found:
        raise BadRowError(f"has a document without an id in '{key}'")
    return tuple(TextDocument(None, id=own, listed=True) for own in found)
