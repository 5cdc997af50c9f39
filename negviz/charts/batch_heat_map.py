"""Similarity heat-map of a batch."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from negviz.arrays import Bools, Floats
from negviz.charts import CHARTS, DISPUTED, FALSE_NEGATIVE, POSITIVE, QUERY, REFUSED, TAKEN
from negviz.charts._figure import Draft, plain

HEIGHT = 460
# Pixels that the axes and the legend leave to the cells of a chart of middle width.
ACROSS, DOWN = 520, 380
LEGEND = ("Own positive", "Collision: labelled, or its text", "Masked", "Disputed zone")
FAINT = "rgba(76, 110, 245, 0.06)"


@CHARTS.register("Similarity heat-map of a batch")
def batch_heat_map(
    scores: Floats,
    *,
    positive: Bools,
    collision: Bools,
    axis: str,
    masked: Bools | None = None,
    disputed: Bools | None = None,
    rows: Sequence[str] = (),
    columns: Sequence[str] = (),
    chosen: int | None = None,
) -> go.Figure:
    """Show how every query of a batch scores every document of it, and which cells are not plain negatives.

    Args:
        scores: (queries, documents), NaN where unknown.
        positive: (queries, documents) True at a row's own positive, which is outlined.
        collision: (queries, documents) True where another row's document is a labelled positive or a copy of one.
        axis: What the scores are.
        masked: (queries, documents) True where a mask takes the pair out of the loss.
        disputed: (queries, documents) True where one method calls the pair dangerous and another its best.
        rows: Names of the queries.
        columns: Names of the documents.
        chosen: Row to point at.
    """
    nothing = np.zeros(scores.shape, dtype=bool)
    zones = [collision, nothing if masked is None else masked, nothing if disputed is None else disputed]
    names = [[plain(name) for name in given] or [str(place) for place in range(length)]
             for given, length in ((rows, scores.shape[0]), (columns, scores.shape[1]))]  # fmt: skip
    layout: dict[str, Any] = {
        "hovermode": "closest",
        "xaxis": {"showticklabels": False, "ticks": "", "showgrid": False, "zeroline": False, "constrain": "domain"},
        "yaxis": {"showticklabels": False, "ticks": "", "showgrid": False, "zeroline": False, "autorange": "reversed",
                  "rangemode": "normal"},
        "legend": {"orientation": "h", "yanchor": "bottom", "y": 1.02, "x": 0, "itemclick": False,
                   "itemdoubleclick": False},
    }  # fmt: skip
    draft = Draft("documents of the batch, in its order", "queries of the batch", HEIGHT, layout)
    told = np.array([[f"{row}<br>{column}" for column in names[1]] for row in names[0]], dtype=object)
    low, high = _ends(scores)
    draft.traces.append({
        "type": "heatmap", "z": _plain_numbers(scores), "customdata": told, "zmin": low, "zmax": high,
        "colorscale": [[0, FAINT], [1, TAKEN]], "colorbar": {"title": {"text": plain(axis), "side": "right"},
        "thickness": 12, "outlinewidth": 0}, "hovertemplate": "%{customdata}<br>score %{z:.3f}<extra></extra>",
    })  # fmt: skip
    size = float(np.clip(min(ACROSS / max(scores.shape[1], 1), DOWN / max(scores.shape[0], 1)), 4, 22))
    looks = [
        (positive, POSITIVE, "square-open", 0.8), (zones[0], FALSE_NEGATIVE, "square", 0.8),
        (zones[1] & ~zones[0], REFUSED, "x", 0.6), (zones[2] & ~zones[0] & ~zones[1], DISPUTED, "diamond", 0.65),
    ]  # fmt: skip
    for name, (where, colour, symbol, share) in zip(LEGEND, looks, strict=True):
        if where.any() or name == LEGEND[0]:
            draft.traces.append(_marks(name, where, colour, symbol, share * size))
    if chosen is not None:
        draft.layout["shapes"] = [{
            "type": "rect", "x0": -0.5, "x1": scores.shape[1] - 0.5, "y0": chosen - 0.5, "y1": chosen + 0.5,
            "line": {"color": QUERY, "width": 2},
        }]  # fmt: skip
        draft.traces.append({
            "type": "scatter", "x": [None], "y": [None], "mode": "lines", "line": {"color": QUERY, "width": 2},
            "name": "This query",
        })  # fmt: skip
    return draft.figure()


def _marks(name: str, where: Bools, colour: str, symbol: str, size: float) -> dict[str, Any]:
    down, across = np.nonzero(where)
    return {
        "type": "scatter", "mode": "markers", "name": name, "x": across.astype(np.int32), "y": down.astype(np.int32),
        "marker": {"color": colour, "symbol": symbol, "size": size, "line": {"width": 1.5, "color": colour}},
        "hoverinfo": "skip",
    }  # fmt: skip


def _ends(scores: Floats) -> tuple[float, float]:
    """Ends of the colours: outliers do not wash out the rest."""
    known = scores[np.isfinite(scores)]
    if not known.size:
        return 0.0, 1.0
    low, high = float(np.quantile(known, 0.02)), float(known.max())
    return low, high if high > low else low + 1.0


def _plain_numbers(scores: Floats) -> list[list[float | None]]:
    return [[float(f"{value:.4g}") if np.isfinite(value) else None for value in row] for row in scores.tolist()]
