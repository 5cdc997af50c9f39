"""Map of documents and queries as an ECharts option: points in groups, a box and a lasso to mark them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from negviz.arrays import Ints, Scores
from negviz.charts import CHARTS, POSITIVE

STAR = "path://M0,-10L2.9,-3.1L9.5,-3.1L4.4,1.4L5.9,8.1L0,4.3L-5.9,8.1L-4.4,1.4L-9.5,-3.1L-2.9,-3.1Z"
CROSS = "path://M-9,-6L-6,-9L0,-3L6,-9L9,-6L3,0L9,6L6,9L0,3L-6,9L-9,6L-3,0Z"
HOVER = "max-width:22rem;white-space:normal;overflow-wrap:anywhere;"
MARKED = "#e8590c"


@dataclass(frozen=True, eq=False)
class Group:
    """Points that look alike.

    Attributes:
        name: Entry of the legend.
        colour: Colour.
        shape: ECharts symbol.
        places: (points, 2).
        texts: What hovering over each point shows, as plain text.
        size: Pixels.
        opacity: 0 to 1.
    """

    name: str
    colour: str
    shape: str
    places: Scores
    texts: Sequence[str]
    size: int = 6
    opacity: float = 0.75

    def pick(self, kept: Ints) -> "Group":
        """The group with only some of its points."""
        texts = [self.texts[place] for place in kept]
        return Group(self.name, self.colour, self.shape, self.places[kept], texts, self.size, self.opacity)


@CHARTS.register("Map")
def map(groups: Sequence[Group], links: Sequence[tuple[Scores, Scores]] = ()) -> dict[str, Any]:
    """Draw groups of points, later ones above earlier ones, and lines between places.

    The texts travel in the dataset and are shown through a placeholder, which Streamlit escapes.

    Args:
        groups: Points that look alike; empty ones are left out.
        links: (from, to) pairs of places.

    Returns:
        Option of ECharts with a brush (box and lasso) and zoom on both axes.
    """
    shown = [group for group in groups if len(group.places)]
    series = [_series(group, place) for place, group in enumerate(shown)]
    if len(links):
        series.append(_lines(links))
    return {
        "animation": False,
        "dataset": [{"source": _table(group)} for group in shown],
        "grid": {"left": 8, "right": 8, "top": 44, "bottom": 40},
        "xAxis": _axis([group.places[:, 0] for group in shown]),
        "yAxis": _axis([group.places[:, 1] for group in shown]),
        "legend": {
            "type": "scroll",
            "bottom": 0,
            "itemWidth": 14,
            "itemHeight": 12,
            "data": [group.name for group in shown],
        },
        "tooltip": {"trigger": "item", "formatter": "{@text}", "confine": True, "extraCssText": HOVER},
        "toolbox": _toolbox(),
        "brush": _brush(len(shown)),
        "dataZoom": [
            {"type": "inside", "xAxisIndex": 0, "filterMode": "none"},
            {"type": "inside", "yAxisIndex": 0, "filterMode": "none"},
        ],
        "series": series,
    }


def _table(group: Group) -> pa.Table:
    places = group.places.astype(np.float32)
    return pa.table({"x": places[:, 0], "y": places[:, 1], "text": pa.array(group.texts, pa.string())})


def _series(group: Group, place: int) -> dict[str, Any]:
    return {
        "type": "scatter",
        "name": group.name,
        "datasetIndex": place,
        "encode": {"x": "x", "y": "y"},
        "symbol": group.shape,
        "symbolSize": group.size,
        "itemStyle": {"color": group.colour, "opacity": group.opacity},
        "z": 2 + place,
    }


def _lines(links: Sequence[tuple[Scores, Scores]]) -> dict[str, Any]:
    return {
        "type": "lines",
        "coordinateSystem": "cartesian2d",
        "data": [{"coords": [[float(end[0]), float(end[1])] for end in link]} for link in links],
        "lineStyle": {"color": POSITIVE, "width": 1.5, "type": "dashed", "opacity": 0.8},
        "silent": True,
        "tooltip": {"show": False},
        "z": 1,
    }


def _axis(values: Sequence[Scores]) -> dict[str, Any]:
    """An axis without ticks whose ends do not depend on what is drawn last; the places have no unit."""
    low = min((float(part.min()) for part in values), default=0.0)
    high = max((float(part.max()) for part in values), default=1.0)
    room = 0.03 * (high - low) or 1.0
    return {"type": "value", "min": low - room, "max": high + room, "show": False}


def _toolbox() -> dict[str, Any]:
    titles = {"rect": "Box", "polygon": "Lasso", "clear": "Clear"}
    return {
        "left": 8,
        "top": 4,
        "itemSize": 20,
        "itemGap": 14,
        "showTitle": True,
        "feature": {
            "brush": {"type": ["rect", "polygon", "clear"], "title": titles},
            "restore": {"title": "Reset zoom"},
        },
    }


def _brush(groups: int) -> dict[str, Any]:
    return {
        "xAxisIndex": 0,
        "yAxisIndex": 0,
        "seriesIndex": list(range(groups)),
        "brushMode": "single",
        "throttleType": "debounce",
        "throttleDelay": 200,
        "outOfBrush": {"opacity": 0.15},
        "brushStyle": {"borderWidth": 2, "borderColor": MARKED, "color": "rgba(232,89,12,0.12)"},
    }
