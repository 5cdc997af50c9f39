"""Texts: a corpus and a list of queries by id, as JSON, Parquet or Arrow rows or as MS MARCO's tab-separated lines."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from negviz.errors import DataError
from negviz.examples import Place, TextDocument, TextQuery
from negviz.loaders import _parts as parts_of
from negviz.loaders._cells import BadRowError, as_id, as_text, blank, group_of
from negviz.loaders._parts import DOCUMENTS, QUERIES
from negviz.loaders._reading import Reading
from negviz.loaders._source import Source, bare, ending

DOCUMENT_IDS = ("_id", "id", "docid", "doc_id", "document_id", "corpus-id", "corpus_id", "pid", "passage_id", "docno")
QUERY_IDS = ("_id", "id", "query_id", "query-id", "qid", "question_id")
DOCUMENT_TEXTS = ("text", "contents", "content", "body", "document", "passage", "document_text", "query")
QUERY_TEXTS = ("text", "query", "query_text", "question", "contents", "content", "body")
TABLES = {DOCUMENTS: ("collection", "corpus"), QUERIES: ("queries",)}
JSON = frozenset({".jsonl", ".json", ".ndjson"})


class Texts(NamedTuple):
    """Files of a corpus and of queries."""

    documents: Sequence[str]
    queries: Sequence[str]

    @property
    def whole(self) -> bool:
        """Whether both are there."""
        return bool(self.documents and self.queries)


def find(source: Source) -> Texts:
    """Files of the corpus and of the queries, in any form."""
    return Texts(of(source, DOCUMENTS), of(source, QUERIES))


def of(source: Source, role: str) -> list[str]:
    """Files of documents or of queries: rows, else lines of an id, a tab and a text."""
    return rows(source, role) or tables(source, *TABLES[role])


def rows(source: Source, role: str) -> list[str]:
    """Files whose rows are documents or queries: those called so at the top of the folder, else those that look so."""
    stem = "corpus" if role == DOCUMENTS else "queries"
    named = [
        name for name in source.files if "/" not in name and bare(name) == stem and ending(name) in JSON
    ]  # fmt: skip
    return named[:1] if source.is_folder and named else parts_of.parts(source).get(role, [])


def tables(source: Source, *stems: str) -> list[str]:
    """Tab-separated files at the top of the folder that have one of these names, a split behind it or not."""
    if not source.is_folder:
        return []
    names = [name for name in source.files if ending(name) in {".tsv", ".txt"} and "/" not in name]
    for stem in stems:
        found = [name for name in names if bare(name) == stem or bare(name).startswith(f"{stem}.")]
        if found:
            return found
    return []


def require(source: Source, texts: Texts, what: str) -> Texts:
    """Refuse rows that name documents and queries by id without the files that hold them.

    Args:
        source: What was asked for.
        texts: What was found.
        what: What the rows are.

    Raises:
        DataError: Says what is missing and what to do.
    """
    if texts.whole:
        return texts
    lacking = " and ".join(
        part for part, names in zip(("the corpus", "the queries"), texts, strict=True) if not names
    )  # fmt: skip
    raise DataError(
        f"{source.name} holds {what} that are named by id, but not {lacking}; give a folder in which they lie beside "
        "the texts, such as corpus.jsonl and queries.jsonl or collection.tsv and queries.tsv."
    )


def read(source: Source, texts: Texts, reading: Reading, splits: Sequence[str] = ()) -> None:
    """Let a reading begin with the corpus and the queries.

    Args:
        source: What was asked for.
        texts: Their files.
        reading: What gets them.
        splits: The splits that are read; texts of other splits are left alone where files say it.

    Raises:
        DataError: If they belong to several collections.
    """
    corpus = parts_of.beside(source, texts.documents, splits, "corpus")
    queries = parts_of.beside(source, texts.queries, splits, "list of queries")
    reading.documents = documents(source, corpus, reading)
    reading.queries = asked(source, queries, reading)


def documents(source: Source, names: Sequence[str], reading: Reading) -> Iterator[tuple[TextDocument, Place]]:
    """Documents of a corpus.

    Raises:
        DataError: If there are none.
    """
    empty = True
    for name in names:
        is_table = ending(name) in {".tsv", ".txt"}
        for found in (_lines if is_table else _documents)(source, name, reading):
            empty = False
            yield found
    if empty:
        raise DataError(f"{_listed(names)} has no documents: no row has an id and a text.")


def asked(source: Source, names: Sequence[str], reading: Reading) -> Iterator[TextQuery]:
    """Queries of one or several lists; a small list may repeat lines of the full one.

    Raises:
        DataError: If there are none.
    """
    empty = True
    for name in names:
        if ending(name) in {".tsv", ".txt"}:
            for place, (own, text) in pairs(source, name, reading):
                empty = False
                yield TextQuery(text, own, again=True, place=place)
        else:
            for query in _queries(source, name, reading):
                empty = empty and (query.text is None or blank(query.text))
                yield query._replace(again=len(names) > 1)
    if empty:
        raise DataError(f"{_listed(names)} has no queries: no row has an id and a text.")


def pairs(source: Source, name: str, reading: Reading) -> Iterator[tuple[Place, tuple[str, str]]]:
    """Ids and texts of tab-separated lines; what stands behind a second tab belongs to the text."""
    for line, text in source.lines(name):
        own, tab, value = text.partition("\t")
        if tab and own:
            yield Place(name, line), (own, value)
        elif text.strip():
            reading.report("bad row", "The row is not an id, a tab and a text; it was left out.", Place(name, line))


def _lines(source: Source, name: str, reading: Reading) -> Iterator[tuple[TextDocument, Place]]:
    for place, (own, text) in pairs(source, name, reading):
        yield TextDocument(text, "", own), place


def _documents(source: Source, name: str, reading: Reading) -> Iterator[tuple[TextDocument, Place]]:
    for _, line, row in parts_of.rows_of(source, [name], reading):
        place = Place(name, line)
        try:
            title = as_text(row.get("title")) or ""
            text = _value(row, DOCUMENT_TEXTS) if not title or any(key in row for key in DOCUMENT_TEXTS) else ""
            yield TextDocument(text or "", title, _id(row, DOCUMENT_IDS), group_of(row)), place
        except BadRowError as error:
            reading.report("bad row", f"The document {error}; it was left out.", place)


def _queries(source: Source, name: str, reading: Reading) -> Iterator[TextQuery]:
    for _, line, row in parts_of.rows_of(source, [name], reading):
        place = Place(name, line)
        try:
            own, text = _id(row, QUERY_IDS), _value(row, QUERY_TEXTS)
        except BadRowError as error:
            reading.report("bad row", f"The query {error}; it was left out.", place)
            continue
        yield TextQuery(text, own, reading.answers(_answers(row), place), place=place)


def _answers(row: dict[str, Any]) -> Any:
    """Texts that answer a query, at its top level or among its metadata."""
    metadata = row.get("metadata")
    for place in (row, metadata if isinstance(metadata, dict) else {}):
        for key in ("answers", "answer"):
            if place.get(key) is not None:
                return place[key]
    return None


def _id(row: dict[str, Any], keys: tuple[str, ...]) -> str:
    found = next((as_id(row[key]) for key in keys if key in row), None)
    if found is None:
        raise BadRowError("has no _id")
    return found


def _value(row: dict[str, Any], keys: tuple[str, ...]) -> str | None:
    for key in keys:
        if key in row:
            return as_text(row[key])
    raise BadRowError("has no text")


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
