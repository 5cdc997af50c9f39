"""Map of documents and queries as one block of bytes: points in groups, for the plane that draws them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from negviz.arrays import Ints, Scores, fingerprint
from negviz.charts import CHARTS

States = npt.NDArray[np.uint8]
MARKED, FOUND = 1, 2
SHAPES = ("circle", "rect", "diamond", "triangle", "drop", "star", "cross", "plus")
MOST_GROUPS = 255
SIGNS: Mapping[int, str] = {MARKED: "marked", FOUND: "found by the search"}


@dataclass(frozen=True, eq=False)
class Group:
    """Points that look alike.

    Attributes:
        name: What it is called where a point of it is hovered over.
        colour: Colour.
        shape: One of ``SHAPES``.
        places: (points, dims).
        texts: What hovering over each point shows, as plain text.
        size: Pixels.
        opacity: 0 to 1.
        count: How many there are where not all are drawn; None where all are.
        states: (points,) bits: marked elsewhere, found by the search; None where no point has any.
        edge: Whether each point has an outline, for colours that are near to a background.
        kept: Whether a search leaves it as it is.
        last: Whether the legend names it after the others, wherever it is drawn.
    """

    name: str
    colour: str
    shape: str
    places: Scores
    texts: Sequence[str]
    size: int = 6
    opacity: float = 0.75
    count: int | None = None
    states: States | None = None
    edge: bool = False
    kept: bool = False
    last: bool = False

    def pick(self, kept: Ints) -> "Group":
        """The group with only some of its points."""
        texts = [self.texts[place] for place in kept]
        states = None if self.states is None else self.states[kept]
        return replace(self, places=self.places[kept], texts=texts, states=states)


@dataclass(frozen=True, eq=False)
class Star:
    """Lines from one place to others.

    Attributes:
        colour: Colour.
        dash: Pixels drawn and left out.
        start: (dims,).
        ends: (lines, dims).
        width: Pixels.
    """

    colour: str
    dash: tuple[int, ...]
    start: Scores
    ends: Scores
    width: float = 1.5


@dataclass(frozen=True, eq=False)
class Name:
    """Words at a place, such as those that name a cluster.

    Attributes:
        text: Plain text.
        place: (dims,).
        group: Name of the group whose disappearance takes it along.
    """

    text: str
    place: Scores
    group: str = ""


@dataclass(frozen=True)
class Frame:
    """What a map has around its points.

    Attributes:
        alt: What is seen, for people who do not.
        layout: Whose places these are; another layout begins with the whole map again.
        height: Pixels.
        link: Maps with the same link show the same part; empty for a map by itself.
        areas: What is marked on it.
        times: Grows where the marks have to be taken from ``areas`` though nothing else changed.
        searched: Whether points that no search found fade.
        signs: What the rings mean, by the bit of a point's state.
        bounds: Lowest and highest place of all points, also of those that are not drawn; None for the drawn ones.
    """

    alt: str
    layout: str = ""
    height: int = 600
    link: str = ""
    areas: tuple[Mapping[str, Any], ...] = ()
    times: int = 0
    searched: bool = False
    signs: Mapping[int, str] = field(default_factory=lambda: SIGNS)
    bounds: tuple[Sequence[float], Sequence[float]] | None = field(default=None)


@CHARTS.register("Map")
def map(groups: Sequence[Group], frame: Frame, stars: Sequence[Star] = (), names: Sequence[Name] = ()) -> bytes:
    """Put points together, later groups above earlier ones, with lines and names above them.

    The block holds the length of a head, the head as JSON (groups, lines, names), then places as float32, group numbers
    and states as bytes, and the texts in UTF-8 with the place where each begins; every part begins at a multiple of
    four bytes. Texts are data on both sides: the plane makes text nodes of them.

    Args:
        groups: Points that look alike; empty ones are left out.
        frame: What is around them.
        stars: Lines.
        names: Words at places.

    Returns:
        The block.

    Raises:
        ValueError: If there are more groups than a byte can tell apart.
    """
    shown = [group for group in groups if len(group.places)]
    if len(shown) > MOST_GROUPS:
        raise ValueError(f"{len(shown)} groups, but a map has at most {MOST_GROUPS}.")
    dims = shown[0].places.shape[1] if shown else 2
    places = np.concatenate([np.zeros((0, dims), np.float32), *(group.places for group in shown)]).astype("<f4")
    sizes = [len(group.places) for group in shown]
    codes = np.repeat(np.arange(len(shown), dtype=np.uint8), sizes)
    states = np.concatenate([_states(group) for group in shown] or [np.zeros(0, np.uint8)])
    encoded = [text.encode("utf-8", "replace") for group in shown for text in group.texts]
    starts = np.concatenate([[0], np.cumsum([len(text) for text in encoded])]).astype("<u4")
    head = {
        "points": len(places),
        "dims": dims,
        "groups": [_entry(group) for group in shown],
        "lines": [_lines(star) for star in stars if len(star.ends)],
        "names": _names(names, shown),
        "alt": frame.alt,
        "layout": frame.layout,
        "height": frame.height,
        "link": frame.link,
        "areas": list(frame.areas),
        "searched": frame.searched,
        "signs": [[bit, text] for bit, text in {**SIGNS, **frame.signs}.items()],
        "bounds": [list(end) for end in frame.bounds or _bounds(places)],
    }
    parts = [places, codes, states, starts]
    text = b"".join(encoded)
    stamp = fingerprint("map 1", json.dumps(head, sort_keys=True), *parts, text, frame.times)
    told = json.dumps({**head, "stamp": stamp}).encode()
    pieces = [len(told).to_bytes(4, "little") + told, *(part.tobytes() for part in parts), text]
    return b"".join(_padded(piece) for piece in pieces)


def _padded(part: bytes) -> bytes:
    return part + b"\0" * (-len(part) % 4)


def _states(group: Group) -> States:
    return np.zeros(len(group.places), np.uint8) if group.states is None else group.states.astype(np.uint8)


def _entry(group: Group) -> dict[str, Any]:
    count = len(group.places) if group.count is None else group.count
    return {
        "name": group.name, "title": f"{group.name} ({count:,})", "colour": group.colour, "shape": group.shape,
        "size": group.size, "opacity": group.opacity, "edge": group.edge, "kept": group.kept,
        "last": group.last,
    }  # fmt: skip


def _lines(star: Star) -> dict[str, Any]:
    start = [float(part) for part in star.start]
    places = [[start, [float(part) for part in end]] for end in star.ends]
    return {"colour": star.colour, "dash": list(star.dash), "width": star.width, "places": places}


def _names(names: Sequence[Name], groups: Sequence[Group]) -> list[dict[str, Any]]:
    numbers = {group.name: number for number, group in enumerate(groups)}
    return [
        {"text": name.text, "at": [float(part) for part in name.place], "code": numbers.get(name.group, -1)}
        for name in names
    ]


def _bounds(places: npt.NDArray[Any]) -> tuple[list[float], list[float]]:
    if not len(places):
        return [-1.0] * places.shape[1], [1.0] * places.shape[1]
    return [float(end) for end in places.min(axis=0)], [float(end) for end in places.max(axis=0)]
