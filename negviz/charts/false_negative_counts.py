"""False negatives per query."""

from collections.abc import Sequence

import plotly.graph_objects as go

from negviz.charts import CHARTS, FALSE_NEGATIVE, REFUSED, SOFT
from negviz.charts._figure import Draft, Numbers


@CHARTS.register("False negatives per query")
def false_negative_counts(queries: Numbers, published: Sequence[float], limit: int | None = None) -> go.Figure:
    """Show how many queries have how many false negatives, on a logarithmic axis, beside a published distribution.

    Args:
        queries: (most + 1,) number of queries with 0, 1, ... of them.
        published: Shares of affected queries with 1, 2, ...; drawn for as many affected queries as there are here.
        limit: A query with more of them is dropped.
    """
    affected = float(sum(int(count) for count in queries[1:]))
    draft = Draft("candidates found relevant", "queries (logarithmic)", 320, {"bargap": 0.15, "hovermode": "closest"})
    draft.layout["xaxis"] = {"dtick": max(1, len(queries) // 12)}
    top = max((int(count) for count in queries), default=1)
    draft.layout["yaxis"] = {"type": "log", "dtick": 1, "range": [-0.3, len(str(max(top, 1))) + 0.1]}
    within = [limit is None or place <= limit for place in range(len(queries))]
    for wanted, name, colour, sign in ((True, "Queries", REFUSED, ""), (False, "Dropped queries", FALSE_NEGATIVE, "/")):
        places = [place for place, kept in enumerate(within) if kept is wanted and queries[place]]
        if places:
            draft.traces.append({
                "type": "bar", "name": name, "x": places, "y": [int(queries[place]) for place in places],
                "showlegend": True, "marker": {"color": colour, "pattern": {"shape": sign}},
                "hovertemplate": "%{x} found: %{y:,} queries<extra></extra>",
            })  # fmt: skip
    if affected:
        draft.traces.append({
            "type": "scatter", "mode": "lines+markers", "name": "RLHN's shares, on other data", "showlegend": True,
            "x": list(range(1, len(published) + 1)), "y": [affected * share for share in published],
            "line": {"color": SOFT, "dash": "dot"}, "marker": {"symbol": "diamond-open", "size": 9},
            "hovertemplate": "%{x} found: %{y:.1f} queries, were the shares those of RLHN<extra></extra>",
        })  # fmt: skip
    return draft.figure()
