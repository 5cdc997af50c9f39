"""Box and lasso above a chart, with which somebody marks what lies inside."""

from collections.abc import Sequence
from typing import Any

MARKED = "#e8590c"
# What somebody has marked has this colour around it, on every chart that shows single things.
RING = "#9c36b5"
TOOLS = 40
HOVER = "max-width:22rem;white-space:normal;overflow-wrap:anywhere;"
TITLES = {"rect": "Box", "polygon": "Lasso", "clear": "Clear"}


def brush(series: Sequence[int]) -> dict[str, Any]:
    """The brush over some series; what lies outside an area fades.

    Args:
        series: Places of the series.
    """
    return {
        "xAxisIndex": 0, "yAxisIndex": 0, "seriesIndex": list(series), "brushMode": "single",
        "throttleType": "debounce", "throttleDelay": 200, "outOfBrush": {"opacity": 0.15},
        "brushStyle": {"borderWidth": 2, "borderColor": MARKED, "color": "rgba(232,89,12,0.12)"},
    }  # fmt: skip


def with_brush(option: dict[str, Any], series: Sequence[int]) -> dict[str, Any]:
    """An option with a brush, whose buttons have a line of their own above the legend.

    Args:
        option: As ``Sketch.option`` gives it.
        series: Places of the series that can be marked.
    """
    option["legend"]["top"] = TOOLS
    for grid in (option["grid"], *(each["option"]["grid"] for each in option["media"] if "grid" in each["option"])):
        grid["top"] += TOOLS
    option["brush"] = brush(series)
    option["toolbox"] = {
        "left": 8, "top": 4, "padding": 0, "itemSize": 18, "itemGap": 14, "showTitle": True,
        "feature": {"brush": {"type": list(TITLES), "title": TITLES}},
    }  # fmt: skip
    return option
