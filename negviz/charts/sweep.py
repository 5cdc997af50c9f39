"""What a row of values of one knob costs and brings."""

from typing import Any

import numpy as np

from negviz.arrays import Floats
from negviz.charts import CHARTS, FALSE_NEGATIVE, POSITIVE, QUERY, SOFT, TAKEN, Line
from negviz.charts._option import DASHES, Sketch, rounded

NOTHING = "-"
RIGHT = 2
HARDNESS, POSITIVES = "Mean score of the taken (right)", "Mean score of positives (right)"


@CHARTS.register("Sweep of a knob")
def sweep(
    values: Floats,
    *,
    filled: Floats,
    starved: Floats,
    hardness: Floats,
    positives: float,
    false: Floats | None,
    low: Floats | None,
    high: Floats | None,
    knob: str,
    now: float,
    usual: float | None,
) -> dict[str, Any]:
    """Show what each value of a knob does to the negatives.

    Args:
        values: (values,) of the knob, ascending.
        filled: (values,) negatives taken, as a share of those wanted.
        starved: (values,) share of queries that are not filled.
        hardness: (values,) mean score of the negatives taken, NaN where none.
        positives: Mean score of the labelled positives, NaN where unknown.
        false: (values,) share of false negatives among the judged ones, None where nothing is judged.
        low: (values,) lower end of its interval.
        high: (values,) upper end.
        knob: Title of the horizontal axis.
        now: Value at hand.
        usual: Published value, None where there is none.

    Returns:
        Option of ECharts with shares on the left and scores on the right.
    """
    hover = "value {@[0]}<br>taken {@[1]}% of those wanted<br>starved {@[2]}%<br>mean score {@[3]}<br>false {@[4]}"
    ends = (float(values[0]), float(values[-1]))
    sketch = Sketch(knob, "%", hover, ends=ends)
    sketch.y_axis = {"min": 0, "max": 105, "interval": 20, "axisLabel": {"showMaxLabel": False}}
    texts = [
        rounded(100 * starved, 3),
        [f"{value:.3g}" if np.isfinite(value) else "none taken" for value in hardness],
        _told(false, low, high, len(values)),
    ]
    sketch.add(_curve("Taken, % of those wanted", values, 100 * filled, TAKEN, "solid", texts))
    sketch.add(_curve("Starved queries, %", values, 100 * starved, QUERY, "dashed"))
    if false is not None and low is not None and high is not None:
        sketch.add(_curve("False negatives among the judged, %", values, 100 * false, FALSE_NEGATIVE, "solid"))
        for edge in (low, high):
            sketch.add(_curve("95% interval of that share", values, 100 * edge, FALSE_NEGATIVE, "dotted"))
    sketch.add(_curve(HARDNESS, values, hardness, SOFT, "dashdot") | {"yAxisIndex": RIGHT})
    if np.isfinite(positives):
        sketch.add(_curve(POSITIVES, np.array(ends), np.full(2, positives), POSITIVE, "dotted") | {"yAxisIndex": RIGHT})
    marks = [Line(f"Now, {now:.4g}", now, SOFT, "solid")]
    sketch.mark([*marks, Line(f"Published, {usual:.4g}", usual, POSITIVE, "dash")] if usual is not None else marks)
    option = sketch.option()
    known = np.concatenate([hardness[np.isfinite(hardness)], [positives] if np.isfinite(positives) else []])
    room = 0.08 * float(np.ptp(known)) if known.size else 0.0
    low_end, high_end = rounded(np.array([known.min() - room, known.max() + room]), 3) if known.size else (0.0, 1.0)
    option["yAxis"].append({
        "type": "value", "name": "mean score", "nameLocation": "middle", "nameGap": 38, "position": "right",
        "min": low_end, "max": high_end if high_end > low_end else low_end + 1, "splitLine": {"show": False},
        "axisLabel": {"showMinLabel": False, "showMaxLabel": False},
    })  # fmt: skip
    option["grid"]["right"] = 8
    return option


def _told(false: Floats | None, low: Floats | None, high: Floats | None, count: int) -> list[str]:
    if false is None or low is None or high is None:
        return ["not known, nothing is judged"] * count
    return [
        f"{100 * rate:.1f}% ({100 * least:.1f} to {100 * most:.1f})" if np.isfinite(rate) else "none judged"
        for rate, least, most in zip(false, low, high, strict=True)
    ]


def _curve(name: str, x: Floats, y: Floats, colour: str, dash: str, texts: list[Any] | None = None) -> dict[str, Any]:
    places = [at if np.isfinite(at) else NOTHING for at in rounded(y, 4)]
    rows = zip(rounded(x), places, *(texts or []), strict=True)
    return {
        "type": "line", "name": name, "data": [list(row) for row in rows], "symbol": "none",
        "itemStyle": {"color": colour}, "emphasis": {"disabled": True},
        "lineStyle": {"color": colour, "width": 2, "type": DASHES.get(dash, dash)},
    }  # fmt: skip
