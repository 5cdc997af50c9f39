"""Verdicts along the list."""

from collections.abc import Sequence

import plotly.graph_objects as go

from negviz.arrays import Ints
from negviz.charts import CHARTS, DISPUTED, FALSE_NEGATIVE, POSITIVE, REFUSED
from negviz.charts._figure import Draft

LOOKS = ((REFUSED, ""), (DISPUTED, "/"), (FALSE_NEGATIVE, "x"), (POSITIVE, "."))


@CHARTS.register("Verdicts along the list")
def verdict_ladder(stretches: Sequence[str], names: Sequence[str], counts: Ints) -> go.Figure:
    """Show how many candidates got which verdict, from the nearest ranks to the farthest.

    Args:
        stretches: Name of each stretch of ranks.
        names: Name of each verdict.
        counts: (verdicts, stretches).
    """
    layout = {"barmode": "stack", "bargap": 0.2, "hovermode": "x unified"}
    draft = Draft("rank", "candidates judged", 300, layout)
    draft.layout["xaxis"] = {"type": "category"}
    for name, row, (colour, sign) in zip(names, counts, LOOKS, strict=False):
        draft.traces.append({
            "type": "bar", "name": name, "x": list(stretches), "y": row.tolist(), "showlegend": True,
            "marker": {"color": colour, "pattern": {"shape": sign}}, "hovertemplate": "%{y:,}",
        })  # fmt: skip
    return draft.figure()
