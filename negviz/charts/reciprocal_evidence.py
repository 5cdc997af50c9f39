"""Ranking context of a query: scores by rank, and how much speaks for each candidate."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from negviz.arrays import Floats
from negviz.charts import CHARTS, FALSE_NEGATIVE, POSITIVE, SOFT
from negviz.charts._option import Sketch, rounded
from negviz.charts._places import add_places, ends_of, fixed, line

NAME = "Evidence (right axis)"
MASS = "Share of the target (right axis)"
RIGHT = 2


@CHARTS.register("Ranking context with evidence")
def reciprocal_evidence(
    ranks: Floats,
    scores: Floats,
    words: Sequence[str],
    found: Floats,
    mass: Floats,
    *,
    positives: Floats,
    floor: float,
    axis: str,
) -> dict[str, Any]:
    """Show the scores of a query's candidates by rank, with the evidence for each as a bar.

    Args:
        ranks: (candidates,) rank by score.
        scores: (candidates,) scores.
        words: State of each candidate, see ``_states.LOOKS``.
        found: (candidates,) evidence from 0 to 1, NaN where unknown.
        mass: (candidates,) share of a smoothed target, 0 where none.
        positives: Scores of the labelled positives.
        floor: Evidence from which on a candidate may get a share.
        axis: Title of the score axis.

    Returns:
        Option of ECharts.
    """
    last = float(ranks.max(initial=0.0)) + 1.0
    hover = "{a}<br>rank {@[0]}, score {@[1]}<br>evidence {@[2]}"
    sketch = Sketch("rank (0 is the nearest)", axis, hover, "item", (-1.0, last), 14)
    sketch.y_axis = fixed(ends_of(scores, positives))
    known = np.flatnonzero(np.isfinite(found))
    bars = [list(pair) for pair in zip(ranks[known].tolist(), rounded(found[known], 3), strict=True)]
    sketch.add(_bars(NAME, bars, SOFT, 0.35), "roundRect")
    some = np.flatnonzero(mass > 0)
    shares = [list(pair) for pair in zip(ranks[some].tolist(), rounded(mass[some], 3), strict=True)]
    sketch.add(_bars(MASS, shares, FALSE_NEGATIVE, 0.85), "roundRect")
    sketch.add(line(f"Evidence of {floor:g}", [(-1, floor), (last, floor)], SOFT, "dotted") | {"yAxisIndex": RIGHT})
    for level in sorted({float(value) for value in positives[np.isfinite(positives)]}, reverse=True)[:4]:
        sketch.add(line("Level of a positive", [(-1, level), (last, level)], POSITIVE, "dotted"))
    told = [f"{value:.3f}" if np.isfinite(value) else "not known" for value in found]
    add_places(sketch, ranks, scores, words, [told])
    option = sketch.option()
    option["yAxis"].append({
        "type": "value", "name": "evidence", "nameLocation": "middle", "nameGap": 34, "min": 0, "max": 1,
        "splitLine": {"show": False}, "position": "right",
    })  # fmt: skip
    option["grid"]["right"] = 8
    return option


def _bars(name: str, data: list[list[float]], colour: str, opacity: float) -> dict[str, Any]:
    return {
        "type": "bar", "name": name, "data": data, "yAxisIndex": RIGHT, "barWidth": 4, "barGap": "-100%", "z": 1,
        "itemStyle": {"color": colour, "opacity": opacity}, "emphasis": {"disabled": True},
        "tooltip": {"show": False}, "silent": True,
    }  # fmt: skip
