"""Score histogram."""

from collections.abc import Sequence
from typing import Any

from negviz.arrays import Floats
from negviz.charts import CHARTS, POSITIVE, REFUSED, TAKEN, Line, Zone
from negviz.charts._option import Numbers, Sketch, percentages
from negviz.charts._shares import filled, outlined, ranges, told


@CHARTS.register("Score histogram")
def score_histogram(
    edges: Floats,
    candidates: Numbers,
    positives: Numbers,
    taken: Numbers,
    axis: str,
    lines: Sequence[Line] = (),
    *,
    zones: Sequence[Zone] = (),
) -> dict[str, Any]:
    """Compare where the scores of candidates, positives and taken negatives lie; each group adds up to 100%.

    Args:
        edges: (bins + 1,) limits of the bins.
        candidates: (bins,) counts of candidates.
        positives: (bins,) counts of labelled positives.
        taken: (bins,) counts of taken negatives.
        axis: Title of the score axis.
        lines: Limits to draw.
        zones: Intervals to shade.

    Returns:
        Option of ECharts.
    """
    hover = "{@[2]}<br>Candidates {@[3]}<br>Positives {@[4]}<br>Taken {@[5]}"
    texts = [ranges(edges), told(candidates), told(positives), told(taken)]
    sketch = Sketch(axis, "share of each group, %", hover, ends=(float(edges[0]), float(edges[-1])))
    sketch.steps(edges, percentages(candidates), filled("Candidates", REFUSED), texts)
    sketch.steps(edges, percentages(positives), outlined("Positives", POSITIVE, "dotted"))
    sketch.steps(edges, percentages(taken), outlined("Taken", TAKEN, "solid"))
    sketch.mark(lines, zones)
    return sketch.option()
