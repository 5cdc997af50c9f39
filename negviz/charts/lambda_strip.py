"""Weight by rank: who gets the gradient."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from negviz.arrays import Floats, Ints
from negviz.charts import CHARTS, POSITIVE, SOFT, TAKEN
from negviz.charts._figure import Draft


@CHARTS.register("Lambda strip")
def lambda_strip(
    ranks: Ints, shares: Floats, positives: Sequence[int], middles: npt.NDArray[np.float64], usual: Floats
) -> go.Figure:
    """Show the share of its query's weight that each candidate has, with the ranks of the positives.

    Args:
        ranks: (candidates,) rank of each candidate of one query, 0 is best.
        shares: (candidates,) of the query's weight, 0 to 1.
        positives: Ranks of the query's positives that were found.
        middles: (bins,) middle rank of some bins.
        usual: (bins,) mean share that one rank of the bin has over all queries.
    """
    draft = Draft("rank (0 is the nearest)", "share of weight, %", 280, {"hovermode": "closest"})
    draft.traces = [
        {
            "type": "bar", "x": ranks, "y": 100 * shares, "name": "This query", "marker": {"color": TAKEN},
            "hovertemplate": "rank %{x}: %{y:.3g}%<extra></extra>",
        },
        {
            "type": "scatter", "mode": "lines", "x": middles, "y": 100 * usual, "name": "Mean of all queries",
            "line": {"color": SOFT, "width": 2, "dash": "dash"},
            "hovertemplate": "around rank %{x:.0f}: %{y:.3g}% each<extra></extra>",
        },
    ]  # fmt: skip
    if positives:
        draft.traces.append({
            "type": "scatter", "mode": "markers", "x": list(positives), "y": [0.0] * len(positives),
            "name": "Labelled positive", "cliponaxis": False,
            "marker": {"color": POSITIVE, "symbol": "diamond", "size": 12},
            "hovertemplate": "labelled positive, rank %{x}<extra></extra>",
        })  # fmt: skip
    return draft.figure()
