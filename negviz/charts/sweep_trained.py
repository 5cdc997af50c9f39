"""What training at some values of a knob measured."""

from typing import Any

import numpy as np

from negviz.arrays import Floats
from negviz.charts import CHARTS, POSITIVE, REFUSED, SOFT, TAKEN, Line
from negviz.charts._option import DASHES, Sketch, rounded

GAP = "-"
OF_MEAN = "95% interval of the mean"
# Above whatever else is drawn, so that a point can be seen and hit.
ON_TOP = 20
# Room on the right that the curve above has for its second axis, so that a value is in one place in both.
RIGHT, NARROW_RIGHT, NARROW = 62, 58, 540


@CHARTS.register("Training at each value of a knob")
def sweep_trained(
    values: Floats,
    mean: Floats,
    low: Floats,
    high: Floats,
    *,
    differences: tuple[Floats, Floats],
    at: float,
    metric: str,
    knob: str,
    now: float,
    usual: float | None,
    ends: tuple[float, float],
) -> dict[str, Any]:
    """Show a metric at each trained value, with two intervals; a point of the first line can be clicked.

    The mean's own interval is wide, for queries differ much; the bars say how far a value is from the one that it is
    compared with, query by query: a bar that crosses the level tells of no difference.

    Args:
        values: (values,) of the knob, ascending.
        mean: (values,) mean of the metric, 0 to 1.
        low: (values,) lower end of its interval, NaN where unknown.
        high: (values,) upper end.
        differences: (values,) lower and upper end of the interval of the difference; NaN where there is none.
        at: Value that the others are compared with.
        metric: Its name.
        knob: Title of the horizontal axis.
        now: Value at hand.
        usual: Published value, None where there is none.
        ends: Ends of the horizontal axis of the curve above.

    Returns:
        Option of ECharts.
    """
    level = float(mean[np.abs(values - at).argmin()])
    across = min(ends[0], *values.tolist()), max(ends[1], *values.tolist())
    hover = f"value {{@[0]}}<br>{metric} {{@[1]}} ({{@[2]}})<br>{{@[3]}}"
    sketch = Sketch(knob, metric, hover, ends=across)
    bars = [level + edge for edge in differences]
    sketch.y_axis = _limits([mean, low, high, *bars])
    texts = [_span(low, high, "", "interval unknown"), _span(*differences, "difference ", "no difference to tell")]
    points = {"z": ON_TOP, "symbol": "circle", "symbolSize": 8, "selectedMode": "single", "cursor": "pointer",
              "select": {"itemStyle": {"borderColor": POSITIVE, "borderWidth": 3}}}  # fmt: skip
    rows = zip(rounded(values, 6), rounded(mean, 4), *texts, strict=True)
    sketch.add(_line(f"Mean {metric}", [list(row) for row in rows], TAKEN) | points)
    for edge in (low, high):
        sketch.add(_line(OF_MEAN, _points(values, edge), TAKEN, "dot"))
    sketch.add(_line(f"95% interval of the difference from {at:.4g}", _bars(values, *bars), SOFT, width=3))
    sketch.add(_line(f"Mean at {at:.4g}", [[across[0], level], [across[1], level]], REFUSED, "dash", width=1))
    marks = [Line(f"Now, {now:.4g}", now, REFUSED, "solid")]
    sketch.mark([*marks, Line(f"Published, {usual:.4g}", usual, POSITIVE, "dash")] if usual is not None else marks)
    option = sketch.option()
    option["grid"]["right"] = RIGHT
    option["media"].append({"query": {"maxWidth": NARROW}, "option": {"grid": {"right": NARROW_RIGHT}}})
    if sketch.ends == across:
        option["xAxis"]["axisLabel"] = {"hideOverlap": True}
    for entry in option["legend"]["data"][:1]:
        del entry["itemStyle"]
    return option


def _limits(parts: list[Floats]) -> dict[str, Any]:
    """Ends of the vertical axis: what is drawn, with some room; a metric is rarely anywhere near 0."""
    known = np.concatenate(parts)
    known = known[np.isfinite(known)]
    room = max(0.06 * float(np.ptp(known)), 0.002)
    low, high = rounded(np.array([max(known.min() - room, 0.0), min(known.max() + room, 1.0)]), 3)
    return {"min": low, "max": high, "nameGap": 44, "axisLabel": {"showMinLabel": False, "showMaxLabel": False}}


def _span(low: Floats, high: Floats, before: str, unknown: str) -> list[str]:
    sign = "+" if before else ""
    return [
        f"{before}{least:{sign}.3f} to {most:{sign}.3f}" if np.isfinite(least) else unknown
        for least, most in zip(low.tolist(), high.tolist(), strict=True)
    ]


def _points(x: Floats, y: Floats) -> list[Any]:
    return [[place, at if np.isfinite(at) else GAP] for place, at in zip(rounded(x, 6), rounded(y, 4), strict=True)]


def _bars(x: Floats, low: Floats, high: Floats) -> list[Any]:
    """Upright strokes as one line with gaps."""
    known = np.isfinite(low) & np.isfinite(high)
    rows = zip(rounded(x[known], 6), rounded(low[known], 4), rounded(high[known], 4), strict=True)
    return [point for place, least, most in rows for point in ([place, least], [place, most], [place, GAP])]


def _line(name: str, data: list[Any], colour: str, dash: str = "solid", width: int = 2) -> dict[str, Any]:
    return {
        "type": "line", "name": name, "data": data, "symbol": "none", "itemStyle": {"color": colour},
        "emphasis": {"disabled": True}, "lineStyle": {"color": colour, "width": width, "type": DASHES[dash]},
    }  # fmt: skip
