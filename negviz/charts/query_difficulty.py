"""Difficulty of queries: the positive's score against that of the best candidate."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from negviz.arrays import Bools, Floats
from negviz.charts import CHARTS, DISPUTED, POSITIVE, QUERY, REFUSED
from negviz.charts._brush import HOVER, RING, with_brush
from negviz.charts._option import Sketch
from negviz.charts._places import ends_of, fixed, line

# Colour, shape and pixels by kind, in the order of its codes.
LOOKS = ((REFUSED, "circle", 6), (DISPUTED, "triangle", 8), (QUERY, "diamond", 10))
EQUAL = "Positive and best candidate score the same"
PICKED = "Marked"
ROUND = 6


@CHARTS.register("Difficulty of queries")
def query_difficulty(
    best: Floats, positive: Floats, kinds: npt.NDArray[np.int8], words: Sequence[str], texts: Sequence[Sequence[str]],
    marked: Bools, *, scale: str,
) -> dict[str, Any]:  # fmt: skip
    """Draw a point a query; above the diagonal the positive leads, below it a candidate does.

    Args:
        best: (queries,) score of the best candidate.
        positive: (queries,) score of the positive.
        kinds: (queries,) place of each in ``words``.
        words: Name of each kind, at most three, from the lowest layer to the highest.
        texts: (queries,) query, and what became of it; two columns for the tooltip.
        marked: (queries,), which have a ring around them.
        scale: Whose scores and of which scale, for the titles.

    Returns:
        Option of ECharts with a box and a lasso.
    """
    across, up = ends_of(best, positive), ends_of(positive, best)
    hover = "{a}<br>{@query}<br>positive {@positive}, best candidate {@best}<br>{@more}"
    sketch = Sketch(f"score of the best candidate, {scale}", "score of the positive", hover, "item", across, 12)
    sketch.y_axis = fixed(up)
    low, high = max(across[0], up[0]), min(across[1], up[1])
    sketch.add(line(EQUAL, [(low, low), (high, high)], POSITIVE))
    sources: list[dict[str, Any]] = []
    for code, word in enumerate(words):
        here = np.flatnonzero(np.equal(kinds, code))
        if len(here):
            colour, shape, size = LOOKS[code]
            style = {"color": colour, "opacity": 0.75}
            sketch.add({**_points(word, shape, size, style), "datasetIndex": len(sources)})
            sources.append({"source": _table(best, positive, texts, here)})
    brushed = list(range(1, len(sketch.series)))
    rings = np.flatnonzero(marked)
    if len(rings):
        ring = {"color": "transparent", "borderColor": RING, "borderWidth": 2}
        sketch.add({**_points(PICKED, "circle", 13, ring), "datasetIndex": len(sources), "silent": True})
        sources.append({"source": _table(best, positive, texts, rings)})
    return with_brush(sketch.option({"dataset": sources}), brushed)


def _points(name: str, shape: str, size: int, style: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "scatter", "name": name, "encode": {"x": "best", "y": "positive"}, "symbol": shape, "symbolSize": size,
        "itemStyle": style, "emphasis": {"disabled": True}, "large": False, "tooltip": {"extraCssText": HOVER},
    }  # fmt: skip


def _table(best: Floats, positive: Floats, texts: Sequence[Sequence[str]], rows: npt.NDArray[np.intp]) -> pa.Table:
    query, more = ([column[row] for row in rows.tolist()] for column in texts)
    return pa.table({
        "best": _short(best[rows]), "positive": _short(positive[rows]), "query": pa.array(query, pa.string()),
        "more": pa.array(more, pa.string()),
    })  # fmt: skip


def _short(values: Floats) -> Floats:
    """Numbers as people read them: a tooltip shows all digits that it is given."""
    return np.round(values, ROUND)
