"""How hard the negatives of several selections are."""

from collections.abc import Sequence

import plotly.graph_objects as go

from negviz.charts import CHARTS, FALSE_NEGATIVE, POSITIVE, TAKEN
from negviz.charts._figure import Draft, plain
from negviz.charts.jaccard_heat_map import shortened


@CHARTS.register("Hardness of selections")
def hardness_box(
    names: Sequence[str], deciles: Sequence[Sequence[float]], means: Sequence[float], scorer: str
) -> go.Figure:
    """Show where score minus positive lies: whiskers from the 10th to the 90th percentile, the box from 30 to 70.

    The line in the box is the median, the diamond the mean, the dotted line the positive itself.

    Args:
        names: Of the selections.
        deciles: For each the 10th to the 90th percentile, nine numbers.
        means: For each the mean.
        scorer: Whose scores, with their scale.
    """
    rows = list(range(len(names)))
    layout = {"hovermode": "closest", "showlegend": False, "boxgap": 0.35}
    draft = Draft(f"score minus the positive's, {scorer}", "", 110 + 46 * len(rows), layout)
    draft.layout["yaxis"] = {
        "tickvals": rows, "ticktext": [plain(shortened(name)) for name in names], "range": [len(rows) - 0.5, -0.5],
        "showgrid": False, "zeroline": False, "rangemode": "normal",
    }  # fmt: skip
    draft.layout["xaxis"] = {"zeroline": False}
    draft.layout["shapes"] = [{
        "type": "line", "x0": 0, "x1": 0, "y0": 0, "y1": 1, "yref": "paper",
        "line": {"color": POSITIVE, "width": 2, "dash": "dot"},
    }]  # fmt: skip
    draft.layout["annotations"] = [{
        "x": 0, "y": 1, "yref": "paper", "yanchor": "bottom", "xanchor": "right", "text": "the positive",
        "showarrow": False, "font": {"color": POSITIVE},
    }]  # fmt: skip
    draft.layout["margin"] = {"l": 8, "r": 8, "t": 26, "b": 8}
    draft.traces.append({
        "type": "box", "orientation": "h", "y": rows,
        "lowerfence": [own[0] for own in deciles], "q1": [own[2] for own in deciles],
        "median": [own[4] for own in deciles], "q3": [own[6] for own in deciles],
        "upperfence": [own[8] for own in deciles], "line": {"color": TAKEN, "width": 2},
        "fillcolor": "rgba(76,110,245,0.25)", "hoverinfo": "skip",
    })  # fmt: skip
    draft.traces.append({
        "type": "scatter", "mode": "markers", "x": list(means), "y": rows,
        "marker": {"symbol": "diamond", "size": 10, "color": FALSE_NEGATIVE},
        "customdata": [[plain(name), *own] for name, own in zip(names, deciles, strict=True)],
        "hovertemplate": "%{customdata[0]}: mean %{x:.3f}, median %{customdata[5]:.3f}<br>10th to 90th percentile: "
        "%{customdata[1]:.3f} to %{customdata[9]:.3f}<extra></extra>",
    })  # fmt: skip
    return draft.figure()
