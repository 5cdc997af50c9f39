"""Student rank against teacher probability."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from negviz.arrays import Floats
from negviz.charts import CHARTS, FALSE_NEGATIVE, REFUSED, TAKEN
from negviz.charts._option import Sketch
from negviz.charts._places import add_places, area


@CHARTS.register("Student rank against teacher probability")
def teacher_scatter(
    ranks: Floats, probabilities: Floats, words: Sequence[str], *, negative: float, positive: float, depth: int
) -> dict[str, Any]:
    """Show where a teacher's probability lies for what the student ranks high, with the limits as bands.

    Args:
        ranks: (candidates,) rank by the student, 0 is best.
        probabilities: (candidates,) of the teacher.
        words: State of each candidate, see ``_states.LOOKS``.
        negative: Limit below which a candidate is a negative.
        positive: Limit above which it is a likely false negative.
        depth: How many ranks the method looks at.

    Returns:
        Option of ECharts.
    """
    last = float(max(ranks.max(initial=0.0) + 1.0, depth))
    hover = "{a}<br>rank {@[0]}, probability {@[1]}"
    sketch = Sketch("student's rank (0 is the nearest)", "teacher's probability", hover, "item", (-1.0, last), 14)
    sketch.y_axis = {"min": 0, "max": 1, "interval": 0.2}
    edge = float(depth) - 0.5
    sketch.add(area(f"Negative, below {negative:g}", (-1, 0), (edge, negative), TAKEN), "roundRect")
    sketch.add(area("Discarded", (-1, negative), (edge, positive), REFUSED), "roundRect")
    sketch.add(area(f"To review, above {positive:g}", (-1, positive), (edge, 1), FALSE_NEGATIVE), "roundRect")
    add_places(sketch, np.asarray(ranks, dtype=np.float64), probabilities, words)
    return sketch.option()
