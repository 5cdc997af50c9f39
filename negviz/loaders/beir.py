"""BEIR: a folder of corpus.jsonl, queries.jsonl and judgments in qrels/."""

from collections.abc import Iterator
from typing import Any

from negviz.errors import DataError
from negviz.examples import Place, TextDocument, TextQuery
from negviz.loaders import LOADERS, _qrels
from negviz.loaders import _json as json_text
from negviz.loaders._cells import BadRowError, as_id, as_text, blank, group_of
from negviz.loaders._reading import Reading
from negviz.loaders._source import Source, bare, ending

IDS = ("_id", "id", "docid", "doc_id", "query_id", "qid")
TEXTS = ("text", "contents", "content", "body", "query")


def recognise(source: Source) -> str | None:
    """Look for a corpus and queries in JSON."""
    if not source.is_folder or not (_named(source, "corpus") or _named(source, "queries")):
        return None
    return "The folder holds a corpus or queries as JSON lines, as BEIR's do."


@LOADERS.register(
    "BEIR folder",
    reference="https://github.com/beir-cellar/beir",
    trainer="BEIR, MTEB and everything that evaluates on them",
    title="Folder with corpus.jsonl, queries.jsonl and qrels/*.tsv",
    recognise=recognise,
)
def beir(source: Source) -> Reading:
    """Read a corpus, queries and the judgments of one split.

    The split is the one asked for; else ``train``, else the only one, else ``test``. When the positives come from
    ``train``, the files named dev, val, valid, validation and test are held-out judgments. Other files are not read.
    A grade of 0 or less is kept as a negative that somebody judged. A query's ``answers``, at its top level or in its
    ``metadata``, are read where it has some.

    Args:
        source: The folder.

    Raises:
        DataError: If one of the three parts is missing or empty, or the split is not there.
    """
    reading = Reading()
    corpus, queries = _part(source, "corpus"), _part(source, "queries")
    reading.documents = _corpus(source, corpus, reading)
    reading.queries = _queries(source, queries, reading)
    reading.examples = _qrels.examples(source, reading, judgment_files(source))
    return reading


def judgment_files(source: Source) -> list[str]:
    """Files of judgments: all in ``qrels/``, or beside the corpus those that are called ``qrels``."""
    tables = [name for name in source.files if ending(name) in {".tsv", ".txt", ".csv", ".jsonl"}]
    inside = [name for name in tables if name.startswith("qrels/")]
    return inside or [name for name in tables if "/" not in name and bare(name).startswith("qrels")]


def _named(source: Source, stem: str) -> str | None:
    """The JSON file of that name at the top of the folder."""
    fitting = (name for name in source.files if "/" not in name and bare(name) == stem)
    return next((name for name in fitting if ending(name) in {".jsonl", ".json", ".ndjson"}), None)


def _part(source: Source, stem: str) -> str:
    name = _named(source, stem)
    if name is None:
        raise DataError(f"{source.path.name} is no BEIR folder: it has no {stem}.jsonl.")
    return name


def _corpus(source: Source, name: str, reading: Reading) -> Iterator[tuple[TextDocument, Place]]:
    empty = True
    for line, row in json_text.objects(source, name, reading):
        place = Place(name, line)
        try:
            title = as_text(row.get("title")) or ""
            text = _value(row, TEXTS) if not title or any(key in row for key in TEXTS) else ""
            document = TextDocument(text or "", title, _id(row), group_of(row))
        except BadRowError as error:
            reading.report("bad row", f"The document {error}; it was left out.", place)
            continue
        empty = False
        yield document, place
    if empty:
        raise DataError(f"{name} has no documents: no line is a JSON object with an _id and a text.")


def _queries(source: Source, name: str, reading: Reading) -> Iterator[TextQuery]:
    empty = True
    for line, row in json_text.objects(source, name, reading):
        place = Place(name, line)
        try:
            own, text = _id(row), _value(row, TEXTS)
        except BadRowError as error:
            reading.report("bad row", f"The query {error}; it was left out.", place)
            continue
        empty = empty and (text is None or blank(text))
        yield TextQuery(text, own, reading.answers(_answers(row), place), place=place)
    if empty:
        raise DataError(f"{name} has no queries: no line is a JSON object with an _id and a text.")


def _answers(row: dict[str, Any]) -> Any:
    """Texts that answer a query, at its top level or among its metadata."""
    metadata = row.get("metadata")
    for place in (row, metadata if isinstance(metadata, dict) else {}):
        for key in ("answers", "answer"):
            if place.get(key) is not None:
                return place[key]
    return None


def _id(row: dict[str, Any]) -> str:
    found = next((as_id(row[key]) for key in IDS if key in row), None)
    if found is None:
        raise BadRowError("has no _id")
    return found


def _value(row: dict[str, Any], keys: tuple[str, ...]) -> str | None:
    for key in keys:
        if key in row:
            return as_text(row[key])
    raise BadRowError("has no text")
