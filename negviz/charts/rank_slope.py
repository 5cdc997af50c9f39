"""Places before and after."""

from collections.abc import Sequence

import plotly.graph_objects as go

from negviz.arrays import Ints
from negviz.charts import CHARTS, FALSE_NEGATIVE, POSITIVE, REFUSED, TAKEN
from negviz.charts._figure import Draft, plain

LOOKS = {
    "other candidates": (REFUSED, "circle-open", 1.0),
    "labelled positive": (POSITIVE, "diamond", 3.0),
    "first, and no labelled positive": (FALSE_NEGATIVE, "triangle-up", 3.0),
    "taken": (TAKEN, "circle", 3.0),
}


@CHARTS.register("Places before and after")
def rank_slope(before: Ints, after: Ints, kinds: Sequence[str], ends: tuple[str, str]) -> go.Figure:
    """Join each candidate's place by score with its place by a model; the first places are on top.

    Args:
        before: (candidates,) places from 1.
        after: (candidates,) places from 1.
        kinds: One of ``LOOKS`` for each.
        ends: Names of the two orders.
    """
    draft = Draft("", "place", 460, {"hovermode": "closest"})
    draft.layout["xaxis"] = {
        "tickvals": [0, 1], "ticktext": [plain(end) for end in ends], "range": [-0.15, 1.15], "showgrid": False,
        "zeroline": False,
    }  # fmt: skip
    last = max([*before.tolist(), *after.tolist()], default=1)
    draft.layout["yaxis"] = {"range": [last + 0.7, 0.3], "dtick": max(1, last // 10), "zeroline": False}
    for kind, (colour, sign, width) in LOOKS.items():
        places = zip(before.tolist(), after.tolist(), kinds, strict=True)
        pairs = [(one, two) for one, two, each in places if each == kind]
        if pairs:
            draft.traces.append({
                "type": "scatter", "mode": "lines+markers", "name": kind.capitalize(), "showlegend": True,
                "x": [x for _ in pairs for x in (0, 1, None)], "y": [y for pair in pairs for y in (*pair, None)],
                "line": {"color": colour, "width": width}, "marker": {"symbol": sign, "size": 9},
                "hovertemplate": f"{kind}: place %{{y}}<extra></extra>",
            })  # fmt: skip
    return draft.figure()
