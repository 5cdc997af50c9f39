"""Positives per query: how many labelled positives the queries have."""

import numpy as np
import plotly.graph_objects as go

from negviz.arrays import Ints
from negviz.charts import POSITIVE
from negviz.charts.lengths import framed

MOST = 10


def positives_per_query(positives: Ints) -> go.Figure:
    """A bar for each number of positives; what is beyond the tenth shares the last.

    Args:
        positives: (queries,) labelled positives of each query, 0 where there is none.
    """
    counts = np.bincount(np.minimum(positives, MOST), minlength=2).astype(np.int32)
    names = [f"{number}" if number < MOST else f"{MOST}+" for number in range(len(counts))]
    figure = go.Figure()
    figure.add_bar(
        x=names,
        y=counts,
        marker={"color": POSITIVE, "line": {"width": 0}},
        hovertemplate="%{x} positives: %{y:,} queries<extra></extra>",
    )
    figure.update_xaxes(type="category")
    return framed(figure, "labelled positives", "queries")
