"""Cells: texts, ids and documents from the values that real files hold."""

import ast
import re
from collections.abc import Iterable, Mapping, Sequence
from math import isfinite, isnan
from typing import Any

import orjson

from negviz.examples import TextDocument
from negviz.text import is_blank

ANSWER_KEYS = ("text", "value", "aliases")
MISSING = frozenset({"nan", "NaN", "NAN", "None", "<NA>"})
# From here on not every whole number has a float of its own: two ids may have become one.
LARGEST_EXACT = float(1 << 53)
# A string as Python writes it, and what stands between two: NumPy writes no commas.
_WRITTEN = re.compile(r"""\s*('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")(?=[\s,]|$)\s*,?""", re.DOTALL)


class BadRowError(ValueError):
    """A row that cannot be read; the text completes the sentence "the row ...". Never leaves the loaders."""


def as_text(value: Any) -> str | None:
    """A cell's text; None where there is nothing (null, NaN); numbers become their digits.

    Raises:
        BadRowError: If the value is a list or an object.
    """
    if isinstance(value, str):
        return value
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
    """An id as text; None where there is none.

    Raises:
        BadRowError: If it is a list or an object, or a number that a float cannot hold exactly: it may be another's.
    """
    if isinstance(value, float) and abs(value) >= LARGEST_EXACT:
        raise BadRowError(f"has the id {value:.0f}, a number too large to be exact; write ids as text")
    text = as_text(value)
    return text if text is None or text.strip() else None


def blank(text: str) -> bool:
    """Whether nothing readable is left; most texts start with a letter, which settles it at once."""
    return not text[:1].isalnum() and is_blank(text)


def answers_of(value: Any) -> list[str]:
    """Answer strings of a cell: one text, a list of them (as a list, or written out as JSON or Python write it).

    An object, alone or in a list, is read as SQuAD (``text``) and TriviaQA (``value``, ``aliases``) write one. Blank
    ones are left out: they are in every document.

    Raises:
        BadRowError: If it is something else.
    """
    if isinstance(value, dict):
        return [answer for name in ANSWER_KEYS if name in value for answer in answers_of(value[name])]
    if isinstance(value, str):
        value = written_list(value)
    values: Sequence[Any] = value if isinstance(value, list | tuple) else [value]
    texts = [text for part in values for text in (answers_of(part) if _is_answer(part) else [as_text(part)])]
    return [text for text in dict.fromkeys(texts) if text is not None and not blank(text)]


def _is_answer(value: Any) -> bool:
    return isinstance(value, dict) and any(name in value for name in ANSWER_KEYS)


def written_list(text: str) -> Any:
    """The list of texts that a cell writes out, as JSON, Python or NumPy do, else the text itself."""
    stripped = text.strip()
    if stripped[:2] not in {'["', "['"} or stripped[-1] != "]":
        return text
    try:
        found = orjson.loads(stripped)
    except ValueError:
        found = _python_list(stripped[1:-1])
    return found if isinstance(found, list) and all(isinstance(part, str) for part in found) else text


def _python_list(inside: str) -> list[Any] | None:
    """Strings one after the other, as Python and NumPy write them between brackets; None if it is something else."""
    found, place = [], 0
    while place < len(inside):
        match = _WRITTEN.match(inside, place)
        if match is None:
            return None
        try:
            found.append(ast.literal_eval(match[1]))
        except (ValueError, SyntaxError):
            return None
        place = match.end()
    return found


def passage_of(value: Any, default_id: str | None = None) -> TextDocument:
    """A document from a text or from an object such as ``{"docid", "title", "text"}``, in any trainer's words.

    Raises:
        BadRowError: If it is neither.
    """
    if not isinstance(value, dict):
        return TextDocument(as_text(value), "", default_id)
    for key in ("text", "contents", "content", "document", "passage", "passage_text"):
        if key in value:
            names = ("docid", "doc_id", "passage_id", "psg_id", "document_id", "pid", "_id", "id")
            own = next((as_id(value[name]) for name in names if name in value), default_id)
            title, score = as_text(value.get("title")) or "", as_number(value.get("score"))
            return TextDocument(as_text(value[key]), title, own, group_of(value), score)
    raise BadRowError("has a document without a text")


def listed(row: Mapping[str, Any], key: str, *, optional: bool = False) -> list[Any]:
    """A list of a row.

    A list of objects may come as an object of lists, as Hugging Face's older ``Sequence`` writes it: it is turned.

    Args:
        row: The row.
        key: Its key.
        optional: Whether nothing (no such key, or null) is an empty list.

    Raises:
        BadRowError: If it is no list.
    """
    value = row.get(key)
    if value is None and optional:
        return []
    if isinstance(value, dict):
        columns = {name: column for name, column in value.items() if column is not None}
        lists = all(isinstance(column, list) for column in columns.values())
        if lists and len({len(column) for column in columns.values()}) == 1:
            return [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]
    if not isinstance(value, list):
        raise BadRowError(f"has no list '{key}'")
    return value


def is_listed(row: Mapping[str, Any], key: str, of: type = object) -> bool:
    """Whether a row has such a list (see ``listed``), and all in it is of a type."""
    try:
        return all(isinstance(value, of) for value in listed(row, key))
    except BadRowError:
        return False


def passages(row: Mapping[str, Any], key: str, *, optional: bool = False) -> tuple[TextDocument, ...]:
    """Documents of a list of a row; arguments and errors as for ``listed`` and ``passage_of``."""
    return tuple(passage_of(value) for value in listed(row, key, optional=optional))


def scores(value: Any, count: int) -> list[float | None]:
    """Scores of so many documents; all None where there is none for each.

    Args:
        value: What a row has in their place.
        count: How many documents it has.
    """
    return [as_number(score) for score in value] if isinstance(value, list) and len(value) == count else [None] * count


def with_scores(documents: Iterable[TextDocument], found: Iterable[float | None]) -> tuple[TextDocument, ...]:
    """Documents with their scores; a document keeps its own where there is no other."""
    return tuple(
        each if score is None else each._replace(score=score) for each, score in zip(documents, found, strict=True)
    )


def group_of(value: dict[str, Any]) -> str | None:
    """The group that a document says it belongs to, at its top level or among its metadata."""
    metadata = value.get("metadata")
    for place in (value, metadata if isinstance(metadata, dict) else {}):
        for key in ("group", "doc_group", "article", "url"):
            if isinstance(place.get(key), str | int) and str(place[key]).strip():
                return str(place[key])
    return None
