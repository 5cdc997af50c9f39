"""Funnel of a selection."""

from collections.abc import Sequence

import plotly.graph_objects as go

from negviz.charts import CHARTS, REFUSED, TAKEN
from negviz.charts._figure import figure, plain


@CHARTS.register("Funnel")
def funnel(candidates: int, stages: Sequence[tuple[str, int, int]]) -> go.Figure:
    """Show how many candidates are left after each stage, and how many it removed.

    Args:
        candidates: Candidates at the start.
        stages: (name, removed, left) in order; stages that remove nothing can be left out.
    """
    names = ["candidates", *(name for name, _, _ in stages)]
    left = [candidates, *(after for _, _, after in stages)]
    removed = [0, *(gone for _, gone, _ in stages)]
    made = figure("candidates", "", height=90 + 34 * len(names))
    labels = [plain(name) for name in names]
    made.add_bar(
        y=labels, x=left, orientation="h", name="Left after it", marker={"color": TAKEN}, hovertemplate="%{x:,}"
    )
    made.add_bar(
        y=labels,
        x=removed,
        orientation="h",
        name="Removed by it",
        hovertemplate="%{x:,}",
        marker={"color": REFUSED, "opacity": 0.5, "pattern": {"shape": "/"}},
    )
    made.update_layout(barmode="stack", bargap=0.25, hovermode="y unified")
    made.update_yaxes(autorange="reversed", type="category")
    return made
