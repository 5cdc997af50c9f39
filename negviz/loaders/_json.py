"""JSON as people have it: lines, one array, or objects one after the other; each value with its line."""

import json
import re
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from itertools import islice
from typing import Any

import orjson

from negviz.examples import Place
from negviz.loaders._reading import Reading
from negviz.loaders._source import Source

_SPACE = re.compile(r"[\s,]*")
# Control characters inside strings, such as raw tabs, are read: they are text like any other.
_DECODER = json.JSONDecoder(strict=False)
_NUMBER_GOES_ON = re.compile(r"[-+.eE0-9]*")
# No sign of JSON that is cut in two is longer: -Infinity, or an escaped pair of surrogates.
_LONGEST_SIGN = 16
# Longer than any row of training data: what goes on for so long is damaged, and must not fill the memory.
LONGEST_VALUE = 1 << 28
CUT_OFF = "From here on the file is cut off or not JSON; the rest was left out."


class NotJsonError(ValueError):
    """The text is not JSON. Never leaves the loaders."""


def parse(text: str) -> Any:
    """Parse one JSON value; real files hold NaN, infinities, raw tabs and halves of surrogate pairs: all are accepted.

    Raises:
        NotJsonError: If it is not JSON.
    """
    try:
        return orjson.loads(text)
    except ValueError:
        try:
            return json.loads(text, strict=False)
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
    # The beginning of a file of one line may be cut anywhere: megabytes that need not be tried.
    if line.rstrip()[-1:] not in {"}", "]"}:
        return False
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
        return [value for _, value in islice(Stream([source.head(name)]), count)]
    found = []
    for line in source.head(name).split("\n"):
        with suppress(NotJsonError):
            if line.strip():
                found.append(parse(line))
        if len(found) == count:
            break
    return found


def objects(source: Source, name: str, reading: Reading) -> Iterator[tuple[int, dict[str, Any]]]:
    """All objects of a file with their lines; other values are reported and left out."""
    for line, value in values(source, name, reading):
        if isinstance(value, dict):
            yield line, value
        else:
            reading.report("bad row", "The row is not a JSON object; it was left out.", Place(name, line))


def objects_of(source: Source, reading: Reading) -> Iterator[tuple[Place, dict[str, Any]]]:
    """All objects of the file, or of all files of a folder, with their places."""
    for name in source.tables:
        for line, row in objects(source, name, reading):
            yield Place(name, line), row


def values(source: Source, name: str, reading: Reading) -> Iterator[tuple[int, Any]]:
    """All values of a file with their lines; what cannot be parsed is reported and left out.

    Raises:
        DataError: If the file is damaged or not text.
    """
    if is_lines(source, name):
        return _line_values(source, name, reading)
    return _array_values(source, name, reading)


def _line_values(source: Source, name: str, reading: Reading) -> Iterator[tuple[int, Any]]:
    broken: Place | None = None
    for number, line in source.lines(name):
        if not line or line.isspace():
            continue
        if broken:
            reading.report("bad row", "The line is not JSON; it was left out.", broken)
            broken = None
        try:
            value = parse(line)
        except NotJsonError:
            broken = Place(name, number)
            continue
        yield number, value
    if broken:
        reading.report("truncated line", "The last line is cut off or not JSON; it was left out.", broken)


def _array_values(source: Source, name: str, reading: Reading) -> Iterator[tuple[int, Any]]:
    stream, found = Stream(source.chunks(name)), False
    for line, value in stream:
        found = True
        yield line, value
    if stream.broken:
        kind = "truncated line" if found else "bad row"
        reading.report(kind, CUT_OFF, Place(name, stream.broken))


class Stream:
    """JSON text that is read value by value, as far as it can be read, however long the whole is.

    Attributes:
        broken: The line where the text is cut off or not JSON, None if it is whole; known at the end.
    """

    def __init__(self, chunks: Iterable[str]) -> None:
        """Take the text in pieces, cut anywhere."""
        self._chunks = iter(chunks)
        self._text, self._place, self._line, self._counted = "", 0, 1, 0
        self.broken: int | None = None

    def __iter__(self) -> Iterator[tuple[int, Any]]:
        """Values of an array, or of several, or values one after the other; each once it is there, with its line."""
        inside = False
        while sign := self._next():
            if sign == ("]" if inside else "["):
                inside = not inside
                self._place += 1
                continue
            try:
                value = self._value()
            except (ValueError, RecursionError):
                self.broken = self._line
                return
            yield self._line, value
        self.broken = self._line if inside else None

    def members(self, keys: Collection[str]) -> Iterator[tuple[int, str, str | None, Any]]:
        """What one object holds: line, key, name and value.

        An array or object under one of the keys is never held as a whole: each of its values comes alone, those of an
        object with their names. Everything else comes whole, with None as its name.

        Args:
            keys: Keys to go into.
        """
        try:
            if self._next() != "{":
                raise NotJsonError("no object")
            self._place += 1
            while self._next() != "}":
                key = self._key()
                opening = self._next()
                if key in keys and opening in {"[", "{"}:
                    yield from self._inside(key, opening)
                else:
                    yield self._line, key, None, self._value()
        except (ValueError, RecursionError):
            self.broken = self._line

    def _inside(self, key: str, opening: str) -> Iterator[tuple[int, str, str | None, Any]]:
        self._place += 1
        while self._next() != ("]" if opening == "[" else "}"):
            name = self._key() if opening == "{" else None
            self._next()
            yield self._line, key, name, self._value()
        self._place += 1

    def _key(self) -> str:
        """A key and the colon behind it.

        Raises:
            ValueError: If there is none.
        """
        key = self._value() if self._next() == '"' else None
        if not isinstance(key, str) or self._next() != ":":
            raise NotJsonError("no key")
        self._place += 1
        return key

    def _next(self) -> str:
        """The next sign that is neither white space nor a comma, empty at the end; stands at it."""
        while True:
            self._place = _SPACE.match(self._text, self._place).end()  # type: ignore[union-attr]
            self._line += self._text.count("\n", self._counted, self._place)
            self._counted = self._place
            if self._place < len(self._text) or not self._more():
                return self._text[self._place : self._place + 1]

    def _value(self) -> Any:
        """The value that starts here; more text is read while it is not whole.

        Raises:
            ValueError: If it is no JSON.
        """
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self._place)
            except ValueError as error:
                if not _may_be_cut(error, self._text) or not self._more():
                    raise
                continue
            if isinstance(value, str | list | dict) or not self._goes_on(end) or not self._more():
                self._place = end
                return value

    def _goes_on(self, end: int) -> bool:
        """Whether a number that ends there may go on in the next piece, as 1. and 1e do."""
        return _NUMBER_GOES_ON.match(self._text, end).end() == len(self._text)  # type: ignore[union-attr]

    def _more(self) -> bool:
        """Read on, twice as much as is waiting, so that a long value is not begun again too often."""
        self._text, self._place, self._counted = self._text[self._place :], 0, 0
        if len(self._text) > LONGEST_VALUE:
            return False
        added: list[str] = []
        size = 0
        while size <= len(self._text) and (piece := next(self._chunks, None)) is not None:
            added.append(piece)
            size += len(piece)
        self._text += "".join(added)
        return bool(added)


def _may_be_cut(error: ValueError, text: str) -> bool:
    """Whether text that does not parse may be whole once more of it is there: the fault is at its end."""
    if not isinstance(error, json.JSONDecodeError):
        return False
    return error.msg.startswith("Unterminated string") or error.pos >= len(text.rstrip()) - _LONGEST_SIGN
