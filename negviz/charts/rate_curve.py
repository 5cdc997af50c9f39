"""The false-negative rate of each value of a knob, with its interval, and the negatives kept."""

import numpy as np
import plotly.graph_objects as go

from negviz.arrays import Floats, Ints
from negviz.charts import CHARTS, FALSE_NEGATIVE, REFUSED, TAKEN
from negviz.charts._figure import Draft


@CHARTS.register("Rate of each value of a knob")
def rate_curve(
    values: Floats, rates: Floats, low: Floats, high: Floats, ceiling: Floats, negatives: Ints, *, axis: str,
    wanted: float, now: float,
) -> go.Figure:  # fmt: skip
    """Show which values meet a wanted rate, and what they keep.

    Args:
        values: (values,) of the knob, ascending.
        rates: (values,) estimated rates in percent, NaN where unknown.
        low: (values,) lower end of each value's own 95% interval.
        high: (values,) upper end.
        ceiling: (values,) upper end that holds for all values together.
        negatives: (values,) negatives taken.
        axis: Title of the horizontal axis.
        wanted: Rate that is not to be exceeded, in percent.
        now: Value at hand.
    """
    known = np.isfinite(rates)
    top = float(np.nanmax(np.concatenate([ceiling[known], high[known], [wanted]])))
    layout = {
        "yaxis2": {"title": {"text": "negatives kept"}, "overlaying": "y", "side": "right", "rangemode": "tozero",
                   "showgrid": False, "automargin": True, "tickmode": "auto", "tickformat": ","},
        "yaxis": {"range": [0, min(100.0, 1.1 * top)]},
        "shapes": [
            {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": wanted, "y1": wanted,
             "line": {"color": REFUSED, "width": 2, "dash": "dot"}},
            {"type": "line", "yref": "paper", "y0": 0, "y1": 1, "x0": now, "x1": now,
             "line": {"color": REFUSED, "width": 1, "dash": "dash"}},
        ],
        "annotations": [
            {"xref": "paper", "x": 0, "y": wanted, "text": "wanted", "showarrow": False, "yanchor": "bottom",
             "xanchor": "left"},
            {"yref": "paper", "y": 1, "x": now, "text": "now", "showarrow": False, "yanchor": "top", "xanchor": "left"},
        ],
    }  # fmt: skip
    draft = Draft(axis, "false among the negatives, %", 380, layout)
    band = {"type": "scatter", "mode": "lines", "line": {"width": 0}, "hoverinfo": "skip"}
    kept = {"type": "scatter", "mode": "lines", "x": values, "y": negatives, "yaxis": "y2", "hovertemplate": "%{y:,}"}
    line = {"type": "scatter", "x": values[known], "hovertemplate": "%{y:.1f}%"}
    draft.traces += [
        {**band, "x": values[known], "y": low[known], "showlegend": False},
        {**band, "x": values[known], "y": high[known], "fill": "tonexty", "name": "95% interval of one value",
         "fillcolor": "rgba(224, 49, 49, 0.18)"},
        {**line, "mode": "lines+markers", "y": rates[known], "name": "estimated rate",
         "line": {"color": FALSE_NEGATIVE, "width": 2}},
        {**line, "mode": "lines", "y": ceiling[known], "name": "at most, all values together",
         "line": {"color": FALSE_NEGATIVE, "width": 1.5, "dash": "dash"}},
        {**kept, "name": "negatives kept (right)", "line": {"color": TAKEN, "width": 2, "dash": "dashdot"}},
    ]  # fmt: skip
    return draft.figure()
