"""Margins of a query before and after balancing."""

import plotly.graph_objects as go

from negviz.arrays import Floats, Ints
from negviz.charts import CHARTS, REFUSED, TAKEN
from negviz.charts._figure import Draft, plain
from negviz.charts._hatching import hatched
from negviz.charts._shares import ranges


@CHARTS.register("Margins before and after balancing")
def margin_bins(edges: Floats, counts: Ints, before: Floats, after: Floats, axis: str) -> go.Figure:
    """Show how likely a draw is to take a candidate of each range of margins, unbalanced and balanced.

    Args:
        edges: (bins + 1,) limits of the bins.
        counts: (bins,) candidates.
        before: (bins,) probability if candidates are drawn uniformly.
        after: (bins,) probability by weight.
        axis: Title of the margin axis.
    """
    places = list(range(len(counts)))
    layout = {"barmode": "group", "bargap": 0.15}
    draft = Draft(plain(axis), "probability of the bin, %", 300, layout)
    draft.layout["xaxis"] = {"tickvals": places, "ticktext": ranges(edges), "tickangle": -35}
    for name, shares, colour, shape in (("Unbalanced", before, REFUSED, ""), ("Balanced", after, TAKEN, "/")):
        draft.traces.append({
            "type": "bar", "name": name, "x": places, "y": 100 * shares, "customdata": counts,
            "marker": {"color": colour, "pattern": hatched(shape)},
            "hovertemplate": "%{y:.1f}% (%{customdata:,} candidates)",
        })  # fmt: skip
    return draft.figure()
