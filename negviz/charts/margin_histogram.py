"""Histogram of the distance to the positive."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from negviz.arrays import Floats
from negviz.charts import CHARTS, POSITIVE, REFUSED, SOFT, TAKEN, Line, Zone
from negviz.charts._option import DASHES, Numbers, Sketch, percentages
from negviz.charts._shares import filled, outlined, ranges, told

WEIGHT = "Weight (top is 1)"


@CHARTS.register("Histogram of the distance to the positive")
def margin_histogram(
    edges: Floats,
    candidates: Numbers,
    taken: Numbers,
    axis: str,
    *,
    lines: Sequence[Line] = (),
    zones: Sequence[Zone] = (),
    curve: tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]] | None = None,
) -> dict[str, Any]:
    """Show how far below or above their query's positive the candidates score.

    Args:
        edges: (bins + 1,) limits of the bins.
        candidates: (bins,) counts of candidates.
        taken: (bins,) counts of taken negatives.
        axis: Title of the distance axis.
        lines: Limits to draw; the positive itself is always drawn.
        zones: Intervals to shade.
        curve: Distances and the weight at each, drawn on an axis of its own from 0 to 1.

    Returns:
        Option of ECharts.
    """
    hover = "{@[2]}<br>Candidates {@[3]}<br>Taken {@[4]}"
    texts = [ranges(edges), told(candidates), told(taken)]
    if curve is not None:
        hover += "<br>Weight {@[5]}"
        texts.append([f"{weight:.3f}" for weight in np.interp((edges[:-1] + edges[1:]) / 2, *curve)])
    sketch = Sketch(axis, "share of each group, %", hover, ends=(float(edges[0]), float(edges[-1])))
    sketch.steps(edges, percentages(candidates), filled("Candidates", REFUSED), texts)
    sketch.steps(edges, percentages(taken), outlined("Taken", TAKEN, "solid"))
    if curve is not None:
        sketch.beside(WEIGHT, *curve, {"color": SOFT, "width": 2, "type": DASHES["dashdot"]})
    sketch.mark([Line("Positive", 0.0, POSITIVE, "solid"), *lines], zones)
    return sketch.option()
