"""What the Tevatron formats share: passages with id, title and text."""

from typing import Any

import pyarrow as pa

from negviz.examples import TextDocument
from negviz.exporters._rows import document_name

TEXT = pa.string()


def passage(document: TextDocument, *, scored: bool = False) -> dict[str, Any]:
    """A passage as the trainer reads it: with a title, if an empty one, for the code puts it before the text."""
    named = {"docid": document_name(document), "title": document.title, "text": document.text or ""}
    return {**named, "score": document.score} if scored else named


def passages(*, scored: bool = False) -> pa.DataType:
    """Type of a column of passages."""
    fields = [("docid", TEXT), ("title", TEXT), ("text", TEXT), *([("score", pa.float64())] if scored else [])]
    return pa.list_(pa.struct(fields))
