"""Tevatron (and RLHN): rows with ``positive_passages`` and ``negative_passages``, lists of objects."""

from collections.abc import Iterator
from typing import Any

from negviz.examples import Place, TextDocument, TextExample
from negviz.loaders import LOADERS
from negviz.loaders._cells import BadRowError, as_id, as_text, passage_of
from negviz.loaders._reading import Reading
from negviz.loaders._source import Source
from negviz.loaders._table import first_record, open_table


def recognise(source: Source) -> str | None:
    """Look for the keys of the first row."""
    first = first_record(source, source.tables[0]) if source.tables else None
    if first is None or not isinstance(first.get("positive_passages"), list):
        return None
    if any(not isinstance(passage, dict) for passage in first["positive_passages"]):
        return None
    return "Its rows have a list positive_passages of objects, as Tevatron reads them."


@LOADERS.register(
    "Tevatron",
    reference="https://github.com/texttron/tevatron",
    trainer="Tevatron",
    title="JSONL or Parquet with query, positive_passages and negative_passages",
    recognise=recognise,
)
def tevatron(source: Source) -> Reading:
    """Read rows of a query with its positive and negative passages, each with docid, title and text.

    Args:
        source: The file or folder.
    """
    reading = Reading()
    reading.examples = _examples(source, reading)
    return reading


def _examples(source: Source, reading: Reading) -> Iterator[TextExample]:
    tables = ((name, open_table(source, name, reading)) for name in source.tables)
    for place, row in ((Place(name, line), row) for name, table in tables for line, row in table.records):
        try:
            text = as_text(row.get("query", row.get("query_text")))
            positives, negatives = _passages(row, "positive_passages"), _passages(row, "negative_passages")
            own, subset = as_id(row.get("query_id")), as_text(row.get("subset")) or ""
        except BadRowError as error:
            reading.report("bad row", f"The row {error}; it was left out.", place)
            continue
        answers = reading.answers(row.get("answers", row.get("answer")), place)
        yield TextExample(text, positives, negatives, own, answers, subset=subset, place=place)


def _passages(row: dict[str, Any], key: str) -> tuple[TextDocument, ...]:
    values = row.get(key)
    if values is None and key == "negative_passages":
        return ()
    if not isinstance(values, list):
        raise BadRowError(f"has no list '{key}'")
    return tuple(passage_of(value) for value in values)
