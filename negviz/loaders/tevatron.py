"""Tevatron (and RLHN): rows with ``positive_passages`` and ``negative_passages``, lists of objects."""

from typing import Any

from negviz.loaders import LOADERS
from negviz.loaders._cells import BadRowError, Passage, as_id, as_text, passage_of
from negviz.loaders._rows import Place, Rows
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
def tevatron(source: Source) -> Rows:
    """Read rows of a query with its positive and negative passages, each with docid, title and text.

    Args:
        source: The file or folder.
    """
    rows = Rows()
    found = ((Place(name, line), row) for name in source.tables for line, row in open_table(source, name, rows).records)
    for place, row in found:
        try:
            text = as_text(row.get("query", row.get("query_text")))
            positives, negatives = _passages(row, "positive_passages"), _passages(row, "negative_passages")
            answers = rows.read_answers(row.get("answers", row.get("answer")), place)
            rows.example(text, positives, negatives, place, id=as_id(row.get("query_id")), answers=answers)
        except BadRowError as error:
            rows.report("bad row", f"The row {error}; it was left out.", place)
    return rows


def _passages(row: dict[str, Any], key: str) -> list[Passage]:
    values = row.get(key)
    if values is None and key == "negative_passages":
        return []
    if not isinstance(values, list):
        raise BadRowError(f"has no list '{key}'")
    return [passage_of(value) for value in values]
