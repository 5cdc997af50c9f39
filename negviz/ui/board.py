"""A histogram with lines that are dragged and an interval that is brushed: a component of the project's own.

It draws SVG in the browser, so that a line and its value follow the hand at once; the server hears where it was let go.
Only counts in bins are sent, never a candidate.
"""

import math
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import streamlit as st

from negviz.arrays import Floats
from negviz.charts import SOFT, Zone

Numbers: TypeAlias = Floats | npt.NDArray[np.signedinteger[Any]] | npt.NDArray[np.float32]
Style = Literal["area", "line"]
DASHES = ("solid", "dash", "dot", "dashdot", "longdash")
SHARE = "share of each group, %"
BAND = "Where the line is for 90% of queries"
# Digits that are sent of a place, beyond those that tell the ends of the axis apart: a thousandth of a pixel.
FINE = 6
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
# What the browser says comes as this trigger of the component.
_EVENT = "moved"


@dataclass(frozen=True, eq=False)
class Series:
    """One group of the histogram; it adds up to 100% by itself.

    Attributes:
        name: Name in the legend.
        counts: (bins,) how many; NaN counts as none.
        colour: As ``#rrggbb``.
        style: ``area`` is filled, ``line`` an outline.
        dash: Of the outline: ``solid``, ``dash``, ``dot``, ``dashdot`` or ``longdash``.
    """

    name: str
    counts: Numbers
    colour: str
    style: Style = "area"
    dash: str = "solid"


@dataclass(frozen=True)
class Handle:
    """A vertical line.

    Attributes:
        id: What ``Moved.line`` says; unique on its board.
        label: Its name, without the value, which is written beside it.
        value: Where it is; one beyond the axis is an arrow at the border, NaN is told in the legend only.
        colour: As ``#rrggbb``.
        dash: As of a series.
        low: Lower end of the band where the line differs from query to query; the band moves along with the line.
        high: Upper end of the band.
        movable: Whether it can be dragged.
        band: Name of the band in the legend.
        least: Lowest value it can be moved to, where that is above the lower end of the axis.
        most: Highest value it can be moved to.
        step: What an arrow key moves it by; about a hundredth of the axis where nothing is said.
    """

    id: str
    label: str
    value: float
    colour: str
    dash: str = "dash"
    low: float | None = None
    high: float | None = None
    movable: bool = True
    band: str = BAND
    least: float | None = None
    most: float | None = None
    step: float | None = None


class Curve(NamedTuple):
    """A curve on an axis of its own from 0 to 1.

    Attributes:
        x: (points,) places, ascending.
        y: (points,) heights from 0 to 1.
        name: Name in the legend.
        colour: As ``#rrggbb``.
    """

    x: Numbers
    y: Numbers
    name: str
    colour: str = SOFT


@dataclass(frozen=True)
class Moved:
    """What a person did since the last run; nothing of it where nothing was done.

    Attributes:
        line: The id of the line that was moved.
        value: Where to.
        brush: The interval that was selected.
        cleared: Whether the selection was taken back.
    """

    line: str | None = None
    value: float | None = None
    brush: tuple[float, float] | None = None
    cleared: bool = False

    def __bool__(self) -> bool:
        """Whether anything was done."""
        return self != Moved()


def _source(name: str) -> str:
    """A file beside this one, without indents and comments on lines of their own: it is sent with every change."""
    lines = (line.strip() for line in Path(__file__).with_name(name).read_text(encoding="utf-8").splitlines())
    return "\n".join(line for line in lines if line and not line.startswith(("//", "/**")))


_mount = st.components.v2.component(
    "negviz_board", html='<div class="board"></div>', css=_source("board.css"), js=_source("board.js")
)


