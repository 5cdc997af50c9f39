"""Weight by distance to the positive, and how often each candidate of a query is drawn."""

from typing import Any

import numpy as np
import numpy.typing as npt

from negviz.arrays import Floats
from negviz.charts import CHARTS, POSITIVE, QUERY, REFUSED, SOFT, TAKEN, Line
from negviz.charts._option import DASHES, Sketch, rounded


@CHARTS.register("Bell")
def bell(
    distances: Floats,
    probabilities: Floats,
    inclusion: Floats,
    *,
    curve: tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]],
    peak: float,
    axis: str,
) -> dict[str, Any]:
    """Show for the candidates of a query how likely one draw takes each, and how often all draws together do.

    Args:
        distances: (candidates,) score minus the positive's.
        probabilities: (candidates,) probability of the first draw.
        inclusion: (candidates,) share of draws in which each was taken.
        curve: Distances and the weight at each, 1 at the peak.
        peak: Distance at which the weight is largest.
        axis: Title of the distance axis.

    Returns:
        Option of ECharts.
    """
    known = np.flatnonzero(np.isfinite(distances))
    hover = "{a}<br>{@[0]} from the positive<br>first draw {@[2]}<br>taken in {@[3]} of the draws"
    ends = (float(curve[0][0]), float(curve[0][-1]))
    sketch = Sketch(axis, "%", hover, "item", ends, swatch=14)
    sketch.y_axis = {"min": 0, "max": 105, "interval": 20, "axisLabel": {"showMaxLabel": False}}
    sketch.beside("Weight, top is 1", *curve, {"color": SOFT, "width": 2, "type": DASHES["dashdot"]})
    sketch.mark([Line("Positive", 0.0, POSITIVE, "solid"), *([Line("Peak", peak, QUERY, "dot")] if peak else [])])
    texts = (
        [f"{100 * value:.2f}%" for value in probabilities[known]],
        [f"{100 * value:.0f}%" for value in inclusion[known]],
    )
    x = rounded(distances[known], 4)
    for name, values, look in (
        ("Taken in so many draws", inclusion, {"color": TAKEN, "opacity": 0.9}),
        ("Probability of the first draw", probabilities,
         {"color": "transparent", "borderColor": REFUSED, "borderWidth": 2}),
    ):  # fmt: skip
        rows = zip(x, rounded(100 * values[known], 4), *texts, strict=True)
        sketch.add({
            "type": "scatter", "name": name, "data": [list(row) for row in rows], "symbolSize": 8, "symbol": "circle",
            "itemStyle": look, "emphasis": {"disabled": True},
        })  # fmt: skip
    return sketch.option()
