"""Tevatron's teacher rows: ``passages`` of which the first is the positive, and a score for each."""

from typing import Any

from negviz.examples import Place, TextExample
from negviz.loaders import LOADERS
from negviz.loaders._cells import BadRowError, as_id, as_text, is_listed, listed, passages, scores, with_scores
from negviz.loaders._reading import Reading
from negviz.loaders._source import Source
from negviz.loaders._table import examples_of, first_of


def recognise(source: Source) -> str | None:
    """Look for the keys of the first row."""
    first = first_of(source)
    if "query" not in first or not is_listed(first, "passages", dict) or not is_listed(first, "scores"):
        return None
    if any("is_selected" in passage for passage in listed(first, "passages")):
        return None
    return "Its rows have passages (objects) and as many scores, as Tevatron's teachers write them."


@LOADERS.register(
    "Tevatron teacher lists",
    reference="https://github.com/texttron/tevatron",
    trainer="Tevatron, for distillation",
    title="JSONL or Parquet with query, passages (the first is the positive) and scores",
    recognise=recognise,
)
def tevatron_teacher(source: Source) -> Reading:
    """Read rows of a query with its passages and a teacher's score for each; the first passage is the positive.

    Args:
        source: The file or folder.
    """
    reading = Reading()

    def read(row: dict[str, Any], place: Place) -> TextExample:
        documents, given = passages(row, "passages"), listed(row, "scores")
        if len(documents) != len(given):
            raise BadRowError(f"has {len(documents)} passages and {len(given)} scores")
        documents = with_scores(documents, scores(given, len(given)))
        text, own = as_text(row.get("query")), as_id(row.get("query_id"))
        answers = reading.answers(row.get("answers", row.get("answer")), place)
        return TextExample(text, documents[:1], documents[1:], own, answers, place=place)

    reading.examples = examples_of(source, reading, read)
    return reading
