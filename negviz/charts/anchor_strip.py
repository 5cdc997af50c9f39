"""Anchor strip: a row a query, how far its candidates score below or above the positive."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from negviz.arrays import Bools, Floats, Ints
from negviz.charts import CHARTS, DISPUTED, FALSE_NEGATIVE, POSITIVE, QUERY, Line
from negviz.charts._brush import HOVER, RING, with_brush
from negviz.charts._option import Sketch, rounded
from negviz.charts._states import LOOKS, ZONE, points

LIMIT = "95% of the positive"
MARKED = "Marked"
ROW, NARROW = 26, 540
WIDE_NAMES, NARROW_NAMES = 190, 76
NOTHING = "-"
CELL = 6


@dataclass(frozen=True, eq=False)
class Ticks:
    """Candidates of the rows, each a tick.

    Attributes:
        rows: (ticks,) row of each.
        margins: (ticks,) score minus the positive's.
        words: State of each, see ``_states.LOOKS``.
        disputed: (ticks,), True in the disputed zone.
        ranks: (ticks,) rank by score.
        documents: Id of each one's document.
        scores: (ticks,).
        cells: (ticks,) what ``picked`` gives back for each.
        marked: (ticks,), which have a ring around them.
    """

    rows: Ints
    margins: Floats
    words: Sequence[str]
    disputed: Bools
    ranks: npt.NDArray[np.int32]
    documents: Sequence[str]
    scores: Floats
    cells: npt.NDArray[np.int64]
    marked: Bools


@CHARTS.register("Anchor strip")
def anchor_strip(
    names: Sequence[str], ticks: Ticks, lows: Floats | None, axis: str, *, pick: bool = False
) -> dict[str, Any]:
    """Lay the candidates of several queries under each other, all measured from their positive.

    Args:
        names: What each row is called; shown as it is.
        ticks: The candidates.
        lows: (rows,) where 95% of the positive lies, NaN where unknown; None on a scale where the published limits
            mean nothing, which leaves out the guides and the disputed zone, too.
        axis: Title of the distance axis.
        pick: Whether candidates can be marked, by a click, a box or a lasso.

    Returns:
        Option of ECharts; ``height`` gives its pixels.
    """
    hover = "{a}<br>{@[4]}<br>score {@[5]}, {@[2]} against the positive<br>rank {@[3]}"
    marks = [float(ticks.margins.min(initial=0.0)), float(ticks.margins.max(initial=0.0))]
    marks += [0.15, -0.1] if lows is not None else []
    room = 0.02 * (max(marks) - min(marks)) or 1.0
    ends = rounded(np.array([min(marks) - room, max(marks) + room]), 3)
    sketch = Sketch(axis, "", hover, "item", (ends[0], ends[1]), swatch=14)
    sketch.y_axis = {
        "type": "category", "data": list(names), "inverse": True, "name": "", "axisTick": {"show": False},
        "axisLabel": {"width": WIDE_NAMES, "overflow": "truncate", "interval": 0}, "splitLine": {"show": True},
    }  # fmt: skip
    if lows is not None:
        sketch.add(_zones(lows), "roundRect")
        sketch.add(_limits(lows))
    first = len(sketch.series)
    _ticks(sketch, ticks, "multiple" if pick else False)
    brushed = list(range(first, len(sketch.series)))
    rings = np.flatnonzero(ticks.marked)
    if len(rings):
        sketch.add(_rings(_places(ticks, rings)))
    guides = [Line("The positive", 0.0, POSITIVE, "solid")]
    if lows is not None:
        guides = [Line("Positive - 0.05", -0.05, QUERY, "dot"), *guides]
        guides.append(Line("Positive + 0.1", 0.1, FALSE_NEGATIVE, "dash"))
    sketch.mark(guides)
    option = sketch.option()
    narrow = {"yAxis": [{"axisLabel": {"width": NARROW_NAMES}}, {}]}
    option["media"].append({"query": {"maxWidth": NARROW}, "option": narrow})
    option["tooltip"]["extraCssText"] = HOVER
    return with_brush(option, brushed) if pick else option


def height(rows: int) -> int:
    """Pixels of a strip with that many rows, legend and axis included."""
    return 130 + ROW * max(rows, 1)


def picked(option: Mapping[str, Any], selected: Sequence[Mapping[str, Any]]) -> npt.NDArray[np.int64]:
    """Cells of the ticks that somebody marked on a strip, each once, ascending.

    Args:
        option: The strip that was marked.
        selected: What the chart says of it: groups of ``series_index`` and ``data_indices``; places that the strip
            does not have are left out.
    """
    found = set()
    for group in selected:
        series = option["series"][group["series_index"]] if _within(group["series_index"], option["series"]) else {}
        data = series.get("data", []) if series.get("name", "").lower() in LOOKS else []
        found |= {data[at][CELL] for at in group["data_indices"] if _within(at, data)}
    return np.array(sorted(found), dtype=np.int64)


def _within(place: Any, items: Sequence[Any]) -> bool:
    return isinstance(place, int) and 0 <= place < len(items)


def _ticks(sketch: Sketch, ticks: Ticks, mode: str | bool) -> None:
    words = np.asarray(ticks.words, dtype=object)
    for word in LOOKS:
        for inside in (False, True):
            here = np.flatnonzero(np.equal(words, word) & np.equal(ticks.disputed, inside))
            if len(here):
                drawn = points(word, _places(ticks, here), disputed=inside, size=9)
                sketch.add({**drawn, "selectedMode": mode, "select": {"disabled": True}} if mode else drawn)


def _places(ticks: Ticks, here: npt.NDArray[np.intp]) -> list[list[Any]]:
    away = rounded(ticks.margins[here], 4)
    told = [f"{value:+.3g}" for value in away]
    columns = (
        away, ticks.rows[here].tolist(), told, ticks.ranks[here].tolist(), [ticks.documents[at] for at in here],
        rounded(ticks.scores[here], 4), ticks.cells[here].tolist(),
    )  # fmt: skip
    return [list(each) for each in zip(*columns, strict=True)]


def _rings(data: list[list[Any]]) -> dict[str, Any]:
    return {
        "type": "scatter", "name": MARKED, "data": data, "symbol": "circle", "symbolSize": 15, "silent": True,
        "itemStyle": {"color": "transparent", "borderColor": RING, "borderWidth": 2}, "emphasis": {"disabled": True},
    }  # fmt: skip


def _zones(lows: Floats) -> dict[str, Any]:
    """The disputed zone of each row, as a broad line; an empty place parts the rows."""
    data: list[list[Any]] = []
    for row, low in enumerate(lows.tolist()):
        if np.isfinite(low):
            data += [[round(low, 4), row], [0.1, row], [NOTHING, NOTHING]]
    return {
        "type": "line", "name": ZONE, "data": data, "symbol": "none", "silent": True, "z": 1, "connectNulls": False,
        "itemStyle": {"color": DISPUTED, "opacity": 0.5}, "emphasis": {"disabled": True}, "tooltip": {"show": False},
        "lineStyle": {"color": DISPUTED, "opacity": 0.24, "width": ROW - 6, "cap": "butt"},
    }  # fmt: skip


def _limits(lows: Floats) -> dict[str, Any]:
    data = [[round(low, 4), row] for row, low in enumerate(lows.tolist()) if np.isfinite(low)]
    return {
        "type": "scatter", "name": LIMIT, "data": data, "symbol": "rect", "symbolSize": [2.5, ROW - 6], "silent": True,
        "itemStyle": {"color": DISPUTED, "opacity": 1}, "emphasis": {"disabled": True}, "tooltip": {"show": False},
    }  # fmt: skip
