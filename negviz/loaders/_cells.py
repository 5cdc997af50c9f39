"""Cells: texts, ids and documents from the values that real files hold."""

import ast
from collections.abc import Sequence
from math import isfinite, isnan
from typing import Any

import orjson

from negviz.examples import TextDocument
from negviz.text import is_blank

ANSWER_KEYS = ("text", "value", "aliases")
MISSING = frozenset({"nan", "NaN", "NAN", "None", "<NA>"})


class BadRowError(ValueError):
    """A row that cannot be read; the text completes the sentence "the row ...". Never leaves the loaders."""


def as_text(value: Any) -> str | None:
    """A cell's text; None where there is nothing (null, NaN); numbers become their digits.

    Raises:
        BadRowError: If the value is a list or an object.
    """
    if isinstance(value, str):
        return None if value in MISSING else value
    if value is None or (isinstance(value, float) and isnan(value)):
        return None
    if isinstance(value, bool | int):
        return str(value)
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else str(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    raise BadRowError(f"holds a {type(value).__name__} where a text is wanted")


def as_number(value: Any) -> float | None:
    """A score; None where there is none (or NaN, or an infinity, with which nothing can be reckoned)."""
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    return float(value) if isinstance(value, int | float) and isfinite(value) else None


def as_id(value: Any) -> str | None:
    """An id as text; None where there is none."""
    text = as_text(value)
    return text if text is None or text.strip() else None


def blank(text: str) -> bool:
    """Whether nothing readable is left; most texts start with a letter, which settles it at once."""
    return not text[:1].isalnum() and is_blank(text)


def answers_of(value: Any) -> list[str]:
    """Answer strings of a cell: one text, a list of them (as a list, or written out as JSON or Python write it).

    An object is read as SQuAD (``text``) and TriviaQA (``value``, ``aliases``) write one. Blank ones are left out: they
    are in every document.

    Raises:
        BadRowError: If it is something else.
    """
    if isinstance(value, dict):
        return [answer for name in ANSWER_KEYS if name in value for answer in answers_of(value[name])]
    if isinstance(value, str):
        value = _written_list(value)
    values: Sequence[Any] = value if isinstance(value, list | tuple) else [value]
    texts = [as_text(part) for part in values]
    return [text for text in dict.fromkeys(texts) if text is not None and not blank(text)]


def _written_list(text: str) -> Any:
    """The list of texts that a cell of delimited text writes out, else the text itself."""
    stripped = text.strip()
    if stripped[:2] not in {'["', "['"} or stripped[-1] != "]":
        return text
    for parse in (orjson.loads, ast.literal_eval):
        try:
            found = parse(stripped)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            continue
        if isinstance(found, list) and all(isinstance(part, str) for part in found):
            return found
    return text


def passage_of(value: Any, default_id: str | None = None) -> TextDocument:
    """A document from a text or from an object such as ``{"docid", "title", "text"}``, in any trainer's words.

    Raises:
        BadRowError: If it is neither.
    """
    if not isinstance(value, dict):
        return TextDocument(as_text(value), "", default_id)
    for key in ("text", "contents", "content", "document", "passage"):
        if key in value:
            names = ("docid", "doc_id", "passage_id", "psg_id", "document_id", "pid", "_id", "id")
            own = next((as_id(value[name]) for name in names if name in value), default_id)
            return TextDocument(as_text(value[key]), as_text(value.get("title")) or "", own, group_of(value))
    raise BadRowError("has a document without a text")


def group_of(value: dict[str, Any]) -> str | None:
    """The group that a document says it belongs to, at its top level or among its metadata."""
    metadata = value.get("metadata")
    for place in (value, metadata if isinstance(metadata, dict) else {}):
        for key in ("group", "doc_group", "article", "url"):
            if isinstance(place.get(key), str | int) and str(place[key]).strip():
                return str(place[key])
    return None
