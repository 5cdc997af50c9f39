"""What is compared as points with their intervals, against what was there before training."""

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from negviz.charts import CHARTS, REFUSED
from negviz.charts._figure import Draft, plain
from negviz.charts.learning_curve import LOOKS

ROW, LETTERS, MOST_LINES = 30, 26, 3


@dataclass(frozen=True)
class Measured:
    """A mean with its interval; the ends are None where a single query was measured."""

    name: str
    mean: float
    low: float | None
    high: float | None


@CHARTS.register("Means with their intervals")
def arm_intervals(rows: Sequence[Measured], reference: Measured | None, axis: str, *, first: int = 0) -> go.Figure:
    """Show a mean with its interval for each, and a line with its name for what they are held against.

    Args:
        rows: From top to bottom.
        reference: The student before training, say, its interval as a band; or the 0 of differences.
        axis: Name of the measure.
        first: Place of the first row among all that is compared, so that it looks as in the other charts.
    """
    places = list(range(len(rows)))
    names = [_wrapped(row.name) for row in rows]
    lines = sum(name.count("<br>") for name in names)
    draft = Draft(axis, "", 110 + ROW * len(rows) + 12 * lines, {"hovermode": "closest", "showlegend": False})
    draft.layout["yaxis"] = {
        "tickvals": places, "ticktext": names, "range": [len(rows) - 0.4, -0.6], "showgrid": False, "zeroline": False,
        "rangemode": "normal",
    }  # fmt: skip
    draft.layout["xaxis"] = {"zeroline": False, "nticks": 6}
    if reference is not None:
        draft.layout |= _line(reference)
    # As in the learning curves, where there are few enough to be told apart; the first stands out in any case.
    few = first + len(rows) <= len(LOOKS)
    looks = [LOOKS[first + place if few else min(first + place, 1)] for place in places]
    draft.traces.append({
        "type": "scatter", "mode": "markers", "x": [row.mean for row in rows], "y": places,
        "customdata": [_told(row) for row in rows], "hovertemplate": "%{customdata}<extra></extra>",
        "marker": {"size": 10, "color": [look[0] for look in looks], "symbol": [look[2] for look in looks]},
        "error_x": {"type": "data", "symmetric": False, "thickness": 2, "width": 5, "color": REFUSED,
                    "array": [0.0 if row.high is None else row.high - row.mean for row in rows],
                    "arrayminus": [0.0 if row.low is None else row.mean - row.low for row in rows]},
    })  # fmt: skip
    return draft.figure()


def _line(reference: Measured) -> dict[str, object]:
    across = {"yref": "paper", "y0": 0, "y1": 1}
    shapes: list[dict[str, object]] = [
        {"type": "line", "x0": reference.mean, "x1": reference.mean, **across,
         "line": {"color": REFUSED, "width": 2, "dash": "dot"}},
    ]  # fmt: skip
    if reference.low is not None and reference.high is not None:
        shapes.append({
            "type": "rect", "x0": reference.low, "x1": reference.high, **across, "layer": "below", "line": {"width": 0},
            "fillcolor": "rgba(134, 142, 150, 0.13)",
        })  # fmt: skip
    words = {"yref": "paper", "y": 1, "x": reference.mean, "text": plain(reference.name), "showarrow": False,
             "yanchor": "bottom"}  # fmt: skip
    return {"shapes": shapes, "annotations": [words], "margin": {"l": 8, "r": 8, "t": 26, "b": 8}}


def _told(row: Measured) -> str:
    ends = f" ({row.low:.3f} to {row.high:.3f})" if row.low is not None and row.high is not None else ""
    return f"{row.mean:.3f}{ends}"


def _wrapped(name: str) -> str:
    """A name over three lines at most, so that the plot has room on a narrow screen."""
    words, lines = name.split(), [""]
    for word in words:
        if lines[-1] and len(lines[-1]) + len(word) + 1 > LETTERS:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    lines = [line if len(line) <= LETTERS else f"{line[: LETTERS - 1]}…" for line in lines]
    if len(lines) > MOST_LINES:
        lines = [*lines[: MOST_LINES - 1], f"{lines[MOST_LINES - 1][: LETTERS - 2]} …"]
    return "<br>".join(plain(line) for line in lines)
