"""Score versus rank of one query."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from negviz.arrays import Floats, Scores
from negviz.charts import CHARTS, FALSE_NEGATIVE, POSITIVE, REFUSED, SOFT, TAKEN
from negviz.charts._option import Sketch, rounded
from negviz.charts.map import CROSS

LEVELS = 8
RING = "ring"
LEVEL = "Level of a positive"
GROUPS: Mapping[str, tuple[str, str]] = {
    "refused": (REFUSED, CROSS),
    "not drawn": (SOFT, RING),
    "taken": (TAKEN, "circle"),
    "labelled positive": (POSITIVE, "diamond"),
    "labelled false negative": (FALSE_NEGATIVE, "triangle"),
}


@CHARTS.register("Score versus rank")
def rank_curve(
    ranks: npt.NDArray[np.int32],
    scores: npt.NDArray[np.float32],
    verdicts: Sequence[str],
    positives: npt.NDArray[np.float32],
    axis: str,
    shown: int | None = None,
) -> dict[str, Any]:
    """Show how the scores of a query's candidates fall off, what became of each, and where the positives lie.

    Args:
        ranks: (candidates,) rank by score.
        scores: (candidates,) scores, NaN where unknown.
        verdicts: One of ``GROUPS`` for each candidate.
        positives: Scores of the labelled positives.
        axis: Title of the score axis.
        shown: Show only ranks below this at first; the rest can be reached by zooming out.

    Returns:
        Option of ECharts with zoom along the ranks.
    """
    known = np.isfinite(scores)
    levels = sorted({float(value) for value in positives if np.isfinite(value)}, reverse=True)[:LEVELS]
    last = int(ranks[known].max(initial=0)) + 1
    hover = "{a}<br>rank {@[0]}, score {@[1]}"
    sketch = Sketch("rank (0 is the nearest)", axis, hover, "item", (-1.0, float(last)), swatch=14)
    words = np.asarray(verdicts, dtype=object)
    for verdict, look in GROUPS.items():
        here = np.equal(words, verdict) & known
        if here.any():
            sketch.add(_points(verdict.capitalize(), look, ranks[here], scores[here]))
    for level in levels:
        sketch.add(_level(level, last))
    first = scores[known & (ranks < (last if shown is None else shown))]
    sketch.y_axis = _range(np.concatenate([first.astype(np.float64), levels]))
    if shown is None or shown >= last:
        return sketch.option()
    zoom = {"type": "inside", "xAxisIndex": 0, "startValue": -1, "endValue": shown, "filterMode": "none"}
    return sketch.option({"dataZoom": [zoom]})


def _points(name: str, look: tuple[str, str], ranks: npt.NDArray[np.int32], scores: Scores) -> dict[str, Any]:
    colour, symbol = look
    style: dict[str, Any] = {"color": colour, "opacity": 1}
    if symbol == RING:
        # ECharts fills its own hollow circle with white, in the dark theme too.
        symbol, style = "circle", {"color": "transparent", "borderColor": colour, "borderWidth": 2}
    places = [[rank, score] for rank, score in zip(ranks.tolist(), rounded(scores), strict=True)]
    return {
        "type": "scatter", "name": name, "data": places, "symbol": symbol, "symbolSize": 8, "itemStyle": style,
        "emphasis": {"disabled": True},
    }  # fmt: skip


def _level(level: float, last: int) -> dict[str, Any]:
    return {
        "type": "line", "name": LEVEL, "data": [[-1, level], [last, level]], "symbol": "none", "silent": True, "z": 1,
        "itemStyle": {"color": POSITIVE}, "lineStyle": {"color": POSITIVE, "width": 2, "type": "dotted"},
        "emphasis": {"disabled": True}, "tooltip": {"show": False},
    }  # fmt: skip


def _range(seen: Floats) -> dict[str, Any]:
    """Ends of the score axis that leave some room around what is seen at first."""
    if not seen.size:
        return {}
    room = 0.06 * float(np.ptp(seen)) or 1.0
    ends = rounded(np.array([seen.min() - room, seen.max() + room]), 4)
    hidden = {"showMinLabel": False, "showMaxLabel": False}
    return {"min": ends[0], "max": ends[1], "axisLabel": hidden}
