"""Pairs of a batch inside the hinge's margin."""

import numpy as np
import streamlit as st

from negviz.charts import FALSE_NEGATIVE, POSITIVE, Line
from negviz.charts.compared_histograms import compared_histograms
from negviz.diagnostics.binned import binned, even_edges
from negviz.diagnostics.hinge_pairs import hinge_pairs as hinge
from negviz.labels import Labels
from negviz.selection import Selection
from negviz.ui.signatures import SIGNATURES
from negviz.ui.signatures._batches import composition, curves, hardest, heat_map, view_of

MARGIN = 1.0


@SIGNATURES.register("Pairs inside the hinge's margin", reference="METHODS A3")
def hinge_pairs(selection: Selection, *, query: int, labels: Labels) -> None:
    """Which pairs of this query's batch a hinge loss with margin 1 still learns from, and the batch itself."""
    st.caption(
        "Each pair is a positive and a negative of one row of this query's batch. Left of the line at 1 the hinge loss "
        "pushes them apart; right of it the pair is learnt and adds nothing."
    )
    batches = composition(selection)
    view = view_of(selection, batches, query)
    if view is not None:
        found = hinge(view.scores, view.positive, view.negative, MARGIN)
        values = found.differences
        edges = even_edges(values, np.array([0.0, MARGIN]))
        counts = binned(values, np.ones(values.shape, dtype=bool), edges).counts()
        lines = [Line("Margin 1", MARGIN, FALSE_NEGATIVE), Line("Equal scores", 0.0, POSITIVE, "dot")]
        st.echarts_chart(
            compared_histograms(edges, [("Pairs", counts)], f"score of the positive minus that of the negative, "
                                f"{selection.recipe.scorer}", lines),
            key="signature.hinge", height=280, alt="Histogram of score differences with the hinge's margin at 1",
        )  # fmt: skip
        scale = selection.pool.scales.get(selection.recipe.scorer, "unknown")
        st.caption(
            f"{found.active:,} of {len(values):,} pairs ({found.share:.1%}) are inside the margin, "
            f"{int((values < 0).sum()):,} of them on the wrong side of zero. The margin was published for inner "
            f"products; these scores are on the scale '{scale}'."
        )
        heat_map(selection, view, batches, "signature.heat_map")
        hardest(selection, view)
    curves(selection, batches, "signature.curves")
