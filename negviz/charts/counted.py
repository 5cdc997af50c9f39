"""Counts by bin: histograms of one or a few groups, counted already."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import plotly.graph_objects as go

from negviz.arrays import Floats, Ints
from negviz.charts import CHARTS, REFUSED, TAKEN, Line
from negviz.charts._figure import Draft, plain
from negviz.charts._hatching import hatched

# A bar of one reaches above the axis.
LEAST = 0.6
LOOKS = ((TAKEN, ""), (REFUSED, "/"), ("#e8590c", "x"))


@CHARTS.register("Counts by bin")
def counted(
    edges: Floats,
    groups: Sequence[tuple[str, Ints]],
    *,
    x: str,
    y: str,
    shares: bool = False,
    lines: Sequence[Line] = (),
    curves: Sequence[tuple[str, Floats, str]] = (),
    log: bool = False,
    whole: bool = False,
) -> go.Figure:
    """Draw bars, of several groups behind each other.

    Args:
        edges: (bins + 1,) limits of the bins.
        groups: Up to three names of the program and (bins,) counts.
        x: Title of the horizontal axis.
        y: Title of the vertical axis.
        shares: Whether each group adds up to 100% instead.
        lines: Vertical lines.
        curves: Name, (bins,) heights and colour of curves drawn over the bars.
        log: Whether the vertical axis is logarithmic, where one bin would flatten all others.
        whole: Whether the horizontal axis counts things, so that it has whole numbers alone.
    """
    layout: dict[str, Any] = {"barmode": "overlay", "showlegend": len(groups) + len(curves) + len(lines) > 1}
    draft = Draft(x, y, 270, layout)
    names = [f"{low:.3g} to {high:.3g}" for low, high in pairwise(edges.tolist())]
    middle, width = (edges[:-1] + edges[1:]) / 2, np.diff(edges)
    for place, (name, counts) in enumerate(groups):
        colour, shape = LOOKS[place]
        height = 100 * counts / max(int(counts.sum()), 1) if shares else counts
        texts = [f"{bin_}: {count:,}" for bin_, count in zip(names, counts.tolist(), strict=True)]
        draft.traces.append({
            "type": "bar", "x": middle, "width": width * 0.96, "y": height, "name": plain(name), "customdata": texts,
            "marker": {"color": colour, "pattern": hatched(shape)}, "opacity": 0.85 if place == 0 else 0.55,
            "hovertemplate": "%{customdata}",
        })  # fmt: skip
    for name, heights, colour in curves:
        draft.traces.append({
            "type": "scatter", "mode": "lines", "x": middle, "y": heights, "name": plain(name),
            "line": {"color": colour, "width": 2.5}, "hovertemplate": "%{y:.1f}",
        })  # fmt: skip
    draft.layout["shapes"] = [
        {"type": "line", "x0": line.value, "x1": line.value, "y0": 0, "y1": 1, "yref": "paper",
         "line": {"color": line.colour, "width": 2, "dash": line.dash}}
        for line in lines
    ]  # fmt: skip
    # A line has no place in the legend, so a trace without points stands there for it.
    draft.traces += [
        {"type": "scatter", "mode": "lines", "x": [None], "y": [None], "name": plain(line.label),
         "line": {"color": line.colour, "width": 2, "dash": line.dash}, "hoverinfo": "skip"}
        for line in lines
    ]  # fmt: skip
    if log:
        top = max((int(counts.max(initial=1)) for _, counts in groups), default=1)
        ends = [math.log10(LEAST), math.log10(2 * max(top, 5))]
        draft.layout["yaxis"] = {"type": "log", "rangemode": "normal", "dtick": 1, "range": ends}
    if whole:
        draft.layout["xaxis"] = {"dtick": max(1, int(edges[-1] - edges[0]) // 12), "tick0": 0, "tickformat": ",d"}
    return draft.figure()
