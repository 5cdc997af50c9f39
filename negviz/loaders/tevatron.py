"""Tevatron (and RLHN): rows with ``positive_passages`` and ``negative_passages``, lists of objects."""

from typing import Any

from negviz.examples import Place, TextExample
from negviz.loaders import LOADERS
from negviz.loaders._cells import as_id, as_text, is_listed, passages
from negviz.loaders._reading import Reading
from negviz.loaders._source import Source
from negviz.loaders._table import examples_of, first_of


def recognise(source: Source) -> str | None:
    """Look for the keys of the first row."""
    if not is_listed(first_of(source), "positive_passages", dict):
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

    A passage's ``score`` (for distillation), answers and RLHN's ``subset`` are read too.

    Args:
        source: The file or folder.
    """
    reading = Reading()

    def read(row: dict[str, Any], place: Place) -> TextExample:
        return TextExample(
            as_text(row.get("query", row.get("query_text"))),
            passages(row, "positive_passages"),
            passages(row, "negative_passages", optional=True),
            as_id(row.get("query_id")),
            reading.answers(row.get("answers", row.get("answer")), place),
            subset=as_text(row.get("subset")) or "",
            place=place,
        )

    reading.examples = examples_of(source, reading, read)
    return reading
