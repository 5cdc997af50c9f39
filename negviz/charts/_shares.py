"""How a histogram of shares looks and what hovering over a bin says."""

from itertools import pairwise
from typing import Any

from negviz.arrays import Floats
from negviz.charts._option import Numbers, percentages


def filled(name: str, colour: str) -> dict[str, Any]:
    """A group drawn as an area."""
    return {
        "name": name,
        "itemStyle": {"color": colour, "opacity": 0.6},
        "areaStyle": {"color": colour, "opacity": 0.45},
        "lineStyle": {"color": colour, "width": 0.5},
    }


def outlined(name: str, colour: str, dash: str) -> dict[str, Any]:
    """A group drawn as an outline."""
    return {"name": name, "itemStyle": {"color": colour}, "lineStyle": {"color": colour, "width": 2, "type": dash}}


def ranges(edges: Floats) -> list[str]:
    """From where to where each bin goes."""
    ends = [f"{edge:.3g}" for edge in edges]
    return [f"{low} to {high}" for low, high in pairwise(ends)]


def told(counts: Numbers) -> list[str]:
    """Share and count of each bin."""
    return [f"{share:.2f}% ({count:,})" for share, count in zip(percentages(counts), counts.tolist(), strict=True)]
