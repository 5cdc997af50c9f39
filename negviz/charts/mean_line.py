"""Mean line: candidates of several queries on a line each, parted by the query's mean."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from negviz.arrays import Floats, Ints
from negviz.charts import CHARTS, DISPUTED, POSITIVE, QUERY, REFUSED, SOFT, TAKEN
from negviz.charts._option import Sketch, rounded
from negviz.charts._states import CROSS

ROW = 26
WIDE_NAMES, NARROW_NAMES, NARROW = 190, 76, 540
LOOKS = {
    "above the mean, refused": (REFUSED, CROSS),
    "at or above the mean, kept": (DISPUTED, "circle"),
    "below the mean": (SOFT, "circle"),
    "taken": (TAKEN, "circle"),
}
MEAN = "Mean of candidates and positive"


@CHARTS.register("Mean line")
def mean_line(
    names: Sequence[str],
    rows: Ints,
    scores: Floats,
    words: Sequence[str],
    *,
    means: Floats,
    positives: Floats,
    axis: str,
) -> dict[str, Any]:
    """Show for several queries which candidates lie above the mean of all and the positive.

    Args:
        names: What each row is called; shown as it is.
        rows: (candidates,) row of each.
        scores: (candidates,) scores.
        words: One of ``LOOKS`` for each.
        means: (rows,), NaN where unknown.
        positives: (rows,) score of the positive.
        axis: Title of the score axis.

    Returns:
        Option of ECharts; ``height`` gives its pixels.
    """
    every = np.concatenate([scores, means, positives])
    every = every[np.isfinite(every)]
    low, high = (float(every.min()), float(every.max())) if every.size else (0.0, 1.0)
    room = 0.03 * (high - low) or 0.1
    ends = rounded(np.array([low - room, high + room]), 3)
    sketch = Sketch(axis, "", "{a}<br>score {@[0]}", "item", (ends[0], ends[1]), swatch=14)
    sketch.y_axis = {
        "type": "category", "data": list(names), "inverse": True, "name": "", "axisTick": {"show": False},
        "axisLabel": {"width": WIDE_NAMES, "overflow": "truncate", "interval": 0}, "splitLine": {"show": True},
    }  # fmt: skip
    named = np.asarray(words, dtype=object)
    for word, (colour, symbol) in LOOKS.items():
        here = np.equal(named, word)
        if here.any():
            sketch.add(_points(word.capitalize(), scores[here], rows[here], colour, symbol, 9))
    order = np.arange(len(names), dtype=np.int32)
    for name, values, colour, symbol, size in (
        ("The positive", positives, POSITIVE, "diamond", 13),
        (MEAN, means, QUERY, "rect", [3, ROW - 6]),
    ):
        known = np.isfinite(values)
        sketch.add(_points(name, values[known], order[known], colour, symbol, size))
    option = sketch.option()
    option["media"].append({
        "query": {"maxWidth": NARROW}, "option": {"yAxis": [{"axisLabel": {"width": NARROW_NAMES}}, {}]},
    })  # fmt: skip
    return option


def height(rows: int) -> int:
    """Pixels of a chart with that many rows, legend and axis included."""
    return 130 + ROW * max(rows, 1)


def _points(name: str, scores: Floats, rows: Ints, colour: str, symbol: str, size: int | list[int]) -> dict[str, Any]:
    return {
        "type": "scatter", "name": name, "symbol": symbol, "symbolSize": size,
        "data": [list(place) for place in zip(rounded(scores, 4), rows.tolist(), strict=True)],
        "itemStyle": {"color": colour, "opacity": 1}, "emphasis": {"disabled": True},
    }  # fmt: skip
