"""Where the positives stand, round by round."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from negviz.arrays import Floats, Ints
from negviz.charts import CHARTS, DISPUTED, FALSE_NEGATIVE, POSITIVE
from negviz.charts._figure import Draft

# First rank of each band, from 0, and how it looks; the signs are told by their hatching, too.
BANDS = (
    (0, "first", POSITIVE, ""),
    (1, "2nd to 10th", "#94d82d", "/"),
    (10, "11th to 100th", DISPUTED, "x"),
    (100, "beyond the 100th", FALSE_NEGATIVE, "."),
)

HATCHING = {"solidity": 0.2, "fillmode": "overlay", "fgcolor": "rgba(0, 0, 0, 0.5)"}


def shares_of(ranks: Ints) -> Floats:
    """(bands,) share of some ranks, the best of which is 0, in each band; zeros where there is none."""
    found = np.asarray(ranks, dtype=np.float64)
    edges = [first for first, *_ in BANDS] + [np.inf]
    return np.histogram(found, bins=edges)[0] / max(len(found), 1)


@CHARTS.register("Ranks of the positives by round")
def rank_bands(rounds: Sequence[int], shares: Floats) -> go.Figure:
    """Show which share of the positives stands first, among the first ten, among the first hundred, and beyond.

    Args:
        rounds: Numbers of the rounds; 0 is before training.
        shares: (rounds, bands) shares of ``BANDS``.
    """
    draft = Draft("round (0 is before training)", "positives", 330, {"barmode": "stack", "bargap": 0.25})
    draft.layout["xaxis"] = {"dtick": max(1, len(rounds) // 10), "zeroline": False}
    draft.layout["yaxis"] = {"range": [0, 1], "tickformat": ".0%"}
    draft.layout["legend"] = {"orientation": "h", "yanchor": "bottom", "y": 1.02, "x": 0, "traceorder": "normal"}
    for place, (_, name, colour, hatch) in enumerate(BANDS):
        draft.traces.append({
            "type": "bar", "x": list(rounds), "y": shares[:, place], "name": name, "showlegend": True,
            "marker": {"color": colour, "pattern": {"shape": hatch, **HATCHING}}, "hovertemplate": "%{y:.1%}",
        })  # fmt: skip
    return draft.figure()
