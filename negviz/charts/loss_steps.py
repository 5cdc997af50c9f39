"""The loss of a training while it runs."""

from typing import Any

from negviz.arrays import Floats
from negviz.charts import CHARTS, TAKEN
from negviz.charts._option import Sketch, rounded

MOST = 400


@CHARTS.register("Loss by step")
def loss_steps(places: Floats, losses: Floats, rounds: int) -> dict[str, Any]:
    """Show the loss of steps; redrawn in place every second, so it is an option of ECharts.

    Args:
        places: (steps,) where in the training each is, in rounds.
        losses: (steps,) of each.
        rounds: Of the whole training.
    """
    sketch = Sketch("round", "loss", "round {@[0]}: loss {@[1]}", ends=(0.0, float(rounds)))
    sketch.y_axis = {"scale": True}
    every = max(1, -(-len(places) // MOST))
    points = [list(pair) for pair in zip(rounded(places[::every], 4), rounded(losses[::every], 4), strict=True)]
    sketch.add({"type": "line", "name": "loss", "data": points, "symbol": "circle", "symbolSize": 3,
                "showSymbol": len(points) < 40, "itemStyle": {"color": TAKEN},
                "lineStyle": {"color": TAKEN, "width": 2}})  # fmt: skip
    return sketch.option({"legend": {"show": False}, "grid": {"left": 4, "right": 14, "top": 12, "bottom": 4},
                          "media": []})  # fmt: skip
