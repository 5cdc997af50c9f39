"""What a row of values of one knob costs and brings."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from negviz.arrays import Floats
from negviz.charts import CHARTS, DISPUTED, FALSE_NEGATIVE, POSITIVE, QUERY, REFUSED, SOFT, TAKEN, Line
from negviz.charts._option import DASHES, Sketch, rounded

NOTHING = "-"
RIGHT = 2
FILLED = "Taken, % of those wanted"
HARDNESS = "Mean hardness (right)"
INTERVAL = "95% interval"


@dataclass(frozen=True, eq=False)
class Share:
    """A measured share with its interval, drawn over the same values.

    Attributes:
        name: In the legend, with its unit.
        values: (values,) 0 to 1, NaN where unknown.
        low: (values,) lower end of its interval.
        high: (values,) upper end.
        colour: Of the line.
    """

    name: str
    values: Floats
    low: Floats
    high: Floats
    colour: str = FALSE_NEGATIVE


@CHARTS.register("Sweep of a knob")
def sweep(
    values: Floats,
    *,
    per_query: Floats,
    filled: Floats,
    starved: Floats,
    likely: Floats,
    hardness: Floats,
    knob: str,
    scale: str,
    now: float,
    usual: float | None,
    measured: Share | None = None,
    judged: Sequence[str] = (),
    more: Sequence[Share] = (),
) -> dict[str, Any]:
    """Show what each value of a knob does to the negatives; a point of the first line can be clicked.

    Args:
        values: (values,) of the knob, ascending.
        per_query: (values,) negatives a query, mean.
        filled: (values,) negatives taken, as a share of those wanted.
        starved: (values,) share of queries that are not filled.
        likely: (values,) share of likely false negatives, NaN where unknown.
        hardness: (values,) mean score minus the positive's of the negatives taken, NaN where none.
        knob: Title of the horizontal axis.
        scale: Scale of the scores.
        now: Value at hand.
        usual: Published value, None where there is none.
        measured: Measured false negatives, None where nothing is judged.
        judged: (values,) on how many judgments each measured share rests, in words.
        more: Further shares over the same values, such as what training gave.

    Returns:
        Option of ECharts with shares on the left and score differences on the right.
    """
    hover = (
        "value {@[0]}<br>{@[2]} negatives a query, {@[1]}% of those wanted<br>starved queries {@[3]}%<br>"
        "mean hardness {@[4]}<br>likely false {@[5]}<br>measured false {@[6]}"
    )
    sketch = Sketch(knob, "share, %", hover, ends=(float(values[0]), float(values[-1])))
    sketch.y_axis = {"min": 0, "max": 105, "interval": 20, "axisLabel": {"showMaxLabel": False}}
    texts = [
        rounded(per_query, 4), rounded(100 * starved, 3), _told(hardness, "{:.3g}", "unknown"),
        _told(100 * likely, "{:.1f}%", "unknown"), _measured(measured, judged, len(values)),
    ]  # fmt: skip
    points = {"symbol": "circle", "symbolSize": 7, "selectedMode": "single", "cursor": "pointer",
              "select": {"itemStyle": {"borderColor": POSITIVE, "borderWidth": 3}}}  # fmt: skip
    sketch.add(_curve(FILLED, values, 100 * filled, TAKEN, "solid", texts) | points)
    sketch.add(_curve("Starved queries, %", values, 100 * starved, QUERY, "dash"))
    sketch.add(_curve("Likely false negatives, %", values, 100 * likely, DISPUTED, "dashdot"))
    for share in (*([measured] if measured else []), *more):
        sketch.add(_curve(share.name, values, 100 * share.values, share.colour, "solid"))
        for edge in (share.low, share.high):
            sketch.add(_curve(f"{INTERVAL} of it", values, 100 * edge, share.colour, "dot"))
    hard = {"yAxisIndex": RIGHT, "symbol": "diamond", "symbolSize": 6}
    sketch.add(_curve(HARDNESS, values, hardness, SOFT, "solid") | hard)
    marks = [Line(f"Now, {now:.4g}", now, REFUSED, "solid")]
    sketch.mark([*marks, Line(f"Published, {usual:.4g}", usual, POSITIVE, "dash")] if usual is not None else marks)
    option = sketch.option()
    option["yAxis"].append(_right(hardness, f"score minus positive ({scale})"))
    option["grid"]["right"] = 8
    for entry in option["legend"]["data"]:
        if entry["name"] in {FILLED, HARDNESS}:
            del entry["itemStyle"]
    if sketch.ends == (float(values[0]), float(values[-1])):
        option["xAxis"]["axisLabel"] = {"hideOverlap": True}
    return option


def _right(hardness: Floats, name: str) -> dict[str, Any]:
    known = hardness[np.isfinite(hardness)]
    room = 0.08 * float(np.ptp(known)) if known.size else 0.0
    low, high = rounded(np.array([known.min() - room, known.max() + room]), 3) if known.size else (0.0, 1.0)
    middle = high if high > low else low + max(abs(low), 0.1)
    return {
        "type": "value", "name": name, "nameLocation": "middle", "nameGap": 44, "position": "right",
        "min": low, "max": middle, "splitLine": {"show": False}, "show": bool(known.size),
        "axisLabel": {"showMinLabel": False, "showMaxLabel": False},
    }  # fmt: skip


def _told(values: Floats, form: str, unknown: str) -> list[str]:
    return [form.format(value) if np.isfinite(value) else unknown for value in values.tolist()]


def _measured(share: Share | None, judged: Sequence[str], count: int) -> list[str]:
    if share is None:
        return ["not known, nothing is judged"] * count
    rows = zip(share.values, share.low, share.high, judged or [""] * count, strict=True)
    return [
        f"{100 * rate:.1f}% ({100 * least:.1f} to {100 * most:.1f}) {words}".strip()
        if np.isfinite(rate)
        else "none judged"
        for rate, least, most, words in rows
    ]


def _curve(name: str, x: Floats, y: Floats, colour: str, dash: str, texts: list[Any] | None = None) -> dict[str, Any]:
    places = [at if np.isfinite(at) else NOTHING for at in rounded(y, 4)]
    rows = zip(rounded(x, 6), places, *(texts or []), strict=True)
    return {
        "type": "line", "name": name, "data": [list(row) for row in rows], "symbol": "none",
        "itemStyle": {"color": colour}, "emphasis": {"disabled": True},
        "lineStyle": {"color": colour, "width": 2, "type": DASHES.get(dash, dash)},
    }  # fmt: skip
