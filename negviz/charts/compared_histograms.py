"""Histograms of a few groups over one axis."""

from collections.abc import Sequence
from typing import Any

from negviz.arrays import Floats
from negviz.charts import CHARTS, QUERY, REFUSED, TAKEN, Line
from negviz.charts._option import Numbers, Sketch, percentages
from negviz.charts._shares import filled, outlined, ranges, told

LOOKS = ((TAKEN, "solid"), (QUERY, "dotted"))


@CHARTS.register("Histograms of a few groups")
def compared_histograms(
    edges: Floats, groups: Sequence[tuple[str, Numbers]], axis: str, lines: Sequence[Line] = ()
) -> dict[str, Any]:
    """Compare where the values of up to three groups lie; each group adds up to 100%.

    Args:
        edges: (bins + 1,) limits of the bins.
        groups: Name and (bins,) counts of each; the first is drawn as an area.
        axis: Title of the axis.
        lines: Limits to draw.

    Returns:
        Option of ECharts. Names are those of the program, never a text of the data.
    """
    hover = "{@[2]}" + "".join(f"<br>{name} {{@[{place + 3}]}}" for place, (name, _) in enumerate(groups))
    texts = [ranges(edges), *(told(counts) for _, counts in groups)]
    sketch = Sketch(axis, "share of each group, %", hover, ends=(float(edges[0]), float(edges[-1])))
    for place, (name, counts) in enumerate(groups):
        if place == 0:
            sketch.steps(edges, percentages(counts), filled(name, REFUSED), texts)
        else:
            sketch.steps(edges, percentages(counts), outlined(name, *LOOKS[place - 1]))
    sketch.mark(lines)
    return sketch.option()
