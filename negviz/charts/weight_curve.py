"""Weight curve: what losses press on the candidates of one query, over their scores."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from negviz.arrays import Bools, Floats
from negviz.charts import CHARTS, DISPUTED, FALSE_NEGATIVE, POSITIVE, QUERY, REFUSED, SOFT, TAKEN, Line, Zone
from negviz.charts._option import DASHES, Sketch, rounded

LEAST = 0.01
NOTHING = "-"
TICKS = "Candidates"
INSIDE = "Candidates in the disputed zone"
# Colour, dash and width, in the order in which curves are given.
LOOKS = (
    (TAKEN, "solid", 4), (SOFT, "solid", 2), (FALSE_NEGATIVE, "dash", 2), (QUERY, "dashdot", 2),
    (POSITIVE, "dash", 2), (POSITIVE, "dot", 2), (DISPUTED, "solid", 2), (REFUSED, "dashdot", 2),
    ("#9775fa", "dash", 2), (SOFT, "dot", 2),
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Curve:
    """What one loss presses on each candidate.

    Attributes:
        name: What it is called.
        shares: (candidates,) share of all that it presses, summing to 1, or all 0.
    """

    name: str
    shares: Floats


@CHARTS.register("Weight against score")
def weight_curve(
    scores: Floats,
    curves: Sequence[Curve],
    axis: str,
    *,
    positive: float,
    disputed: Bools,
    zone: Zone | None = None,
    logarithmic: bool = False,
) -> dict[str, Any]:
    """Compare how losses share their push among the same candidates.

    Args:
        scores: (candidates,) ascending.
        curves: At most as many as there are ``LOOKS``; the first one is drawn boldest.
        axis: Title of the score axis.
        positive: Score of the positive.
        disputed: (candidates,), True in the disputed zone.
        zone: The disputed zone, where there is one.
        logarithmic: Whether the shares are on a logarithmic axis; on it what is below 0.01% is not drawn.

    Returns:
        Option of ECharts.
    """
    hover = "score {@[0]}" + "".join(f"<br>{curve.name} {{@[{place + 2}]}}" for place, curve in enumerate(curves))
    reach = [float(scores.min(initial=positive)), float(scores.max(initial=positive))]
    room = 0.03 * (reach[1] - reach[0]) or 0.1
    sketch = Sketch(axis, "share of the push, %", hover, ends=(reach[0] - room, reach[1] + room))
    sketch.y_axis = {"type": "log", "min": LEAST, "max": 100} if logarithmic else {"min": 0}
    texts = [[f"{100 * share:.3g}%" for share in curve.shares.tolist()] for curve in curves]
    for place, (curve, (colour, dash, width)) in enumerate(zip(curves, LOOKS, strict=False)):
        heights = [value if value >= LEAST or not logarithmic else NOTHING for value in rounded(100 * curve.shares, 4)]
        columns = texts if place == 0 else []
        rows = [list(row) for row in zip(rounded(scores), heights, *columns, strict=True)]
        sketch.add({
            "type": "line", "name": curve.name, "data": rows, "emphasis": {"disabled": True},
            "symbol": "none" if place else "circle", "symbolSize": 6, "showAllSymbol": True,
            "itemStyle": {"color": colour}, "z": 20 - place,
            "lineStyle": {"color": colour, "width": width, "type": DASHES[dash]},
        })  # fmt: skip
    for name, here, colour in ((TICKS, ~disputed, REFUSED), (INSIDE, disputed, DISPUTED)):
        if here.any():
            sketch.add(_ticks(name, scores[here], colour), "rect")
    sketch.mark([Line("The positive", positive, POSITIVE, "solid")], [zone] if zone else [])
    return sketch.option()


def _ticks(name: str, scores: Floats, colour: str) -> dict[str, Any]:
    return {
        "type": "scatter", "name": name, "yAxisIndex": 1, "data": [[score, 0.02] for score in rounded(scores)],
        "symbol": "rect", "symbolSize": [2, 10], "silent": True, "itemStyle": {"color": colour, "opacity": 0.9},
        "emphasis": {"disabled": True}, "tooltip": {"show": False},
    }  # fmt: skip
