"""A measure after each round, a line for each thing that is compared."""

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from negviz.charts import CHARTS, DISPUTED, FALSE_NEGATIVE, POSITIVE, QUERY, SOFT, TAKEN
from negviz.charts._figure import Draft, plain

# Told apart by dash and sign, too, for whoever sees no colours.
LOOKS = (
    (TAKEN, "solid", "circle"),
    (FALSE_NEGATIVE, "dash", "triangle-up"),
    (POSITIVE, "dot", "diamond"),
    (QUERY, "dashdot", "square"),
    (SOFT, "longdash", "x"),
    (DISPUTED, "solid", "star"),
)
LONGEST = 44
# Least height of the vertical axis: over some hundred queries less than this is mostly chance, and should look so.
LEAST = 0.04


@dataclass(frozen=True)
class Curve:
    """What is drawn of one of them.

    Attributes:
        name: What it is called.
        rounds: Numbers of the rounds; 0 is before training.
        values: Mean after each.
        spread: Standard deviation between seeds after each, None where there is one seed.
    """

    name: str
    rounds: Sequence[int]
    values: Sequence[float]
    spread: Sequence[float | None] = ()


@CHARTS.register("Learning curves")
def learning_curve(curves: Sequence[Curve], axis: str) -> go.Figure:
    """Show how a measure goes from round to round, with a band of one standard deviation between seeds.

    Args:
        curves: Six at most can be told apart.
        axis: Name of the measure.
    """
    last = max((number for curve in curves for number in curve.rounds), default=1)
    draft = Draft("round (0 is before training)", axis, 300 + 22 * len(curves))
    draft.layout["xaxis"] = {"dtick": max(1, last // 10), "range": [-0.1, max(last, 1) + 0.1], "zeroline": False}
    draft.layout["yaxis"] = {"rangemode": "normal", "zeroline": False} | _ends(curves)
    # Names are long: below the plot each has a line of its own on a narrow screen.
    draft.layout["legend"] = {"orientation": "v", "yanchor": "bottom", "y": 1.02, "x": 0, "traceorder": "normal"}
    for place, curve in enumerate(curves):
        colour, dash, sign = LOOKS[place % len(LOOKS)]
        draft.traces += _band(curve, colour)
        draft.traces.append({
            "type": "scatter", "mode": "lines+markers", "name": plain(cut(curve.name)), "showlegend": True,
            "x": list(curve.rounds), "y": list(curve.values), "line": {"color": colour, "width": 2, "dash": dash},
            "marker": {"symbol": sign, "size": 8}, "hovertemplate": "%{y:.3f}",
        })  # fmt: skip
    return draft.figure()


def _ends(curves: Sequence[Curve]) -> dict[str, object]:
    """Ends of the vertical axis where the curves are so near to each other that chance would fill the plot."""
    values = [value for curve in curves for value in curve.values]
    if not values or max(values) - min(values) >= LEAST:
        return {}
    middle = (max(values) + min(values)) / 2
    # Bands and points at the edge are not cut off.
    top = min(middle + 0.6 * LEAST, 1.002)
    return {"range": [top - 1.2 * LEAST, top]}


def cut(name: str) -> str:
    """A name that leaves room for the chart."""
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 12]}…{name[-10:]}"


def _band(curve: Curve, colour: str) -> list[dict[str, object]]:
    """One standard deviation to both sides, where there are several seeds."""
    known = [
        (number, value, spread)
        for number, value, spread in zip(curve.rounds, curve.values, curve.spread or (), strict=False)
        if spread is not None
    ]
    if len(known) < 2:
        return []
    red, green, blue = (int(colour[start : start + 2], 16) for start in (1, 3, 5))
    x = [number for number, _, _ in known]
    edge = {"type": "scatter", "mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "showlegend": False, "x": x}
    return [
        {**edge, "y": [value - spread for _, value, spread in known]},
        {**edge, "y": [value + spread for _, value, spread in known], "fill": "tonexty",
         "fillcolor": f"rgba({red}, {green}, {blue}, 0.13)"},
    ]  # fmt: skip
