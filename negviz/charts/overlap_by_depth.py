"""Overlap of two rankings against their depth."""

from collections.abc import Sequence

import plotly.graph_objects as go

from negviz.arrays import Floats
from negviz.charts import CHARTS, FALSE_NEGATIVE, TAKEN
from negviz.charts._figure import Draft, plain

LOOKS = ((TAKEN, "solid"), (FALSE_NEGATIVE, "dash"))


@CHARTS.register("Overlap by depth")
def overlap_by_depth(depths: Sequence[int], curves: Sequence[tuple[str, Floats]]) -> go.Figure:
    """Show how much of the top k two rankings share, for every k.

    Args:
        depths: The k.
        curves: Name and (depths,) overlap of each, from 0 to 1; two at most.
    """
    layout = {"yaxis": {"range": [0, 1.03], "tickformat": ".0%"}, "xaxis": {"rangemode": "tozero"}}
    draft = Draft("length k of the lists", "shared documents (Jaccard)", 280, layout)
    for (name, overlap), (colour, dash) in zip(curves, LOOKS, strict=False):
        draft.traces.append({
            "type": "scatter", "mode": "lines+markers", "x": list(depths), "y": overlap, "name": plain(name),
            "showlegend": True, "line": {"color": colour, "width": 2, "dash": dash}, "hovertemplate": "%{y:.1%}",
        })  # fmt: skip
    return draft.figure()
