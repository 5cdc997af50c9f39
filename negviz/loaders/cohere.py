"""Cohere: JSON rows with ``relevant_passages`` and ``hard_negatives``, lists of texts."""

from typing import Any

from negviz.examples import Place, TextExample
from negviz.loaders import LOADERS
from negviz.loaders._cells import as_text, is_listed, passages
from negviz.loaders._reading import Reading
from negviz.loaders._source import Source
from negviz.loaders._table import examples_of, first_of


def recognise(source: Source) -> str | None:
    """Look for the keys of the first row."""
    first = first_of(source)
    if "query" not in first or not is_listed(first, "relevant_passages"):
        return None
    return "Its rows are JSON objects with the keys query and relevant_passages (a list), as Cohere reads them."


@LOADERS.register(
    "Cohere rerank",
    reference="https://docs.cohere.com/docs/rerank-preparing-the-data",
    trainer="Cohere",
    title="JSONL with query, relevant_passages and hard_negatives",
    recognise=recognise,
)
def cohere(source: Source) -> Reading:
    """Read rows of a query, the passages that answer it and those that do not.

    Args:
        source: The file or folder.
    """
    reading = Reading()

    def read(row: dict[str, Any], place: Place) -> TextExample:
        positives, negatives = passages(row, "relevant_passages"), passages(row, "hard_negatives", optional=True)
        return TextExample(as_text(row.get("query")), positives, negatives, place=place)

    reading.examples = examples_of(source, reading, read)
    return reading