def board(
    edges: Floats,
    groups: Sequence[Series],
    *,
    axis: str,
    lines: Sequence[Handle] = (),
    zones: Sequence[Zone] = (),
    curve: Curve | tuple[Numbers, Numbers, str] | None = None,
    log: bool = False,
    height: int = 320,
    brush: tuple[float, float] | None = None,
    key: str,
    alt: str,
    share: str = SHARE,
    brushable: bool = True,
    on_move: Callable[[Moved], None] | None = None,
) -> Moved:
    """Draw the board and tell what a person did on it since the last run.

    A line and an interval stay where a person put them until a run after the one that heard of it: keep them (in the
    session's state or a widget's) and pass them as ``lines`` and ``brush`` from then on.

    Args:
        edges: (bins + 1,) limits of the bins, ascending.
        groups: What is counted.
        axis: Title of the horizontal axis, with its unit or scale.
        lines: Vertical lines.
        zones: Intervals to shade.
        curve: Places, heights from 0 to 1 and a name.
        log: Whether the vertical axis is logarithmic.
        height: Pixels; a phone adds to it where the legend takes many rows.
        brush: The selected interval.
        key: Unique on its page.
        alt: What the board shows, for those who do not see it.
        share: Title of the vertical axis.
        brushable: Whether an interval can be selected.
        on_move: Called before the run that follows, as callbacks of widgets are, so that it may set widgets' values;
            what it hears is not returned again.

    Raises:
        ValueError: A shape, colour, dash or order does not fit; it names which.
    """
    sent = payload(
        edges, groups, axis=axis, lines=lines, zones=zones, curve=curve, log=log, height=height, brush=brush, alt=alt,
        share=share, brushable=brushable,
    )  # fmt: skip
    # Where the last word of the board waits for the run that returns it (a test may put one there), and its number.
    slot, heard = f"{key}.said", f"{key}.heard"
    names = {line.id for line in lines if line.movable}

    def listen() -> None:
        raw = (st.session_state.get(key) or {}).get(_EVENT)
        if on_move is None:
            st.session_state[slot] = raw
            return
        st.session_state[heard] = sequence(raw, st.session_state.get(heard, 0))
        moved = read(raw, names)
        if moved:
            on_move(moved)

    raw = st.session_state.pop(slot, None)
    # In the run that returns the move its caller has not answered yet: the browser keeps what the person did.
    _mount(key=key, data={**sent, "heard": st.session_state.get(heard, 0)}, on_moved_change=listen)
    st.session_state[heard] = sequence(raw, st.session_state.get(heard, 0))
    return read(raw, names)


def read(raw: object, names: Collection[str]) -> Moved:
    """What the browser said, as far as it makes sense: it comes from outside and may be anything.

    Args:
        raw: What came.
        names: The ids of the lines that can be moved.
    """
    if not isinstance(raw, Mapping):
        return Moved()
    line, value, ends = raw.get("line"), _finite(raw.get("value")), raw.get("brush")
    if isinstance(line, str):
        return Moved(line=line, value=value) if line in names and value is not None else Moved()
    if isinstance(ends, Sequence) and len(ends) == 2:
        low, high = _finite(ends[0]), _finite(ends[1])
        if low is not None and high is not None:
            return Moved(brush=(min(low, high), max(low, high)))
    return Moved(cleared=raw.get("cleared") is True)


def sequence(raw: object, before: int) -> int:
    """Number of what the browser said, so that it knows from when on its own picture is out of date."""
    said = _finite(raw.get("seq")) if isinstance(raw, Mapping) else None
    return before if said is None else max(int(said), before)


def _finite(value: object) -> float | None:
    plain = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if plain and math.isfinite(value) else None  # type: ignore[arg-type]


def payload(
    edges: Floats,
    groups: Sequence[Series],
    *,
    axis: str,
    lines: Sequence[Handle] = (),
    zones: Sequence[Zone] = (),
    curve: Curve | tuple[Numbers, Numbers, str] | None = None,
    log: bool = False,
    height: int = 320,
    brush: tuple[float, float] | None = None,
    alt: str = "",
    share: str = SHARE,
    brushable: bool = True,
) -> dict[str, Any]:
    """What is sent to the browser; arguments and errors as of ``board``."""
    places = _axis(edges)
    digits = _digits(places)
    _ensure_unique([line.id for line in lines], "id of a line")
    return {
        "edges": [round(float(place), digits) for place in places],
        "groups": [_group(group, len(places) - 1) for group in groups],
        "axis": axis,
        "share": share,
        "lines": [_line(line, digits) for line in lines],
        "zones": [found for zone in zones if (found := _zone(zone, digits)) is not None],
        "curve": None if curve is None else _curve(Curve(*curve), digits),
        "log": bool(log),
        "height": int(height),
        "brush": None if brush is None else _interval(brush, digits),
        "brushable": bool(brushable),
        "alt": alt,
    }


