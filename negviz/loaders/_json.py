"""JSON as people have it: lines, one array, or objects one after the other; each value with its line."""

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import orjson

from negviz.loaders._rows import Place, Rows
from negviz.loaders._source import Source

_SPACE = re.compile(r"[\s,]*")
_DECODER = json.JSONDecoder()


class NotJsonError(ValueError):
    """The text is not JSON. Never leaves the loaders."""


def parse(text: str) -> Any:
    """Parse one JSON value; NaN, infinities and halves of surrogate pairs, which real files hold, are accepted.

    Raises:
        NotJsonError: If it is not JSON.
    """
    try:
        return orjson.loads(text)
    except ValueError:
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as error:
            raise NotJsonError(str(error)) from None


def looks_like_json(source: Source, name: str) -> bool:
    """Whether the first sign of a file opens an object or an array."""
    return not source.is_columnar(name) and source.head(name)[:4096].lstrip()[:1] in {"{", "["}


def is_lines(source: Source, name: str) -> bool:
    """Whether the file holds one value a line (and not one array, or values over several lines)."""
    lines = [line for line in source.head(name).split("\n", 50)[:50] if line.strip()]
    if lines and lines[0].lstrip().startswith("["):
        return _is_row(lines[0])
    return any(_is_row(line) for line in lines[:5])


def _is_row(line: str) -> bool:
    """Whether a line alone is a row: an object, or an array of texts (an array of objects is a whole file)."""
    try:
        value = parse(line)
    except NotJsonError:
        return False
    return isinstance(value, dict) or (isinstance(value, list) and bool(value) and not isinstance(value[0], dict))


def first_object(source: Source, name: str) -> dict[str, Any] | None:
    """First value of a file if that is an object, without reading more than the file's beginning."""
    first = next(iter(peek(source, name)), None)
    return first if isinstance(first, dict) else None


def peek(source: Source, name: str, count: int = 1) -> list[Any]:
    """First values of a file of JSON values, or of its array, as far as its beginning holds them."""
    if not looks_like_json(source, name):
        return []
    if not is_lines(source, name):
        return [value for _, value in _stream(source.head(name), count)[0]]
    found = []
    for line in source.head(name).split("\n"):
        with suppress(NotJsonError):
            if line.strip():
                found.append(parse(line))
        if len(found) == count:
            break
    return found


def objects(source: Source, name: str, rows: Rows) -> Iterator[tuple[int, dict[str, Any]]]:
    """All objects of a file with their lines; other values are reported and left out."""
    for line, value in values(source, name, rows):
        if isinstance(value, dict):
            yield line, value
        else:
            rows.report("bad row", "The row is not a JSON object; it was left out.", Place(name, line))


def objects_of(source: Source, rows: Rows) -> Iterator[tuple[Place, dict[str, Any]]]:
    """All objects of the file, or of all files of a folder, with their places."""
    for name in source.tables:
        for line, row in objects(source, name, rows):
            yield Place(name, line), row


def values(source: Source, name: str, rows: Rows) -> Iterator[tuple[int, Any]]:
    """All values of a file with their lines; what cannot be parsed is reported and left out.

    Raises:
        DataError: If the file is damaged or not text.
    """
    if is_lines(source, name):
        return _line_values(source, name, rows)
    return _array_values(source, name, rows)


def _line_values(source: Source, name: str, rows: Rows) -> Iterator[tuple[int, Any]]:
    broken: Place | None = None
    for number, line in source.lines(name):
        if not line or line.isspace():
            continue
        if broken:
            rows.report("bad row", "The line is not JSON; it was left out.", broken)
            broken = None
        try:
            value = parse(line)
        except NotJsonError:
            broken = Place(name, number)
            continue
        yield number, value
    if broken:
        rows.report("truncated line", "The last line is cut off or not JSON; it was left out.", broken)


def _array_values(source: Source, name: str, rows: Rows) -> Iterator[tuple[int, Any]]:
    text = "".join(line for _, line in source.lines(name, keep_ends=True))
    found, broken = _stream(text)
    yield from found
    if broken:
        kind = "truncated line" if found else "bad row"
        rows.report(kind, "From here on the file is cut off or not JSON; the rest was left out.", Place(name, broken))


def _stream(text: str, count: int | None = None) -> tuple[list[tuple[int, Any]], int | None]:
    """Values of an array, or values one after the other, as far as they can be read, and the line where that ends."""
    place = _SPACE.match(text).end()  # type: ignore[union-attr]
    is_array = text[place : place + 1] == "["
    place += is_array
    line, counted = 1, 0
    found: list[tuple[int, Any]] = []
    while len(found) != count:
        place = _SPACE.match(text, place).end()  # type: ignore[union-attr]
        line, counted = line + text.count("\n", counted, place), place
        if place >= len(text):
            return found, line if is_array else None
        if is_array and text[place] == "]":
            return found, None
        try:
            value, place = _DECODER.raw_decode(text, place)
        except (ValueError, RecursionError):
            return found, line
        found.append((line, value))
    return found, None
