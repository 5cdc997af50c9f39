"""Judged irrelevance by rank."""

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from negviz.arrays import Floats, Ints
from negviz.charts import CHARTS, SOFT, TAKEN
from negviz.charts._figure import Draft


@CHARTS.register("Irrelevance by rank")
def irrelevance_by_rank(
    middles: npt.NDArray[np.float64], judged: Ints, share: Floats, low: Floats, high: Floats, pi: Floats
) -> go.Figure:
    """Show how often a judged candidate was not relevant, with its interval, and the curve fitted to it.

    Args:
        middles: (bins,) middle rank of each bin.
        judged: (bins,) judged candidates.
        share: (bins,) of them not relevant, NaN where nothing was judged.
        low: (bins,) lower end of the interval.
        high: (bins,) upper end.
        pi: (ranks,) the estimate that draws.
    """
    layout = {"yaxis": {"range": [0, 1.04], "tickformat": ".0%"}, "hovermode": "closest"}
    draft = Draft("rank (0 is the nearest)", "judged not relevant", 300, layout)
    here = judged > 0
    draft.traces = [
        {
            "type": "scatter", "mode": "lines", "x": np.arange(len(pi)), "y": pi, "name": "Estimate that draws",
            "line": {"color": SOFT, "width": 2}, "hovertemplate": "rank %{x}: %{y:.1%}<extra></extra>",
        },
        {
            "type": "scatter", "mode": "markers", "x": middles[here], "y": share[here],
            "name": "Judged, with 95% interval", "marker": {"color": TAKEN, "size": 9},
            "error_y": {
                "type": "data", "symmetric": False, "array": (high - share)[here], "arrayminus": (share - low)[here],
                "color": TAKEN, "thickness": 1.5,
            },
            "customdata": np.stack([judged[here], low[here], high[here]], axis=1),
            "hovertemplate": "around rank %{x:.0f}: %{y:.1%} of %{customdata[0]} judged, "
            "%{customdata[1]:.1%} to %{customdata[2]:.1%}<extra></extra>",
        },
    ]  # fmt: skip
    return draft.figure()