def _axis(edges: Floats) -> Floats:
    places = np.asarray(edges, dtype=np.float64)
    if places.ndim != 1 or places.size < 2:
        raise ValueError(f"A board needs (bins + 1,) edges, at least two; these have the shape {places.shape}.")
    if not np.isfinite(places).all() or (np.diff(places) < 0).any():
        raise ValueError("The edges of a board must be finite numbers in ascending order.")
    if places[0] == places[-1]:
        # Nothing but equal values: bins of no width, which are given some.
        reach = abs(places[0]) * 0.01 or 0.5
        return np.linspace(places[0] - reach, places[0] + reach, places.size)
    return places


def _digits(places: Floats) -> int:
    """Digits after the point that tell places on the axis apart; negative on an axis of millions."""
    return FINE - math.floor(math.log10(places[-1] - places[0]))


def _group(group: Series, bins: int) -> dict[str, Any]:
    counts = np.asarray(group.counts)
    if counts.shape != (bins,):
        raise ValueError(f"{group.name}: {counts.shape} counts for {bins} bins.")
    known = np.where(np.isfinite(counts), counts, 0)
    if (known < 0).any():
        raise ValueError(f"{group.name}: a count cannot be negative.")
    if group.style not in {"area", "line"}:
        raise ValueError(f"{group.name}: a series is drawn as area or line, not {group.style!r}.")
    return {
        "name": group.name,
        "counts": [int(count) if count == int(count) else round(float(count), 3) for count in known.tolist()],
        "colour": _colour(group.colour, group.name),
        "area": group.style == "area",
        "dash": _dash(group.dash, group.name),
    }


def _line(line: Handle, digits: int) -> dict[str, Any]:
    places = ("value", "low", "high", "least", "most")
    found = asdict(line) | {name: _place(getattr(line, name), digits) for name in places}
    _colour(line.colour, line.label)
    _dash(line.dash, line.label)
    found["step"] = line.step if line.step is not None and 0 < line.step < math.inf else None
    return found


def _place(value: float | None, digits: int) -> float | None:
    """A place to be sent; infinite ones and NaN cannot be."""
    return round(float(value), digits) if value is not None and math.isfinite(value) else None


def _zone(zone: Zone, digits: int) -> dict[str, Any] | None:
    """A zone to be sent; one with a NaN end is nowhere, an infinite end is the border."""
    if math.isnan(zone.low) or math.isnan(zone.high):
        return None
    return {
        "label": zone.label,
        "low": _place(zone.low, digits),
        "high": _place(zone.high, digits),
        "colour": _colour(zone.colour, zone.label),
    }


def _curve(curve: Curve, digits: int) -> dict[str, Any]:
    x, y = np.asarray(curve.x, dtype=np.float64), np.asarray(curve.y, dtype=np.float64)
    if x.shape != y.shape or x.ndim != 1:
        raise ValueError(f"{curve.name}: {x.shape} places for {y.shape} heights.")
    known = np.isfinite(x) & np.isfinite(y)
    return {
        "x": [round(place, digits) for place in x[known].tolist()],
        "y": [round(height, 4) for height in np.clip(y[known], 0, 1).tolist()],
        "name": curve.name,
        "colour": _colour(curve.colour, curve.name),
    }


def _interval(ends: tuple[float, float], digits: int) -> list[float] | None:
    low, high = sorted(ends)
    found = [_place(low, digits), _place(high, digits)]
    return None if None in found else [place for place in found if place is not None]


def _colour(colour: str, name: str) -> str:
    if not _COLOUR.fullmatch(colour):
        raise ValueError(f"{name}: a colour is #rrggbb, not {colour!r}.")
    return colour


def _dash(dash: str, name: str) -> str:
    if dash not in DASHES:
        raise ValueError(f"{name}: a dash is one of {', '.join(DASHES)}, not {dash!r}.")
    return dash


def _ensure_unique(names: Sequence[str], what: str) -> None:
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ValueError(f"Each {what} may stand on a board once: {', '.join(sorted(twice))}.")
