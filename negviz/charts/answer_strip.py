"""Ranks of a query's candidates, by whether they contain the answer."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from negviz.arrays import Ints
from negviz.charts import CHARTS, FALSE_NEGATIVE, POSITIVE, SOFT, TAKEN
from negviz.charts._option import Sketch

LOOKS = ((SOFT, "rect"), (FALSE_NEGATIVE, "triangle"), (TAKEN, "circle"), (POSITIVE, "diamond"))


@CHARTS.register("Answer strip")
def answer_strip(ranks: Ints, lanes: Ints, names: Sequence[str], retriever: str) -> dict[str, Any]:
    """Show at which ranks candidates contain the answer, which were kept, and where the positives stand.

    Args:
        ranks: (candidates,) rank, 0 is best.
        lanes: (candidates,) what each is, a place in ``names``.
        names: Four names: kept, containing an answer, taken, positive; plain words of the project's own.
        retriever: Whose ranks they are.

    Returns:
        Option of ECharts, a lane for each name.
    """
    ends = (-1.0, float(ranks.max(initial=0)) + 1)
    # The label of the axis is a person's text where it names a run file: no markup is made from it there.
    sketch = Sketch(f"rank by {retriever} (0 is the nearest)", "", "{a}<br>rank {@[0]}", "item", ends, swatch=14)
    sketch.y_axis = {
        "type": "category", "data": [""] * len(names), "axisTick": {"show": False}, "axisLabel": {"show": False},
        "splitLine": {"show": True}, "name": "",
    }  # fmt: skip
    for lane, (name, (colour, symbol)) in enumerate(zip(names, LOOKS, strict=True)):
        here = np.flatnonzero(np.equal(lanes, lane))
        size: Any = [4, 16] if symbol == "rect" else 11
        sketch.add({
            "type": "scatter", "name": name.capitalize(), "data": [[int(ranks[at]), lane] for at in here],
            "symbol": symbol, "symbolSize": size, "itemStyle": {"color": colour, "opacity": 1},
            "emphasis": {"disabled": True},
        })  # fmt: skip
    return sketch.option()
