"""Taken negatives by rank."""

from itertools import pairwise

import numpy as np
import plotly.graph_objects as go

from negviz.arrays import Ints
from negviz.charts import CHARTS, REFUSED, TAKEN
from negviz.charts._figure import Draft


@CHARTS.register("Taken by rank")
def taken_by_rank(edges: Ints, candidates: Ints, taken: Ints) -> go.Figure:
    """Compare which ranks the taken negatives have with the ranks that could be drawn; both add up to 100%.

    Args:
        edges: (bins + 1,) first rank of each bin, and the first rank beyond.
        candidates: (bins,) candidates that could be drawn.
        taken: (bins,) negatives taken.
    """
    names = [f"rank {low} to {high - 1}" for low, high in pairwise(edges.tolist())]
    draft = Draft("rank (0 is the nearest)", "share, %", 260, {"bargap": 0.06})
    middle, width = (edges[:-1] + edges[1:] - 1) / 2, np.diff(edges)
    draft.traces = [
        {
            "type": "bar", "x": middle, "width": width * 0.92, "y": _shares(taken), "name": "Taken",
            "marker": {"color": TAKEN}, "customdata": list(zip(names, taken.tolist(), strict=True)),
            "hovertemplate": "%{customdata[0]}: %{y:.1f}% (%{customdata[1]:,})",
        },
        {
            "type": "scatter", "mode": "lines", "line": {"shape": "hvh", "color": REFUSED, "width": 2, "dash": "dash"},
            "x": middle, "y": _shares(candidates), "name": "Could be drawn", "hovertemplate": "%{y:.1f}%",
        },
    ]  # fmt: skip
    return draft.figure()


def _shares(counts: Ints) -> list[float]:
    total = max(int(counts.sum()), 1)
    return [round(100 * count / total, 3) for count in counts.tolist()]
