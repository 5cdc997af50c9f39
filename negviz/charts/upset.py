"""UpSet plot: which pairs are taken by which selections, and by no other."""

from collections.abc import Sequence

import plotly.graph_objects as go

from negviz.charts import CHARTS, FALSE_NEGATIVE, REFUSED, TAKEN
from negviz.charts._figure import plain
from negviz.charts.jaccard_heat_map import shortened

SHOWN = 20
ROW = 26
BARS = 210


@CHARTS.register("UpSet plot", reference="Lex et al. 2014, UpSet: Visualization of Intersecting Sets")
def upset(names: Sequence[str], sizes: Sequence[int], parts: Sequence[tuple[Sequence[int], int]]) -> go.Figure:
    """Show exclusive intersections as bars, and below each bar dots for the selections that share it.

    Bars of pairs that one selection alone takes have a colour and a hatch of their own.

    Args:
        names: Of the selections.
        sizes: Pairs that each takes.
        parts: (places of the selections, pairs) of each intersection, the largest first; at most twenty are drawn.
    """
    drawn = list(parts)[:SHOWN]
    labels = [f"{plain(shortened(name))} ({size:,})" for name, size in zip(names, sizes, strict=True)]
    at = list(range(len(drawn)))
    alone = [len(members) == 1 for members, _ in drawn]
    told = [" + ".join(plain(names[place]) for place in members) for members, _ in drawn]
    counts = [count for _, count in drawn]
    traces = [
        {
            "type": "bar", "x": at, "y": counts, "customdata": told, "yaxis": "y2",
            "text": [f"{count:,}" for count in counts], "textposition": "outside", "cliponaxis": False,
            "textangle": -90, "constraintext": "none", "textfont": {"size": 11},
            "marker": {
                "color": [FALSE_NEGATIVE if one else TAKEN for one in alone],
                "pattern": {"shape": ["/" if one else "" for one in alone]},
            },
            "hovertemplate": "%{y:,} pairs taken by exactly: %{customdata}<extra></extra>",
        },
        _dots([(x, y) for x in at for y in range(len(names))], REFUSED, 0.25),
        *(_link(x, members) for x, (members, _) in enumerate(drawn)),
        _dots([(x, y) for x, (members, _) in enumerate(drawn) for y in members], TAKEN, 1.0),
    ]  # fmt: skip
    return go.Figure(data=traces, layout=_layout(labels, max(counts, default=1), len(drawn)))


def _dots(places: Sequence[tuple[int, int]], colour: str, opacity: float) -> dict[str, object]:
    return {
        "type": "scatter", "mode": "markers", "x": [x for x, _ in places], "y": [y for _, y in places],
        "marker": {"color": colour, "size": 11, "opacity": opacity}, "hoverinfo": "skip",
    }  # fmt: skip


def _link(x: int, members: Sequence[int]) -> dict[str, object]:
    ends = [min(members), max(members)]
    return {"type": "scatter", "mode": "lines", "x": [x, x], "y": ends, "line": {"color": TAKEN, "width": 3},
            "hoverinfo": "skip"}  # fmt: skip


def _layout(labels: Sequence[str], highest: int, bars: int) -> dict[str, object]:
    below = ROW * len(labels)
    height = BARS + below + 30
    split = below / (height - 30)
    bare = {"showgrid": False, "zeroline": False}
    return {
        "height": height, "margin": {"l": 8, "r": 8, "t": 22, "b": 8}, "showlegend": False, "hovermode": "closest",
        "bargap": 0.35,
        "xaxis": {**bare, "showticklabels": False, "range": [-0.6, max(bars, 4) - 0.4], "fixedrange": True},
        "yaxis": {
            **bare, "domain": [0, max(split - 0.02, 0.1)], "tickvals": list(range(len(labels))), "ticktext": labels,
            "range": [len(labels) - 0.5, -0.5], "automargin": True, "fixedrange": True,
        },
        "yaxis2": {
            "domain": [split + 0.02, 1], "range": [0, highest * 1.28], "title": {"text": "pairs"}, "automargin": True,
            "tickformat": ",d", "nticks": 5, "fixedrange": True, "anchor": "x", "zeroline": False,
        },
    }  # fmt: skip
