"""Histogram of the positives' likelihoods."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from negviz.arrays import Floats
from negviz.charts import CHARTS, FALSE_NEGATIVE, POSITIVE, QUERY, REFUSED, Line
from negviz.charts._option import Numbers, Sketch, rounded
from negviz.charts._shares import filled, ranges


@CHARTS.register("Histogram of the positives' likelihoods")
def likelihood_histogram(
    edges: Floats, counts: Numbers, clean: Floats, noisy: Floats, cuts: Sequence[float], *, own: float | None = None
) -> dict[str, Any]:
    """Show how badly positives do against random documents, with the two Gaussians and the cut between them.

    Args:
        edges: (bins + 1,) limits of the bins.
        counts: (bins,) queries.
        clean: (bins,) queries that the lower Gaussian expects.
        noisy: (bins,) queries that the upper Gaussian expects.
        cuts: Where a query stops or starts to count as clean.
        own: Where one query lies, to be marked.

    Returns:
        Option of ECharts.
    """
    hover = "{@[2]}<br>Queries {@[3]}<br>Expected clean {@[4]}<br>Expected doubtful {@[5]}"
    axis = "negative log-likelihood, right is worse"
    sketch = Sketch(axis, "queries", hover, ends=(float(edges[0]), float(edges[-1])))
    texts = [ranges(edges), [f"{count:,}" for count in counts.tolist()],
             *([f"{value:.1f}" for value in part.tolist()] for part in (clean, noisy))]  # fmt: skip
    sketch.steps(edges, np.asarray(counts, dtype=np.float64), filled("Queries", REFUSED), texts)
    middles = (edges[:-1] + edges[1:]) / 2
    for name, part, colour, dash in (
        ("Lower Gaussian: clean", clean, POSITIVE, "solid"),
        ("Upper Gaussian: doubtful", noisy, FALSE_NEGATIVE, "dashed"),
    ):
        places = [list(pair) for pair in zip(rounded(middles), rounded(part, 4), strict=True)]
        sketch.add({
            "type": "line", "name": name, "data": places, "symbol": "none", "smooth": True,
            "emphasis": {"disabled": True}, "itemStyle": {"color": colour},
            "lineStyle": {"color": colour, "width": 2, "type": dash},
        })  # fmt: skip
    lines = [Line("Cut", cut, QUERY, "dash") for cut in cuts]
    sketch.mark([*lines, *([] if own is None else [Line("This query", own, POSITIVE, "dot")])])
    return sketch.option()
