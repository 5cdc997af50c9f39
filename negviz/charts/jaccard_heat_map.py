"""How much selections have in common, two by two."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from negviz.arrays import Floats
from negviz.charts import CHARTS
from negviz.charts._figure import Draft, plain

# From nothing to everything; opaque, so that the letters on it can be read in both themes.
SCALE = [[0.0, "#edf2ff"], [0.35, "#91a7ff"], [0.7, "#4c6ef5"], [1.0, "#233a9c"]]
DARK_FROM = 0.45
LONGEST = 18


@CHARTS.register("Jaccard heat-map", reference="METHODS section 12 (8)")
def jaccard_heat_map(names: Sequence[str], values: Floats) -> go.Figure:
    """Show the Jaccard index of every two selections: 1 where they take the same, 0 where they share nothing.

    Args:
        names: Of the selections.
        values: (selections, selections), NaN where neither takes anything.
    """
    labels = [plain(shortened(name)) for name in names]
    places = list(range(len(labels)))
    axis = {"tickvals": places, "ticktext": labels, "showgrid": False, "zeroline": False, "ticks": ""}
    layout = {"hovermode": "closest", "showlegend": False}
    draft = Draft("", "", 120 + 46 * len(labels), layout)
    draft.layout["xaxis"] = {**axis, "side": "bottom", "tickangle": -35 if len(labels) > 2 else 0}
    draft.layout["yaxis"] = {**axis, "autorange": "reversed", "rangemode": "normal"}
    hover = [[f"{one} and {other}" for other in labels] for one in labels]
    draft.traces.append({
        "type": "heatmap", "x": places, "y": places, "z": _known(values), "zmin": 0, "zmax": 1, "colorscale": SCALE,
        "xgap": 3, "ygap": 3, "showscale": False, "customdata": hover, "hoverongaps": False,
        "hovertemplate": "%{customdata}: %{z:.3f}<extra></extra>",
    })  # fmt: skip
    draft.layout["annotations"] = [
        _number(float(values[row, column]), row, column) for row in places for column in places
    ]
    return draft.figure()


def shortened(name: str) -> str:
    """A name that leaves room for the chart; recipes are told apart by their beginnings and their ends."""
    return name if len(name) <= LONGEST else f"{name[:10]}…{name[-7:]}"


def _known(values: Floats) -> list[list[float | None]]:
    return [[None if np.isnan(value) else float(value) for value in row] for row in values]


def _number(value: float, row: int, column: int) -> dict[str, object]:
    known = not np.isnan(value)
    colour = "#868e96" if not known else "#ffffff" if value >= DARK_FROM else "#1c2541"
    text = f"{value:.2f}" if known else "–"
    return {"x": column, "y": row, "text": text, "showarrow": False, "font": {"color": colour, "size": 13}}
