"""Likeness to the positive against the score by the query."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from negviz.arrays import Floats
from negviz.charts import CHARTS, FALSE_NEGATIVE, POSITIVE, REFUSED
from negviz.charts._option import Sketch
from negviz.charts._places import add_places, area, ends_of, fixed, line


@CHARTS.register("Likeness to the positive")
def doc_doc_scatter(
    to_query: Floats, to_positive: Floats, words: Sequence[str], limit: float, scale: str
) -> dict[str, Any]:
    """Show for each candidate of a query how near it is to the query, and how near to the positive.

    Args:
        to_query: (candidates,) s(q, d).
        to_positive: (candidates,) s(d, d+).
        words: State of each candidate, see ``_states.LOOKS``.
        limit: s(q, d+), the level of the query; NaN where unknown.
        scale: Scale of both, for the titles.

    Returns:
        Option of ECharts.
    """
    level = np.array([limit])
    across, up = ends_of(to_query, level), ends_of(to_positive, level)
    hover = "{a}<br>to the query {@[0]}<br>to the positive {@[1]}"
    sketch = Sketch(f"to the query, s(q, d) ({scale})", "to the positive, s(d, d+)", hover, "item", across, 14)
    sketch.y_axis = fixed(up)
    if np.isfinite(limit):
        sketch.add(area("Nearer to the positive than the query is", (across[0], limit), (across[1], up[1]),
                        FALSE_NEGATIVE), "roundRect")  # fmt: skip
        sketch.add(line("The query, s(q, d+)", [(across[0], limit), (across[1], limit)], POSITIVE))
    low, high = max(across[0], up[0]), min(across[1], up[1])
    if low < high:
        sketch.add(line("As near to both", [(low, low), (high, high)], REFUSED, "dotted"))
    add_places(sketch, to_query, to_positive, words)
    return sketch.option()
