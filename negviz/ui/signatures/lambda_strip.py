"""Lambda strip: who gets the gradient."""

import numpy as np
import streamlit as st

from negviz.arrays import PAD
from negviz.charts.lambda_strip import lambda_strip as draw
from negviz.diagnostics.by_rank import by_rank
from negviz.diagnostics.effective_number import effective_number
from negviz.diagnostics.irrelevance_by_rank import middles
from negviz.selection import Selection
from negviz.ui.signatures import SIGNATURES
from negviz.ui.signatures._knobs import window_stop


@SIGNATURES.register("Lambda strip", reference="METHODS B4 and 12, plot 5")
def lambda_strip(selection: Selection, *, query: int) -> None:
    """Which ranks get the weight: how much of a query's gradient each candidate would receive."""
    pool, scorer = selection.pool, selection.recipe.scorer
    stop = window_stop(selection.recipe, pool.depth)
    rank, weights = pool.rank(scorer)[query], selection.weights[query]
    here = np.flatnonzero(pool.present[query] & (rank < stop) & (weights > 0))
    total = float(weights.sum())
    own = {int(row) for row in pool.positives[query] if row != PAD}
    found = [int(rank[place]) for place, row in enumerate(pool.documents[query]) if int(row) in own]
    counted = by_rank(selection, scorer, stop, bins=40)
    st.plotly_chart(
        draw(rank[here], weights[here] / (total or 1.0), sorted(found), middles(counted.edges), counted.weight),
        key="signature.lambda_strip", alt="Share of the query's weight that each rank gets, with the positive's rank",
    )  # fmt: skip
    if not total:
        st.caption("No candidate of this query has a weight.")
        return
    top = float(weights[here][rank[here] < 10].sum()) / total
    place = f"A labelled positive stands at rank {min(found)}." if found else "No labelled positive was found."
    st.caption(
        f"{place} The first ten ranks get {top:.0%} of the weight; it amounts to "
        f"{float(effective_number(selection.weights[query : query + 1])[0]):.1f} equally weighted candidates."
    )
