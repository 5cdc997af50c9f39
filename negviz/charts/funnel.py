"""Funnel of a selection."""

from collections.abc import Sequence
from typing import Any

from negviz.charts import CHARTS, REFUSED, TAKEN
from negviz.charts._option import Sketch

ROW = 30
LEFT, REMOVED = "Left after it", "Removed by it"


@CHARTS.register("Funnel")
def funnel(candidates: int, stages: Sequence[tuple[str, int, int]]) -> dict[str, Any]:
    """Show how many candidates are left after each stage, and how many it removed.

    Args:
        candidates: Candidates at the start.
        stages: (name, removed, left) in order; stages that remove nothing can be left out.

    Returns:
        Option of ECharts; ``height`` gives its pixels.
    """
    rows = [("candidates", 0, candidates), *stages]
    sketch = Sketch("candidates", "", "{b}<br>{@[2]}", "item", (0.0, float(max(candidates, 1))), swatch=14)
    sketch.y_axis = {
        "type": "category", "data": [name for name, _, _ in rows], "inverse": True, "name": "",
        "axisTick": {"show": False}, "axisLabel": {"width": 190, "overflow": "break", "lineHeight": 13, "interval": 0},
        "splitLine": {"show": False},
    }  # fmt: skip
    told = [_told(removed, left, candidates) for _, removed, left in rows]
    for name, style, values in (
        (LEFT, {"color": TAKEN}, [left for _, _, left in rows]),
        (REMOVED, {"color": REFUSED, "opacity": 0.45}, [removed for _, removed, _ in rows]),
    ):
        data = [[value, row, text] for row, (value, text) in enumerate(zip(values, told, strict=True))]
        sketch.add({"type": "bar", "stack": "all", "name": name, "itemStyle": style, "data": data, "barWidth": "62%"})
    option = sketch.option()
    option["xAxis"]["axisLabel"]["showMinLabel"] = True
    option["media"].append({"query": {"maxWidth": 540}, "option": {"yAxis": [{"axisLabel": {"width": 112}}, {}]}})
    return option


def height(stages: int) -> int:
    """Pixels of a funnel with that many stages."""
    return 110 + ROW * (stages + 1)


def _told(removed: int, left: int, candidates: int) -> str:
    share = 100 * removed / max(candidates, 1)
    return f"{left:,} left" + (f", {removed:,} removed ({share:.1f}% of all)" if removed else "")
