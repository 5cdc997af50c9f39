"""Guide scatter: the candidates of one query by the student's and by the guide's score."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from negviz.arrays import Floats
from negviz.charts import CHARTS, FALSE_NEGATIVE, POSITIVE, REFUSED, SOFT, TAKEN, Line
from negviz.charts._option import Sketch, rounded
from negviz.charts._states import CROSS

MASKED = "masked by the guide"
GROUPS = {
    "refused otherwise": (REFUSED, CROSS, 7),
    "kept": (SOFT, "circle", 7),
    "taken": (TAKEN, "circle", 10),
    MASKED: (FALSE_NEGATIVE, "triangle", 10),
    "labelled positive": (POSITIVE, "diamond", 13),
}
LIMIT = "Guide's limit"


@CHARTS.register("Student against guide")
def guide_scatter(
    student: Floats,
    guide: Floats,
    words: Sequence[str],
    *,
    positives: tuple[Floats, Floats],
    anchor: float,
    limit: float,
    axes: tuple[str, str],
) -> dict[str, Any]:
    """Show where two models disagree: candidates above the guide's limit are masked wherever the student has them.

    Args:
        student: (candidates,) the student's scores.
        guide: (candidates,) the guide's scores.
        words: One of ``GROUPS`` for each candidate.
        positives: The two models' scores of the labelled positives.
        anchor: The student's score of the positive that margins are measured from.
        limit: Score of the guide above which a candidate is masked.
        axes: Titles of the horizontal and the vertical axis.

    Returns:
        Option of ECharts.
    """
    every = np.concatenate([student, positives[0], [anchor]])
    across, up = _ends(every), _ends(np.concatenate([guide, positives[1], [limit]]))
    hover = "{a}<br>student {@[0]}<br>guide {@[1]}"
    sketch = Sketch(axes[0], axes[1], hover, "item", across, swatch=14)
    sketch.y_axis = {"min": up[0], "max": up[1],
                     "axisLabel": {"showMinLabel": False, "showMaxLabel": False}}  # fmt: skip
    named = np.asarray(words, dtype=object)
    for word, look in GROUPS.items():
        here = np.equal(named, word)
        x, y = positives if word == "labelled positive" else (student[here], guide[here])
        known = np.isfinite(x) & np.isfinite(y)
        if known.any():
            sketch.add(_points(word, look, x[known], y[known]))
    sketch.add({
        "type": "line", "name": LIMIT, "data": [[across[0], limit], [across[1], limit]], "symbol": "none",
        "silent": True, "z": 1, "itemStyle": {"color": FALSE_NEGATIVE}, "emphasis": {"disabled": True},
        "lineStyle": {"color": FALSE_NEGATIVE, "width": 2, "type": "dashed"}, "tooltip": {"show": False},
    })  # fmt: skip
    sketch.mark([Line("Student's score of the positive", anchor, POSITIVE, "dot")])
    return sketch.option()


def _ends(values: Floats) -> tuple[float, float]:
    known = values[np.isfinite(values)]
    low, high = float(known.min(initial=0.0)), float(known.max(initial=0.0))
    if known.size:
        low, high = float(known.min()), float(known.max())
    room = 0.05 * (high - low) or 0.1
    ends = rounded(np.array([low - room, high + room]), 4)
    return ends[0], ends[1]


def _points(word: str, look: tuple[str, str, int], x: Floats, y: Floats) -> dict[str, Any]:
    colour, symbol, size = look
    return {
        "type": "scatter", "name": word.capitalize(), "symbol": symbol, "symbolSize": size,
        "data": [list(place) for place in zip(rounded(x, 4), rounded(y, 4), strict=True)],
        "itemStyle": {"color": colour, "opacity": 0.85}, "emphasis": {"disabled": True},
    }  # fmt: skip
