"""Negatives kept per query."""

import plotly.graph_objects as go

from negviz.charts import CHARTS, FALSE_NEGATIVE, TAKEN
from negviz.charts._figure import Numbers, figure


@CHARTS.register("Negatives per query")
def kept_per_query(queries: Numbers, count: int) -> go.Figure:
    """Show how many queries got how many negatives; those with fewer than wanted are hatched.

    Args:
        queries: (count + 1,) number of queries that got 0, 1, ... negatives.
        count: Negatives wanted.
    """
    made = figure("negatives taken", "queries", height=260)
    full = [place >= count for place in range(len(queries))]
    made.add_bar(
        x=list(range(len(queries))),
        y=queries,
        hovertemplate="%{y:,} queries<extra></extra>",
        marker={
            "color": [TAKEN if done else FALSE_NEGATIVE for done in full],
            "pattern": {"shape": ["" if done else "/" for done in full]},
        },
    )
    made.update_layout(bargap=0.15, hovermode="closest", showlegend=False)
    made.update_xaxes(dtick=max(1, len(queries) // 12))
    return made
