"""Members: one JSON object of long lists and objects, read piece by piece and never as a whole."""

import re
from collections.abc import Collection, Iterator
from typing import Any, NamedTuple

from negviz.examples import Place
from negviz.loaders._json import CUT_OFF, Stream
from negviz.loaders._reading import Reading
from negviz.loaders._source import Source

_FIRST_KEY = re.compile(r'\s*\{\s*"([^"\\]{1,60})"\s*:')


class Member(NamedTuple):
    """A piece of a JSON object.

    Attributes:
        line: Where it stands.
        section: The object's key that it is under.
        key: Its own key, where that is an object; None in a list, or where it is the value itself.
        value: What it is.
    """

    line: int
    section: str
    key: str | None
    value: Any


def members(
    source: Source, name: str, reading: Reading | None, long: Collection[str], wanted: Collection[str]
) -> Iterator[Member]:
    """Pieces of the sections that are wanted, in the file's order.

    Args:
        source: What was asked for.
        name: Which file.
        reading: Where it is noted that the file is cut off; None passes over it.
        long: Keys of all lists and objects that are gone into, wanted or not.
        wanted: Keys whose pieces are given.
    """
    stream = Stream(source.chunks(name))
    for line, section, key, value in stream.members(long):
        if section in wanted:
            yield Member(line, section, key, value)
    if stream.broken and reading:
        reading.report("truncated line", CUT_OFF, Place(name, stream.broken))


def first_key(source: Source, name: str) -> str | None:
    """First key of a file that is a JSON object, from the file's beginning alone."""
    found = None if source.is_columnar(name) else _FIRST_KEY.match(source.head(name))
    return found and found[1]
