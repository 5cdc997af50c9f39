"""Slopes: scores before and after."""

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from negviz.arrays import Floats
from negviz.charts import CHARTS, FALSE_NEGATIVE, TAKEN
from negviz.charts._figure import Draft, plain


@CHARTS.register("Slope chart")
def slope(
    before: Floats, after: Floats, refused: Sequence[bool], ends: tuple[str, str], floor: float, axis: str
) -> go.Figure:
    """Join each candidate's score at two times; those that a rule refuses are dashed and end in a cross.

    Args:
        before: (candidates,) scores at the first time.
        after: (candidates,) scores at the second.
        refused: Whether the rule refuses each.
        ends: Names of the two times.
        floor: Level below which the rule can refuse.
        axis: Title of the score axis.
    """
    layout: dict[str, Any] = {
        "hovermode": "closest",
        "xaxis": {"tickvals": [0, 1], "ticktext": [plain(end) for end in ends], "range": [-0.15, 1.15],
                  "showgrid": False, "zeroline": False},
        "yaxis": {"rangemode": "normal", "zeroline": False},
    }  # fmt: skip
    draft = Draft("", axis, 380, layout)
    for wanted, name, colour, dash, sign in (
        (False, "Still hard", TAKEN, "solid", "circle"),
        (True, "No longer hard", FALSE_NEGATIVE, "dot", "x"),
    ):
        pairs = [(one, two) for one, two, out in zip(before, after, refused, strict=True) if out is wanted]
        draft.traces.append({
            "type": "scatter", "mode": "lines+markers", "name": f"{name} ({len(pairs)})", "showlegend": True,
            "x": [x for _ in pairs for x in (0, 1, None)], "y": [y for pair in pairs for y in (*pair, None)],
            "line": {"color": colour, "width": 1.5, "dash": dash}, "marker": {"symbol": sign, "size": 8},
            "hovertemplate": f"{name.lower()}: %{{y:.3f}}<extra></extra>",
        })  # fmt: skip
    draft.traces.append({
        "type": "scatter", "mode": "lines", "x": [-0.15, 1.15], "y": [floor, floor], "name": f"Floor {floor:g}",
        "line": {"color": FALSE_NEGATIVE, "width": 1, "dash": "dash"}, "hoverinfo": "skip",
    })  # fmt: skip
    return draft.figure()
