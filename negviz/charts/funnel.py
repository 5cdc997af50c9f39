"""Funnel of a selection."""

from collections.abc import Sequence

import plotly.graph_objects as go

from negviz.charts import CHARTS, REFUSED, TAKEN
from negviz.charts._figure import Draft, plain


@CHARTS.register("Funnel")
def funnel(candidates: int, stages: Sequence[tuple[str, int, int]]) -> go.Figure:
    """Show how many candidates are left after each stage, and how many it removed.

    Args:
        candidates: Candidates at the start.
        stages: (name, removed, left) in order; stages that remove nothing can be left out.
    """
    names = ["candidates", *(name for name, _, _ in stages)]
    labels = [plain(name) for name in names]
    layout = {"barmode": "stack", "bargap": 0.25, "hovermode": "y unified"}
    draft = Draft("candidates", "", 90 + 34 * len(names), layout)
    draft.layout["yaxis"] = {"autorange": "reversed", "type": "category"}
    draft.traces = [
        {
            "type": "bar", "orientation": "h", "y": labels, "x": [candidates, *(left for _, _, left in stages)],
            "name": "Left after it", "marker": {"color": TAKEN}, "hovertemplate": "%{x:,}",
        },
        {
            "type": "bar", "orientation": "h", "y": labels, "x": [0, *(removed for _, removed, _ in stages)],
            "name": "Removed by it", "hovertemplate": "%{x:,}",
            "marker": {"color": REFUSED, "opacity": 0.5, "pattern": {"shape": "/"}},
        },
    ]  # fmt: skip
    return draft.figure()
