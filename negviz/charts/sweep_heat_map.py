"""What every pair of values of two knobs costs or brings."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from negviz.arrays import Floats
from negviz.charts import CHARTS, POSITIVE, QUERY
from negviz.charts._option import rounded

# From little to much; opaque, so that it reads the same in both themes, and rising in lightness alone.
SCALE = ("#edf2ff", "#91a7ff", "#4c6ef5", "#233a9c")
NOW, PUBLISHED = "Now", "Published"
NO_CELL = "-"


@CHARTS.register("Sweep of two knobs", reference="METHODS 12, plot 12")
def sweep_heat_map(
    across: Floats,
    down: Floats,
    outcome: Floats,
    *,
    names: tuple[str, str],
    axis: str,
    told: Sequence[Sequence[Sequence[str]]],
    now: tuple[float, float],
    usual: tuple[float, float] | None,
) -> dict[str, Any]:
    """Colour a cell for every pair of values; a cell can be clicked.

    Args:
        across: (values,) of the first knob, ascending.
        down: (others,) of the second knob.
        outcome: (others, values), NaN where unknown, which leaves the cell empty.
        names: Of the two knobs.
        axis: What is coloured, with its unit.
        told: (others, values) lines on hovering, equally many a cell.
        now: Values at hand; marked where a cell has them.
        usual: Published values, None where there are none.

    Returns:
        Option of ECharts; the cells are the first series, row by row.
    """
    known = outcome[np.isfinite(outcome)]
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
    # A name of its own for each, since ECharts takes all items of one name together when one is clicked.
    cells = [
        {
            "name": f"{column},{row}",
            "value": [column, row, float(f"{value:.4g}") if np.isfinite(value) else NO_CELL,
                      f"{names[0]} {across[column]:.6g}", f"{names[1]} {down[row]:.6g}", *told[row][column]],
        }
        for row, line in enumerate(outcome.tolist()) for column, value in enumerate(line)
    ]  # fmt: skip
    marks = [(NOW, now, "circle", 20, QUERY)]
    marks += [(PUBLISHED, usual, "diamond", 12, POSITIVE)] if usual is not None else []
    drawn = [_mark(name, _cell(across, down, at), symbol, size, colour) for name, at, symbol, size, colour in marks]
    hover = "<br>".join(f"{{@[{place}]}}" for place in range(3, 5 + len(told[0][0])))
    ends = rounded(np.array([low, high if high > low else low + 1.0]), 4)
    return {
        "animation": False,
        "grid": {"left": 4, "right": 14, "top": 34, "bottom": 62},
        "legend": {"top": 0, "left": 0, "itemGap": 12, "selectedMode": False, "data": [each["name"] for each in drawn]},
        "tooltip": {"trigger": "item", "formatter": hover, "confine": True,
                    "transitionDuration": 0},
        "xAxis": _axis(names[0], across, 28), "yAxis": _axis(names[1], down, 52),
        "visualMap": {
            "type": "continuous", "min": ends[0], "max": ends[1], "calculable": False, "orient": "horizontal",
            "left": "center", "bottom": 0, "itemWidth": 12, "itemHeight": 150, "dimension": 2, "seriesIndex": 0,
            "inRange": {"color": list(SCALE)}, "text": [f"{ends[1]:.3g}", f"{axis}: {ends[0]:.3g}"], "hoverLink": False,
        },
        "series": [
            {"type": "heatmap", "name": axis, "data": cells, "selectedMode": "single", "cursor": "pointer",
             "itemStyle": {"borderWidth": 1, "borderColor": "rgba(134, 142, 150, 0.4)"},
             "emphasis": {"itemStyle": {"borderColor": QUERY, "borderWidth": 2}},
             "select": {"itemStyle": {"borderColor": QUERY, "borderWidth": 2}}},
            *drawn,
        ],
    }  # fmt: skip


def _axis(name: str, values: Floats, gap: int) -> dict[str, Any]:
    return {"type": "category", "data": [f"{value:.6g}" for value in values.tolist()], "name": name,
            "nameLocation": "middle", "nameGap": gap, "axisTick": {"show": False},
            "axisLabel": {"hideOverlap": True}}  # fmt: skip


def _cell(across: Floats, down: Floats, at: tuple[float, float]) -> list[list[int]]:
    column, row = np.flatnonzero(np.isclose(across, at[0])), np.flatnonzero(np.isclose(down, at[1]))
    return [[int(column[0]), int(row[0])]] if len(column) and len(row) else []


def _mark(name: str, cells: list[list[int]], symbol: str, size: int, colour: str) -> dict[str, Any]:
    shown = name if cells else f"{name}: outside"
    return {"type": "scatter", "name": shown, "data": cells, "symbol": symbol, "symbolSize": size, "silent": True,
            "itemStyle": {"color": "#ffffff", "borderColor": colour, "borderWidth": 3}, "tooltip": {"show": False},
            "z": 5}  # fmt: skip
