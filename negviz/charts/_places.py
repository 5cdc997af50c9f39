"""Single candidates on two axes: points by state, slanted lines, bands across."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from negviz.arrays import Floats
from negviz.charts._option import Sketch, Texts, rounded
from negviz.charts._states import LOOKS, points


def add_places(
    sketch: Sketch, x: Floats, y: Floats, words: Sequence[str], texts: Sequence[Texts] = (), size: int = 8
) -> None:
    """Draw the candidates whose two values are known, a series a state.

    Args:
        sketch: Where to draw.
        x: (candidates,).
        y: (candidates,).
        words: State of each, see ``_states.LOOKS``.
        texts: Further columns for the tooltip, (candidates,) each.
        size: Pixels.
    """
    known = np.isfinite(x) & np.isfinite(y)
    states = np.asarray(words, dtype=object)
    for word in LOOKS:
        here = np.flatnonzero(known & np.equal(states, word))
        if len(here):
            shown = ([text[at] for at in here.tolist()] for text in texts)
            columns = [rounded(x[here], 4), rounded(y[here], 4), *shown]
            sketch.add(points(word, [list(row) for row in zip(*columns, strict=True)], size=size))


def line(name: str, ends: Sequence[Sequence[float]], colour: str, dash: str = "dashed") -> dict[str, Any]:
    """A straight line between places on the shown axes."""
    return {
        "type": "line", "name": name, "data": [list(end) for end in ends], "symbol": "none", "silent": True, "z": 1,
        "itemStyle": {"color": colour}, "lineStyle": {"color": colour, "width": 2, "type": dash},
        "emphasis": {"disabled": True}, "tooltip": {"show": False},
    }  # fmt: skip


def area(name: str, corner: tuple[float, float], other: tuple[float, float], colour: str) -> dict[str, Any]:
    """A shaded rectangle from one corner to the other, with an entry in the legend."""
    first, last = ({"xAxis": end[0], "yAxis": end[1]} for end in (corner, other))
    return {
        "type": "line", "name": name, "data": [], "symbol": "none", "silent": True, "z": 0,
        "itemStyle": {"color": colour, "opacity": 0.5}, "lineStyle": {"color": colour},
        "markArea": {"silent": True, "itemStyle": {"color": colour, "opacity": 0.13}, "data": [[first, last]]},
        "tooltip": {"show": False},
    }  # fmt: skip


def ends_of(*values: Floats, room: float = 0.04) -> tuple[float, float]:
    """Ends of an axis that leave some room around the known values; (0, 1) where nothing is known."""
    known = np.concatenate([value[np.isfinite(value)].ravel() for value in values])
    if not known.size:
        return 0.0, 1.0
    space = room * float(np.ptp(known)) or 0.1
    low, high = rounded(np.array([known.min() - space, known.max() + space]), 3)
    return low, high


def fixed(ends: tuple[float, float]) -> dict[str, Any]:
    """A vertical axis with given ends."""
    return {"min": ends[0], "max": ends[1], "axisLabel": {"showMinLabel": False, "showMaxLabel": False}}
