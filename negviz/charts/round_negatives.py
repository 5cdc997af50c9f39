"""What becomes of the negatives from round to round."""

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from negviz.charts import CHARTS
from negviz.charts._figure import Draft, plain
from negviz.charts.learning_curve import LOOKS

HEIGHT = 370


@CHARTS.register("Negatives by round")
def round_negatives(
    rounds: Sequence[int], curves: Mapping[str, Sequence[float | None]], axis: str, *, shares: bool = True
) -> go.Figure:
    """Show some numbers of each round's negatives.

    Args:
        rounds: Numbers of the rounds, from 1.
        curves: By name a value for each round, None where it is not known.
        axis: Title of the vertical axis.
        shares: Whether the values are shares from 0 to 1.
    """
    draft = Draft("round", axis, HEIGHT)
    # Each name has a line of its own, so that none is cut on a narrow screen.
    draft.layout["legend"] = {"orientation": "v", "yanchor": "bottom", "y": 1.02, "x": 0, "traceorder": "normal"}
    draft.layout["xaxis"] = {"dtick": max(1, len(rounds) // 10), "zeroline": False}
    draft.layout["yaxis"] = (
        {"range": [-0.02, 1.04], "tickformat": ".0%", "zeroline": False}
        if shares
        else {"rangemode": "normal", "zeroline": False}
    )
    for (name, values), (colour, dash, sign) in zip(curves.items(), LOOKS, strict=False):
        known = [(number, value) for number, value in zip(rounds, values, strict=True) if value is not None]
        draft.traces.append({
            "type": "scatter", "mode": "lines+markers", "name": plain(name), "showlegend": True,
            "x": [number for number, _ in known], "y": [value for _, value in known],
            "line": {"color": colour, "width": 2, "dash": dash}, "marker": {"symbol": sign, "size": 8},
            "hovertemplate": "%{y:.1%}" if shares else "%{y:+.3f}",
        })  # fmt: skip
    return draft.figure()
