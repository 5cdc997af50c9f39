"""Angles of candidates to the query and to the positive."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from negviz.arrays import Floats
from negviz.charts import CHARTS, POSITIVE, REFUSED, SOFT
from negviz.charts._option import Sketch
from negviz.charts._places import add_places, area, ends_of, fixed, line


@CHARTS.register("Triangle of a query")
def triangle(
    to_query: Floats, to_positive: Floats, words: Sequence[str], positive: float, boundary: float
) -> dict[str, Any]:
    """Show each candidate by its angle to the query and its angle to the positive, both in degrees.

    Args:
        to_query: (candidates,) degrees.
        to_positive: (candidates,) degrees.
        words: State of each candidate, see ``_states.LOOKS``.
        positive: Angle between query and positive.
        boundary: Largest difference of angles at the query that is inside.

    Returns:
        Option of ECharts; below the diagonal lies what is nearer to the positive than to the query.
    """
    # A labelled positive is at 0 degrees from itself, which would squeeze all others into a corner: it is a line.
    others = np.where(np.equal(np.asarray(words, dtype=object), "labelled positive"), np.nan, to_positive)
    across, up = ends_of(to_query, np.array([positive])), ends_of(others)
    hover = "{a}<br>{@[0]}° from the query<br>{@[1]}° from the positive"
    sketch = Sketch("angle to the query, degrees", "angle to the positive, degrees", hover, "item", across, 14)
    sketch.y_axis = fixed(up)
    inside = max(positive - boundary, across[0]), min(positive + boundary, across[1])
    sketch.add(area(f"Within {boundary:g}° of the positive's angle", (inside[0], up[0]), (inside[1], up[1]), SOFT),
               "roundRect")  # fmt: skip
    low, high = max(across[0], up[0]), min(across[1], up[1])
    if low < high:
        sketch.add(line("As near to both; below it nearer to the positive", [(low, low), (high, high)], REFUSED))
    sketch.add(line("The positive's angle", [(positive, up[0]), (positive, up[1])], POSITIVE, "solid"))
    add_places(sketch, to_query, others, words)
    return sketch.option()
