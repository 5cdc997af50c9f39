"""Negatives kept per query."""

import plotly.graph_objects as go

from negviz.charts import CHARTS, FALSE_NEGATIVE, TAKEN
from negviz.charts._figure import Draft, Numbers

FEW = 5


@CHARTS.register("Negatives per query")
def kept_per_query(queries: Numbers, count: int) -> go.Figure:
    """Show how many queries got how many negatives; those with fewer than wanted are hatched.

    Args:
        queries: (count + 1,) number of queries that got 0, 1, ... negatives.
        count: Negatives wanted.
    """
    full = [place >= count for place in range(len(queries))]
    layout = {"bargap": 0.15, "hovermode": "closest", "showlegend": False}
    draft = Draft("negatives taken", "queries", 260, layout)
    draft.layout["xaxis"] = {"dtick": max(1, len(queries) // 12)}
    if max(queries, default=0) <= FEW:
        draft.layout["yaxis"] = {"dtick": 1}
    draft.traces.append({
        "type": "bar", "x": list(range(len(queries))), "y": queries,
        "hovertemplate": "%{y:,} queries<extra></extra>",
        "marker": {
            "color": [TAKEN if done else FALSE_NEGATIVE for done in full],
            "pattern": {"shape": ["" if done else "/" for done in full]},
        },
    })  # fmt: skip
    return draft.figure()
