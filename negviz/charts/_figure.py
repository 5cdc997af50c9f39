"""What the figures share: frame, marked lines and zones, and steps of a histogram."""

import html
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from negviz.charts import Line, Zone

Numbers = npt.NDArray[np.float64] | npt.NDArray[np.int32]


def plain(text: str) -> str:
    """A name as Plotly shows it: signs that it would read as markup or mathematics are taken away."""
    return html.escape(text).replace("$", "＄")


def figure(x: str, y: str, height: int = 300) -> go.Figure:
    """An empty figure with titled axes and the legend above."""
    made = go.Figure()
    made.update_layout(
        height=height,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        bargap=0,
        barmode="overlay",
        hovermode="x unified",
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.02, "x": 0},
        xaxis={"title": {"text": plain(x)}, "automargin": True},
        yaxis={"title": {"text": plain(y)}, "automargin": True, "rangemode": "tozero"},
    )
    return made


def mark(made: go.Figure, lines: Sequence[Line], zones: Sequence[Zone] = ()) -> go.Figure:
    """Draw zones and lines across the height of a figure; each has an entry in the legend."""
    for zone in zones:
        _band(made, zone.label, zone.low, zone.high, zone.colour, 0.14, named=True)
    for line in lines:
        if line.low is not None and line.high is not None and line.high > line.low:
            _band(made, line.label, line.low, line.high, line.colour, 0.22, named=False)
        made.add_shape(
            type="line",
            xref="x",
            yref="paper",
            x0=line.value,
            x1=line.value,
            y0=0,
            y1=1,
            name=plain(line.label),
            showlegend=True,
            line={"color": line.colour, "width": 2, "dash": line.dash},
        )
    return made


def _band(made: go.Figure, label: str, low: float, high: float, colour: str, opacity: float, *, named: bool) -> None:
    made.add_shape(
        type="rect",
        xref="x",
        yref="paper",
        x0=low,
        x1=high,
        y0=0,
        y1=1,
        name=plain(label),
        showlegend=named,
        fillcolor=colour,
        opacity=opacity,
        line={"width": 0},
        layer="below",
    )


def percentages(counts: Numbers) -> npt.NDArray[np.float32]:
    """Counts as percentages of their sum; zeros where there is nothing."""
    total = int(counts.sum())
    return (counts * (100.0 / total) if total else np.zeros(len(counts))).astype(np.float32)


def bars(made: go.Figure, edges: npt.NDArray[np.float64], counts: Numbers, name: str, colour: str) -> None:
    """Bars of a histogram as percentages of its total."""
    centres = ((edges[:-1] + edges[1:]) / 2).astype(np.float32)
    made.add_bar(
        x=centres,
        y=percentages(counts),
        width=float(edges[1] - edges[0]),
        name=name,
        customdata=counts,
        marker={"color": colour, "opacity": 0.55, "line": {"width": 0}},
        hovertemplate="%{y:.2f}% (%{customdata:,})",
    )


def outline(
    made: go.Figure, edges: npt.NDArray[np.float64], counts: Numbers, name: str, colour: str, dash: str = "solid"
) -> None:
    """Outline of a histogram as percentages of its total."""
    centres = ((edges[:-1] + edges[1:]) / 2).astype(np.float32)
    made.add_scatter(
        x=centres,
        y=percentages(counts),
        name=name,
        mode="lines",
        customdata=counts,
        line={"color": colour, "width": 2, "shape": "hvh", "dash": dash},
        hovertemplate="%{y:.2f}% (%{customdata:,})",
    )
