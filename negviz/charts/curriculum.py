"""Teacher's place against student's rank, at a stage of a curriculum."""

from typing import Any

import numpy as np

from negviz.arrays import Floats, Ints
from negviz.charts import CHARTS, POSITIVE, REFUSED, SOFT, TAKEN
from negviz.charts._option import Sketch, rounded
from negviz.charts._places import area, line

BLOCKS = {
    1: ("Treated as relevant", POSITIVE, "diamond"),
    2: ("Most hard", TAKEN, "circle"),
    3: ("Semi hard", SOFT, "rect"),
}


@CHARTS.register("Stage of a curriculum")
def curriculum(
    student: Floats, teacher: Ints, blocks: Ints, labels: Floats, relevant: int, length: int
) -> dict[str, Any]:
    """Show the passages of a query by the student's rank and the teacher's place, with the relevant part shaded.

    Args:
        student: (passages,) rank by the student, NaN where it did not rank the passage.
        teacher: (passages,) place in the teacher's list.
        blocks: (passages,) 1 relevant, 2 most hard, 3 semi hard.
        labels: (passages,) label of each.
        relevant: How many are treated as relevant.
        length: How long the list is.

    Returns:
        Option of ECharts; the first place is at the top.
    """
    last = float(np.nanmax(student, initial=0.0)) + 2.0
    hover = "{a}<br>student's rank {@[0]}<br>teacher's place {@[1]}<br>label {@[2]}"
    sketch = Sketch("student's rank (0 is the nearest)", "teacher's place", hover, "item", (-2.0, last), 14)
    sketch.y_axis = {"inverse": True, "min": -1, "max": length, "axisLabel": {"showMinLabel": False}}
    sketch.add(area(f"The first {relevant}", (-2, -1), (last, relevant - 0.5), POSITIVE), "roundRect")
    sketch.add(line("Both agree", [(0, 0), (min(last, length), min(last, length))], REFUSED, "dotted"))
    known = np.isfinite(student)
    for block, (name, colour, symbol) in BLOCKS.items():
        here = np.flatnonzero(known & np.equal(blocks, block))
        if len(here):
            rows = zip(
                rounded(student[here]), teacher[here].tolist(), [f"{labels[at]:.3g}" for at in here], strict=True
            )
            sketch.add({
                "type": "scatter", "name": name, "data": [list(row) for row in rows], "symbol": symbol,
                "symbolSize": 10, "itemStyle": {"color": colour, "opacity": 1}, "emphasis": {"disabled": True},
            })  # fmt: skip
    return sketch.option()
