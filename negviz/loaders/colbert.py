"""ColBERT: triples of ids as JSON lists, beside a collection and queries."""

from collections.abc import Iterator
from typing import Any

from negviz.errors import DataError
from negviz.examples import Place, TextDocument, TextExample
from negviz.loaders import LOADERS, _texts
from negviz.loaders import _json as json_text
from negviz.loaders._cells import BadRowError, as_id, as_number
from negviz.loaders._reading import Reading
from negviz.loaders._source import Source, ending

LOOKED_AT = 20
WIDEST_ID = 100


def recognise(source: Source) -> str | None:
    """Look for lists of ids."""
    if not _triples(source):
        return None
    return "Its lines are JSON lists of a query's id and documents' ids, as ColBERT's triples are."


@LOADERS.register(
    "ColBERT triples",
    reference="https://github.com/stanford-futuredata/ColBERT",
    trainer="ColBERT",
    title="Folder with triples.jsonl (lists of a query's and documents' ids), collection.tsv and queries.tsv",
    recognise=recognise,
    by_id=True,
)
def colbert(source: Source) -> Reading:
    """Read lists of a query's id, its positive's and its negatives', and the texts that they name.

    A document may stand as a pair of its id and a teacher's score. Texts are MS MARCO's tab-separated lines (a title
    may stand behind the text), or JSON lines as BEIR's.

    Args:
        source: The folder.

    Raises:
        DataError: If the texts are missing.
    """
    triples = _triples(source)
    if not triples:
        raise DataError(f"{source.name} has no lines of JSON lists of ids, such as [3, 17, 4].")
    texts = _texts.require(source, _texts.find(source), "triples")
    reading = Reading()
    _texts.read(source, texts, reading)
    reading.documents = _titled(reading.documents) if ending(texts.documents[0]) == ".tsv" else reading.documents
    reading.examples = _examples(source, triples, reading)
    return reading


def _triples(source: Source) -> list[str]:
    """Files of lists of ids; a list of words alone may be of texts, so numbers are wanted where no texts lie beside."""
    names = [name for name in source.files if not source.is_folder or ending(name) in {".jsonl", ".json", ".ndjson"}]
    strict = not (source.is_folder and _texts.find(source).whole)
    return [name for name in names if _fits(source, name, strict)]


def _fits(source: Source, name: str, strict: bool) -> bool:
    try:
        if not json_text.looks_like_json(source, name) or not json_text.is_lines(source, name):
            return False
        rows = json_text.peek(source, name, LOOKED_AT)
    except DataError:
        return False
    # A bad row among them is named when it is read.
    fitting = [_is_triple(row, strict) for row in rows]
    return bool(rows) and fitting[0] and sum(fitting) * 2 >= len(rows)


def _is_triple(row: Any, strict: bool) -> bool:
    if not isinstance(row, list) or len(row) < 2 or isinstance(row[0], list | dict):
        return False
    documents = [each[0] if isinstance(each, list) and len(each) == 2 else each for each in row[1:]]
    paired = any(isinstance(each, list) for each in row[1:])
    # A row without negatives is one too, but two numbers alone may be anything.
    return (paired or len(row) > 2 or not strict) and all(
        _is_id(each, strict and not paired) for each in (row[0], *documents)
    )


def _is_id(value: Any, strict: bool) -> bool:
    if isinstance(value, str):
        return not strict and len(value) < WIDEST_ID and len(value.split()) == 1
    return isinstance(value, int) and not isinstance(value, bool)


def _titled(documents: Any) -> Iterator[tuple[TextDocument, Place]]:
    """Documents whose text has a title behind it."""
    for document, place in documents:
        text, _, title = (document.text or "").partition("\t")
        yield document._replace(text=text, title=title.split("\t")[0].strip()), place


def _examples(source: Source, names: list[str], reading: Reading) -> Iterator[TextExample]:
    for name in names:
        for line, row in json_text.values(source, name, reading):
            place = Place(name, line)
            try:
                query, documents = _read(row)
            except BadRowError as error:
                reading.report("bad row", f"The row {error}; it was left out.", place)
                continue
            yield TextExample(None, documents[:1], documents[1:], query, listed=True, place=place)


def _read(row: Any) -> tuple[str, tuple[TextDocument, ...]]:
    if not isinstance(row, list) or len(row) < 2:
        raise BadRowError("is no list of a query's and documents' ids")
    query = as_id(row[0])
    if query is None:
        raise BadRowError("has no id of a query")
    return query, tuple(map(_document, row[1:]))


def _document(value: Any) -> TextDocument:
    own, score = (value[0], as_number(value[1])) if isinstance(value, list) and len(value) == 2 else (value, None)
    name = as_id(own)
    if name is None:
        raise BadRowError("has a document without an id")
    return TextDocument(None, id=name, score=score, listed=True)
