"""Score versus rank of one query."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from negviz.charts import CHARTS, FALSE_NEGATIVE, POSITIVE, REFUSED, SOFT, SYMBOLS, TAKEN
from negviz.charts._figure import Draft

LEVELS = 8
GROUPS: Mapping[str, tuple[str, str]] = {
    "refused": (REFUSED, SYMBOLS["refused"]),
    "not drawn": (SOFT, "circle-open"),
    "taken": (TAKEN, SYMBOLS["taken"]),
    "labelled positive": (POSITIVE, SYMBOLS["positive"]),
    "labelled false negative": (FALSE_NEGATIVE, SYMBOLS["false negative"]),
}


@CHARTS.register("Score versus rank")
def rank_curve(
    ranks: npt.NDArray[np.int32],
    scores: npt.NDArray[np.float32],
    verdicts: Sequence[str],
    positives: npt.NDArray[np.float32],
    axis: str,
    shown: int | None = None,
) -> go.Figure:
    """Show how the scores of a query's candidates fall off, what became of each, and where the positives lie.

    Args:
        ranks: (candidates,) rank by score.
        scores: (candidates,) scores, NaN where unknown.
        verdicts: One of ``GROUPS`` for each candidate.
        positives: Scores of the labelled positives.
        axis: Title of the score axis.
        shown: Show only ranks below this at first; the rest can be reached by zooming out.
    """
    draft = Draft("rank (0 is the nearest)", axis, 280, {"hovermode": "closest", "yaxis": {"rangemode": "normal"}})
    words = np.asarray(verdicts, dtype=object)
    for verdict, (colour, symbol) in GROUPS.items():
        here = np.equal(words, verdict) & np.isfinite(scores)
        if here.any():
            draft.traces.append({
                "type": "scatter", "x": ranks[here].astype(np.float32), "y": scores[here].astype(np.float32),
                "mode": "markers", "name": verdict.capitalize(), "hovertemplate": "rank %{x}, score %{y:.4g}",
                "marker": {"color": colour, "symbol": symbol, "size": 8},
            })  # fmt: skip
    known = positives[np.isfinite(positives)]
    for place, level in enumerate(sorted({float(value) for value in known}, reverse=True)[:LEVELS]):
        draft.shapes.append({
            "type": "line", "xref": "paper", "yref": "y", "x0": 0, "x1": 1, "y0": level, "y1": level,
            "name": "Level of a positive", "showlegend": place == 0,
            "line": {"color": POSITIVE, "width": 2, "dash": "dot"},
        })  # fmt: skip
    seen = np.concatenate([scores[(ranks < (shown or np.inf)) & np.isfinite(scores)], known])
    if shown is not None and seen.size:
        room = 0.06 * float(np.ptp(seen)) or 1.0
        draft.layout["xaxis"] = {"range": [-1, shown]}
        draft.layout["yaxis"] = {"range": [float(seen.min()) - room, float(seen.max()) + room]}
    return draft.figure()
