"""What the figures share: a draft that gathers traces and marks, and is checked by Plotly once, at the end."""

import html
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from negviz.charts import Line, Zone

Numbers = npt.NDArray[np.float64] | npt.NDArray[np.int32]


def plain(text: str) -> str:
    """A name as Plotly shows it: signs that it would read as markup or mathematics are taken away."""
    return html.escape(text).replace("$", "＄")


def percentages(counts: Numbers) -> npt.NDArray[np.float32]:
    """Counts as percentages of their sum; zeros where there is nothing."""
    total = int(counts.sum())
    return (counts * (100.0 / total) if total else np.zeros(len(counts))).astype(np.float32)


@dataclass
class Draft:
    """A figure in the making. Adding to a Plotly figure checks the whole of it each time, which a slider cannot afford.

    Attributes:
        x: Title of the horizontal axis.
        y: Title of the vertical axis.
        height: Pixels.
        layout: What differs from the usual layout.
    """

    x: str
    y: str
    height: int = 300
    layout: dict[str, Any] = field(default_factory=dict)
    traces: list[dict[str, Any]] = field(default_factory=list)
    shapes: list[dict[str, Any]] = field(default_factory=list)

    def figure(self) -> go.Figure:
        """The figure, with titled axes and the legend above."""
        usual: dict[str, Any] = {
            "height": self.height,
            "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
            "bargap": 0,
            "barmode": "overlay",
            "hovermode": "x unified",
            "legend": {"orientation": "h", "yanchor": "bottom", "y": 1.02, "x": 0},
        }
        axes = {
            "xaxis": {"title": {"text": plain(self.x)}, "automargin": True, **self.layout.get("xaxis", {})},
            "yaxis": {
                "title": {"text": plain(self.y)},
                "automargin": True,
                "rangemode": "tozero",
                **self.layout.get("yaxis", {}),
            },
        }
        return go.Figure(data=self.traces, layout={**usual, **self.layout, **axes, "shapes": self.shapes})

    def mark(self, lines: Sequence[Line], zones: Sequence[Zone] = ()) -> None:
        """Draw zones and lines across the height; each has an entry in the legend."""
        for zone in zones:
            self._band(zone.label, zone.low, zone.high, zone.colour, 0.14, named=True)
        for line in lines:
            if line.low is not None and line.high is not None and line.high > line.low:
                self._band(line.label, line.low, line.high, line.colour, 0.22, named=False)
            stroke = {"color": line.colour, "width": 2, "dash": line.dash}
            self.shapes.append(_across(line.label, line.value, line.value) | {"type": "line", "line": stroke})

    def _band(self, label: str, low: float, high: float, colour: str, opacity: float, *, named: bool) -> None:
        look = {"type": "rect", "fillcolor": colour, "opacity": opacity, "line": {"width": 0}, "layer": "below"}
        self.shapes.append(_across(label, low, high) | look | {"showlegend": named})

    def bars(self, edges: npt.NDArray[np.float64], counts: Numbers, name: str, colour: str) -> None:
        """Bars of a histogram as percentages of its total."""
        self.traces.append({
            **_shares(edges, counts, name),
            "type": "bar",
            "width": float(edges[1] - edges[0]),
            "marker": {"color": colour, "opacity": 0.55, "line": {"width": 0}},
        })  # fmt: skip

    def outline(
        self, edges: npt.NDArray[np.float64], counts: Numbers, name: str, colour: str, dash: str = "solid"
    ) -> None:
        """Outline of a histogram as percentages of its total."""
        self.traces.append({
            **_shares(edges, counts, name),
            "type": "scatter",
            "mode": "lines",
            "line": {"color": colour, "width": 2, "shape": "hvh", "dash": dash},
        })  # fmt: skip


def _across(label: str, low: float, high: float) -> dict[str, Any]:
    place = {"xref": "x", "yref": "paper", "x0": low, "x1": high, "y0": 0, "y1": 1}
    return {**place, "name": plain(label), "showlegend": True}


def _shares(edges: npt.NDArray[np.float64], counts: Numbers, name: str) -> dict[str, Any]:
    return {
        "x": ((edges[:-1] + edges[1:]) / 2).astype(np.float32),
        "y": percentages(counts),
        "customdata": counts,
        "name": name,
        "hovertemplate": "%{y:.2f}% (%{customdata:,})",
    }
