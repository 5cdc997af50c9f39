"""Irrelevance by rank: what the judged candidates say about each rank, and what is drawn because of it."""

import streamlit as st

from negviz.charts.irrelevance_by_rank import irrelevance_by_rank as draw
from negviz.charts.taken_by_rank import taken_by_rank
from negviz.diagnostics.by_rank import by_rank, rank_edges
from negviz.diagnostics.irrelevance_by_rank import irrelevance_by_rank as measured
from negviz.diagnostics.irrelevance_by_rank import middles
from negviz.judged import judged_candidates, need_judged
from negviz.labels import Labels
from negviz.selection import Selection
from negviz.ui.signatures import SIGNATURES
from negviz.ui.signatures._knobs import knobs_of, window_stop

BINS = 12


@SIGNATURES.register("Irrelevance by rank", reference="METHODS B7")
def irrelevance_by_rank(selection: Selection, *, labels: Labels) -> None:
    """How often what stands at a rank was judged not relevant, and from which ranks the negatives are drawn."""
    pool, recipe = selection.pool, selection.recipe
    knobs = knobs_of(recipe, "measured_irrelevance")
    found = judged_candidates(pool, recipe.scorer, labels.align(pool), knobs["judged"], knobs["positives"])
    need_judged(found, "Irrelevance by rank", int(knobs["minimum"]))
    stop = window_stop(recipe, pool.depth)
    shown = measured(found, rank_edges(stop, BINS))
    places = middles(shown.edges)
    st.plotly_chart(
        draw(places, shown.judged, shown.share, shown.low, shown.high, shown.pi), key="signature.irrelevance.judged",
        alt="Share of judged candidates that are not relevant, by rank, with intervals and the fitted curve",
    )  # fmt: skip
    counted = by_rank(selection, recipe.scorer, stop)
    st.plotly_chart(
        taken_by_rank(counted.edges, counted.candidates, counted.taken), key="signature.irrelevance.taken",
        alt="Share of the taken negatives in each part of the ranking, with the share of what could be drawn",
    )  # fmt: skip
    st.caption(
        f"{len(found):,} judged candidates, {int(found.irrelevant.sum()):,} of them not relevant. The estimate runs "
        f"from {shown.pi[0]:.1%} at rank 0 to {shown.pi[-1]:.1%} at rank {stop - 1:,}. It holds only as far as the "
        "judged ones were drawn at random."
    )
