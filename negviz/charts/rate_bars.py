"""Shares with their intervals, a row a group."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from negviz.arrays import Floats
from negviz.charts import CHARTS, FALSE_NEGATIVE, REFUSED
from negviz.charts._figure import Draft, plain

ROW = 26


@CHARTS.register("Shares with their intervals")
def rate_bars(
    names: Sequence[str],
    rates: Floats,
    low: Floats,
    high: Floats,
    answers: Sequence[int],
    *,
    limit: float | None = None,
) -> go.Figure:
    """Show measured shares as points with their intervals; a group without answers has none.

    Args:
        names: Of the groups, drawn from top to bottom.
        rates: (groups,) shares, NaN where unknown.
        low: (groups,) lower ends.
        high: (groups,) upper ends.
        answers: On how many answers each rests.
        limit: A share to compare with, drawn across.
    """
    rows = list(range(len(names)))
    layout = {"hovermode": "closest", "showlegend": False}
    line = f" (dotted: {limit:.0%})" if limit is not None else ""
    draft = Draft(f"false, %{line}", "", 90 + ROW * len(rows), layout)
    draft.layout["yaxis"] = {
        "tickvals": rows, "ticktext": [plain(name) for name in names], "range": [len(rows) - 0.5, -0.5],
        "showgrid": False, "zeroline": False, "rangemode": "normal",
    }  # fmt: skip
    top = float(np.nanmax(np.append(high, limit or 0.0)))
    draft.layout["xaxis"] = {"range": [-2 * max(top, 0.01), min(102.0, 105 * max(top, 0.01))], "zeroline": False}
    if limit is not None:
        draft.layout["shapes"] = [{
            "type": "line", "x0": 100 * limit, "x1": 100 * limit, "y0": 0, "y1": 1, "yref": "paper",
            "line": {"color": REFUSED, "width": 2, "dash": "dot"},
        }]  # fmt: skip
    texts = [f"{rate:.1%} ({least:.1%} to {most:.1%}), {count:,} answers"
             for rate, least, most, count in zip(rates, low, high, answers, strict=True)]  # fmt: skip
    draft.traces.append({
        "type": "scatter", "mode": "markers", "x": 100 * rates, "y": rows, "customdata": texts,
        "marker": {"color": FALSE_NEGATIVE, "size": 9},
        "error_x": {"type": "data", "symmetric": False, "array": 100 * (high - rates),
                    "arrayminus": 100 * (rates - low), "color": FALSE_NEGATIVE, "thickness": 2, "width": 5},
        "hovertemplate": "%{customdata}<extra></extra>",
    })  # fmt: skip
    return draft.figure()
