"""Hardest in-batch negative against batch size."""

import plotly.graph_objects as go

from negviz.arrays import Floats, Ints
from negviz.charts import CHARTS, POSITIVE, TAKEN
from negviz.charts._figure import Draft, plain
from negviz.charts.collision_curve import size_axis


@CHARTS.register("Hardest in-batch negative against batch size")
def hardest_curve(
    sizes: Ints, scores: Floats, percentiles: Floats, positive: float, axis: str, *, now: int | None = None
) -> go.Figure:
    """Show how the hardest document of a batch comes closer to the positive as batches grow.

    Args:
        sizes: (sizes,) rows a batch.
        scores: (sizes,) median score of the hardest.
        percentiles: (sizes,) its median percentile among all rows' documents.
        positive: Median score of the positives.
        axis: Title of the score axis.
        now: Rows of the recipe's batch, marked by a line.
    """
    layout = size_axis(sizes, now)
    layout["yaxis"] = {"rangemode": "normal"}
    draft = Draft("rows in the batch (documents gathered)", plain(axis), 280, layout)
    draft.traces = [
        {
            "type": "scatter", "mode": "lines+markers", "name": "Hardest in the batch (median)", "x": sizes,
            "y": scores, "customdata": percentiles, "line": {"color": TAKEN, "width": 2}, "marker": {"size": 6},
            "hovertemplate": "%{y:.3f}, harder than %{customdata:.1f}% of all documents",
        },
        {
            "type": "scatter", "mode": "lines", "name": "Positive (median)", "x": [int(sizes[0]), int(sizes[-1])],
            "y": [positive, positive], "line": {"color": POSITIVE, "width": 2, "dash": "dot"},
            "hovertemplate": "%{y:.3f}",
        },
    ]  # fmt: skip
    return draft.figure()
