"""Histogram of the distance to the positive."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from negviz.charts import CHARTS, POSITIVE, REFUSED, SOFT, TAKEN, Line, Zone
from negviz.charts._figure import Draft, Numbers


@CHARTS.register("Histogram of the distance to the positive")
def margin_histogram(
    edges: npt.NDArray[np.float64],
    candidates: Numbers,
    taken: Numbers,
    axis: str,
    *,
    lines: Sequence[Line] = (),
    zones: Sequence[Zone] = (),
    curve: tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]] | None = None,
) -> go.Figure:
    """Show how far below or above their query's positive the candidates score.

    Args:
        edges: (bins + 1,) limits of the bins.
        candidates: (bins,) counts of candidates.
        taken: (bins,) counts of taken negatives.
        axis: Title of the distance axis.
        lines: Limits to draw; the positive itself is always drawn.
        zones: Intervals to shade.
        curve: Distances and the weight at each, drawn on an axis of its own from 0 to 1.
    """
    draft = Draft(axis, "share of each group, %")
    draft.bars(edges, candidates, "Candidates", REFUSED)
    draft.outline(edges, taken, "Taken", TAKEN)
    if curve is not None:
        draft.traces.append({
            "type": "scatter", "x": curve[0], "y": curve[1], "name": "Weight", "mode": "lines", "yaxis": "y2",
            "hovertemplate": "%{y:.3f}", "line": {"color": SOFT, "width": 2, "dash": "dashdot"},
        })  # fmt: skip
        draft.layout["yaxis2"] = {
            "overlaying": "y", "side": "right", "range": [0, 1.05], "showgrid": False, "tickvals": [0, 0.5, 1],
            "title": {"text": "weight"},
        }  # fmt: skip
    draft.mark([Line("Positive", 0.0, POSITIVE, "solid"), *lines], zones)
    return draft.figure()
