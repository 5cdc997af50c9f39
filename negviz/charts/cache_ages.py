"""Ages of the documents in a cache."""

import numpy as np
import plotly.graph_objects as go

from negviz.arrays import Ints
from negviz.charts import CHARTS, SOFT
from negviz.charts._figure import Draft

MOST = 60


@CHARTS.register("Ages of a cache")
def cache_ages(counts: Ints) -> go.Figure:
    """Show how many cached documents were encoded how many steps ago.

    Args:
        counts: (oldest + 1,) documents of age 0, 1, ...; ages are put together where they are many.
    """
    wide = -(-len(counts) // MOST)
    padded = np.pad(counts, (0, -len(counts) % wide)).reshape(-1, wide).sum(axis=1)
    starts = np.arange(len(padded)) * wide
    names = [f"{start}" if wide == 1 else f"{start} to {start + wide - 1}" for start in starts.tolist()]
    layout = {"bargap": 0.1, "hovermode": "closest", "showlegend": False}
    draft = Draft("age, in steps since its vector was computed", "cached documents", 260, layout)
    draft.layout["xaxis"] = {"type": "category"}
    draft.traces.append({
        "type": "bar", "x": names, "y": padded.astype(np.int32), "marker": {"color": SOFT},
        "hovertemplate": "age %{x}: %{y:,} documents<extra></extra>",
    })  # fmt: skip
    return draft.figure()
