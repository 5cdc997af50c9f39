"""What the charts that follow a slider share: an option of ECharts in the making.

ECharts takes a new option in place, on a canvas, in a tenth of the time in which Plotly builds a figure anew.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from negviz.arrays import Floats
from negviz.charts import Line, Zone

Numbers: TypeAlias = Floats | npt.NDArray[np.signedinteger[Any]]
Texts = Sequence[str]
# Widths of a chart, in pixels, up to which the legend is laid out in as many rows as its entries need there.
WIDTHS = (300, 360, 440, 540, 680, 860, 1060)
DASHES: Mapping[str, str | list[int]] = {"solid": "solid", "dash": "dashed", "dot": "dotted", "dashdot": [9, 4, 2, 4]}
TOP = 1.05
BESIDE = 1


def percentages(counts: Numbers) -> Floats:
    """Counts as percentages of their sum; zeros where there is nothing."""
    total = int(counts.sum())
    return np.asarray(counts, dtype=np.float64) * (100.0 / total if total else 0.0)


def rounded(values: npt.NDArray[Any], digits: int = 5) -> list[float]:
    """Numbers short enough to be sent at every step of a slider."""
    return [float(f"{value:.{digits}g}") for value in values.tolist()]


@dataclass
class Sketch:
    """An option in the making.

    Attributes:
        x: Title of the horizontal axis.
        y: Title of the vertical axis.
        hover: What the tooltip shows: plain words of the project's own, and places of the first series' columns as
            ``{@[2]}``. Streamlit escapes what it puts in there, the rest is markup: no name may be a part of it.
        trigger: ``axis`` or ``item``.
        ends: Ends of the horizontal axis, which stretches to lines beyond them.
        y_axis: What differs from the usual vertical axis.
        swatch: Pixels of a sign in the legend, wide.
    """

    x: str
    y: str
    hover: str
    trigger: str = "axis"
    ends: tuple[float, float] | None = None
    swatch: int = 26
    y_axis: dict[str, Any] = field(default_factory=dict)
    series: list[dict[str, Any]] = field(default_factory=list)
    named: list[dict[str, Any]] = field(default_factory=list)

    def option(self, more: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The option: titled axes, a legend above that takes as many rows as it needs, no animation."""
        across = {} if self.ends is None else {
            "min": self.ends[0], "max": self.ends[1],
            "axisLabel": {"showMinLabel": False, "showMaxLabel": False, "hideOverlap": True},
        }  # fmt: skip
        beside = {"type": "value", "min": 0, "max": TOP, "show": False}
        return {
            "animation": False,
            "grid": {"left": 4, "right": 14, "top": _height(self.named, WIDTHS[-1] + 1), "bottom": 4},
            "legend": {"top": 0, "left": 0, "itemGap": 12, "itemWidth": self.swatch, "itemHeight": 10,
                       "selectedMode": False, "data": self.named},
            "tooltip": {"trigger": self.trigger, "formatter": self.hover, "confine": True, "transitionDuration": 0},
            "xAxis": {**_axis(self.x, 28), "splitLine": {"show": False}, "axisLine": {"onZero": False}, **across},
            "yAxis": [{**_axis(self.y, 40), "axisLine": {"show": False}, **self.y_axis}, beside],
            "series": self.series,
            "media": [
                {"query": {"maxWidth": width}, "option": {"grid": {"top": _height(self.named, width)}}}
                for width in reversed(WIDTHS)
            ],
            **(more or {}),
        }  # fmt: skip

    def add(self, series: Mapping[str, Any], icon: str | None = None) -> None:
        """Draw a series above the ones before it, with an entry in the legend unless its name is there already.

        Args:
            series: What to draw.
            icon: Sign in the legend; without one a line stands for itself, and a point for itself.
        """
        self.series.append({"z": 2 + len(self.series), **series})
        if any(entry["name"] == series["name"] for entry in self.named):
            return
        # ECharts puts a dot on the line in the legend even where the line has no symbols.
        bare = {"itemStyle": {"opacity": 0}} if series["type"] == "line" else {}
        self.named.append({"name": series["name"], **({"icon": icon} if icon else bare)})

    def steps(self, edges: Floats, shares: Floats, look: Mapping[str, Any], texts: Sequence[Texts] = ()) -> None:
        """Outline of a histogram.

        Args:
            edges: (bins + 1,) limits of the bins.
            shares: (bins,) heights.
            look: Name and styles of the series.
            texts: Columns for the tooltip, (bins,) each.
        """
        middles = (edges[:-1] + edges[1:]) / 2
        rows = [list(row) for row in zip(rounded(middles), rounded(shares, 4), *texts, strict=True)]
        first, last = [float(edges[0]), *rows[0][1:]], [float(edges[-1]), *rows[-1][1:]]
        usual = {"type": "line", "step": "middle", "symbol": "none", "emphasis": {"disabled": True}}
        self.add({**usual, **look, "data": [first, *rows, last]}, "roundRect" if "areaStyle" in look else None)

    def mark(self, lines: Sequence[Line], zones: Sequence[Zone] = ()) -> None:
        """Draw zones and upright lines across the height; each has an entry in the legend, bands of lines too."""
        if self.ends is not None:
            values = [*self.ends, *(line.value for line in lines)]
            self.ends = min(values), max(values)
        for place, zone in enumerate(zones):
            self._band(zone.label, self._within(zone), 0.14, ("dotted", "dashed")[place % 2])
        for line in lines:
            stroke = {"color": line.colour, "width": 2, "type": DASHES.get(line.dash, "dashed")}
            self.beside(line.label, np.array([line.value, line.value]), np.array([0, TOP]), stroke)
            if line.low is not None and line.high is not None and line.high > line.low:
                self._band(line.band, Zone(line.band, line.low, line.high, line.colour), 0.22, "solid", width=0)

    def _within(self, zone: Zone) -> Zone:
        """The part of a zone that is on the horizontal axis."""
        if self.ends is None:
            return zone
        low, high = self.ends
        return replace(zone, low=min(max(zone.low, low), high), high=max(min(zone.high, high), low))

    def beside(self, name: str, x: npt.NDArray[Any], y: npt.NDArray[Any], stroke: Mapping[str, Any]) -> None:
        """A line on the hidden axis from 0 to 1."""
        self.add({**_quiet(name), "data": _pairs(x, y), "itemStyle": {"color": stroke["color"]}, "lineStyle": stroke})

    def _band(self, name: str, zone: Zone, opacity: float, edge: str, width: int = 1) -> None:
        x, y = np.array([zone.low, zone.low, zone.high, zone.high]), np.array([0, TOP, TOP, 0])
        look = {
            "itemStyle": {"color": zone.colour, "opacity": 2.5 * opacity},
            "areaStyle": {"color": zone.colour, "opacity": opacity},
            "lineStyle": {"color": zone.colour, "width": width, "type": edge},
        }
        self.add({**_quiet(name), **look, "data": _pairs(x, y), "z": 1}, "roundRect")


def _quiet(name: str) -> dict[str, Any]:
    return {"type": "line", "name": name, "yAxisIndex": BESIDE, "symbol": "none", "silent": True,
            "emphasis": {"disabled": True}, "tooltip": {"show": False}}  # fmt: skip


def _pairs(x: npt.NDArray[Any], y: npt.NDArray[Any]) -> list[list[float]]:
    return [list(pair) for pair in zip(rounded(x), rounded(y, 4), strict=True)]


def _axis(title: str, gap: int) -> dict[str, Any]:
    return {"type": "value", "name": title, "nameLocation": "middle", "nameGap": gap,
            "axisLabel": {"hideOverlap": True}}  # fmt: skip


def _height(named: Sequence[Mapping[str, Any]], width: int) -> int:
    """Pixels that the legend takes above a chart of that width: a letter of it is about 6.6 pixels wide."""
    rows, used = 1, 0.0
    for entry in named:
        wide = 44 + 6.6 * len(entry["name"])
        rows, used = (rows + 1, wide) if used and used + wide > width else (rows, used + wide)
    return 10 + 24 * rows
