"""Shares of a batch's parts, of pairs and of loss."""

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from negviz.arrays import Floats, Ints
from negviz.charts import CHARTS, FALSE_NEGATIVE, REFUSED, TAKEN
from negviz.charts._figure import Draft, plain
from negviz.charts._hatching import hatched

LOOKS = ((REFUSED, ""), (TAKEN, "/"), (FALSE_NEGATIVE, "x"))


@CHARTS.register("Shares of a batch's parts")
def pair_shares(names: Sequence[str], pairs: Ints, losses: Floats) -> go.Figure:
    """Show in two stacked bars how many pairs each part of a batch has, and how much of the loss.

    Args:
        names: Up to three parts.
        pairs: (parts,) pairs.
        losses: (parts,) summed losses.
    """
    layout: dict[str, Any] = {"barmode": "stack", "bargap": 0.3, "hovermode": "closest"}
    layout["legend"] = {"orientation": "h", "yanchor": "bottom", "y": 1.02, "x": 0, "traceorder": "normal"}
    draft = Draft("share, %", "", 190, layout)
    draft.layout["yaxis"] = {"autorange": "reversed", "type": "category"}
    totals = max(float(pairs.sum()), 1.0), float(losses.sum()) or 1.0
    for place, (name, (colour, shape)) in enumerate(zip(names, LOOKS, strict=False)):
        draft.traces.append({
            "type": "bar", "orientation": "h", "y": ["pairs", "loss"], "name": plain(name),
            "x": [100 * float(pairs[place]) / totals[0], 100 * float(losses[place]) / totals[1]],
            "customdata": [f"{int(pairs[place]):,} pairs", f"{float(losses[place]):.4g} summed"],
            "marker": {"color": colour, "pattern": hatched(shape)},
            "hovertemplate": "%{x:.2f}%, %{customdata}",
        })  # fmt: skip
    return draft.figure()
