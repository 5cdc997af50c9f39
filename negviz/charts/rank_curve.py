"""Score versus rank of one query."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from negviz.arrays import Bools, Floats
from negviz.charts import CHARTS, DISPUTED, POSITIVE
from negviz.charts._option import Sketch, rounded
from negviz.charts._states import LOOKS, ZONE, points

LEVELS = 8
LEVEL = "Level of a positive"


@CHARTS.register("Score versus rank")
def rank_curve(
    ranks: npt.NDArray[np.int32],
    scores: npt.NDArray[np.float32],
    verdicts: Sequence[str],
    positives: npt.NDArray[np.float32],
    axis: str,
    shown: int | None = None,
    *,
    disputed: Bools | None = None,
    zone: tuple[float, float] | None = None,
) -> dict[str, Any]:
    """Show how the scores of a query's candidates fall off, what became of each, and where the positives lie.

    Args:
        ranks: (candidates,) rank by score.
        scores: (candidates,) scores, NaN where unknown.
        verdicts: State of each candidate, see ``_states.LOOKS``.
        positives: Scores of the labelled positives.
        axis: Title of the score axis.
        shown: Show only ranks below this at first; the rest can be reached by zooming out.
        disputed: (candidates,), True for those in the disputed zone.
        zone: Ends of the disputed zone on the score axis.

    Returns:
        Option of ECharts with zoom along the ranks.
    """
    known = np.isfinite(scores)
    levels = sorted({float(value) for value in positives if np.isfinite(value)}, reverse=True)[:LEVELS]
    last = int(ranks[known].max(initial=0)) + 1
    hover = "{a}<br>rank {@[0]}, score {@[1]}"
    sketch = Sketch("rank (0 is the nearest)", axis, hover, "item", (-1.0, float(last)), swatch=14)
    words = np.asarray(verdicts, dtype=object)
    marked = np.zeros(len(words), dtype=bool) if disputed is None else disputed
    for word in LOOKS:
        for inside in (False, True):
            here = np.equal(words, word) & known & np.equal(marked, inside)
            if here.any():
                data = [[rank, score] for rank, score in zip(ranks[here].tolist(), rounded(scores[here]), strict=True)]
                sketch.add(points(word, data, disputed=inside))
    for level in levels:
        sketch.add(_level(level, last))
    first = scores[known & (ranks < (last if shown is None else shown))]
    sketch.y_axis = _range(np.concatenate([first.astype(np.float64), levels]))
    if zone is not None and sketch.y_axis:
        sketch.add(_zone(zone, sketch.y_axis), "roundRect")
    if shown is None or shown >= last:
        return sketch.option()
    zoom = {"type": "inside", "xAxisIndex": 0, "startValue": -1, "endValue": shown, "filterMode": "none"}
    return sketch.option({"dataZoom": [zoom]})


def _level(level: float, last: int) -> dict[str, Any]:
    return {
        "type": "line", "name": LEVEL, "data": [[-1, level], [last, level]], "symbol": "none", "silent": True, "z": 1,
        "itemStyle": {"color": POSITIVE}, "lineStyle": {"color": POSITIVE, "width": 2, "type": "dotted"},
        "emphasis": {"disabled": True}, "tooltip": {"show": False},
    }  # fmt: skip


def _zone(zone: tuple[float, float], axis: dict[str, Any]) -> dict[str, Any]:
    """A band across the ranks, as far as it is on the score axis."""
    low, high = (min(max(end, axis["min"]), axis["max"]) for end in rounded(np.array(zone)))
    return {
        "type": "line", "name": ZONE, "data": [], "symbol": "none", "silent": True, "z": 0,
        "itemStyle": {"color": DISPUTED, "opacity": 0.5}, "lineStyle": {"color": DISPUTED},
        "markArea": {"silent": True, "itemStyle": {"color": DISPUTED, "opacity": 0.16},
                     "data": [[{"yAxis": low}, {"yAxis": high}]]},
        "tooltip": {"show": False},
    }  # fmt: skip


def _range(seen: Floats) -> dict[str, Any]:
    """Ends of the score axis that leave some room around what is seen at first."""
    if not seen.size:
        return {}
    room = 0.06 * float(np.ptp(seen)) or 1.0
    ends = rounded(np.array([seen.min() - room, seen.max() + room]), 4)
    hidden = {"showMinLabel": False, "showMaxLabel": False}
    return {"min": ends[0], "max": ends[1], "axisLabel": hidden}
