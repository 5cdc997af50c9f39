"""Collisions against batch size."""

import math
from typing import Any

import plotly.graph_objects as go

from negviz.arrays import Floats, Ints
from negviz.charts import CHARTS, FALSE_NEGATIVE, QUERY, REFUSED
from negviz.charts._figure import Draft


@CHARTS.register("Collisions against batch size")
def collision_curve(sizes: Ints, expected: Floats, counted: Floats, *, now: int | None = None) -> go.Figure:
    """Compare how many rows meet one of their own positives in the batch with what chance would give.

    Args:
        sizes: (sizes,) rows a batch.
        expected: (sizes,) expected share of rows with a collision.
        counted: (sizes,) counted share.
        now: Rows of the recipe's batch, marked by a line.
    """
    draft = Draft("rows in the batch (documents gathered)", "rows with a collision, %", 280, size_axis(sizes, now))
    for name, values, colour, dash in (
        ("Expected", expected, REFUSED, "dash"), ("Counted", counted, FALSE_NEGATIVE, "solid"),
    ):  # fmt: skip
        draft.traces.append({
            "type": "scatter", "mode": "lines+markers", "name": name, "x": sizes, "y": 100 * values,
            "line": {"color": colour, "dash": dash, "width": 2}, "marker": {"size": 6},
            "hovertemplate": "%{y:.2f}%",
        })  # fmt: skip
    return draft.figure()


def size_axis(sizes: Ints, now: int | None) -> dict[str, Any]:
    """Layout with doubling sizes, and a line at the size in use where it is among them.

    Annotations of a logarithmic axis are placed by exponent, shapes by value.
    """
    ticks = [int(size) for size in sizes]
    layout: dict[str, Any] = {
        "xaxis": {"type": "log", "tickvals": ticks, "ticktext": [f"{size:,}" for size in ticks], "tickangle": 0}
    }
    if now is not None and ticks and ticks[0] <= now <= ticks[-1]:
        layout["shapes"] = [{"type": "line", "xref": "x", "yref": "paper", "x0": now, "x1": now, "y0": 0, "y1": 1,
                             "line": {"color": QUERY, "width": 2, "dash": "dot"}}]  # fmt: skip
        layout["annotations"] = [{"text": "this recipe", "xref": "x", "yref": "paper", "x": math.log10(now), "y": 0.02,
                                  "xanchor": "right", "yanchor": "bottom", "showarrow": False,
                                  "font": {"color": QUERY}}]  # fmt: skip
    return layout
