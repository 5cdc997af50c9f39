"""Slopes from the order by score to the order of a language model."""

import numpy as np
import streamlit as st

from negviz.charts.rank_slope import rank_slope as draw
from negviz.diagnostics.rank_slope import RankSlope, other_first
from negviz.diagnostics.rank_slope import rank_slope as compare
from negviz.labels import Labels
from negviz.selection import Selection
from negviz.ui.signatures import SIGNATURES
from negviz.ui.signatures._verdicts import facts_of, known_layer, layer_of, told
from negviz.ui.texts import shortened, show_text


@SIGNATURES.register("Rank by score and by a model", reference="METHODS F1")
def rank_slope(selection: Selection, *, query: int, labels: Labels) -> None:
    """How a language model reorders the nearest candidates; a first that is no labelled positive is marked."""
    pool, scorer = selection.pool, selection.recipe.scorer
    layer = known_layer(pool, layer_of(selection.recipe, "llm_order"))
    known, other = other_first(pool, layer, scorer)
    found = compare(pool, layer, scorer, query)
    if not len(found.columns):
        st.caption(f"The model has put {known:,} queries in order, but not this one.")
        return
    st.plotly_chart(
        draw(found.before, found.after, _kinds(selection, found, query), (f"by {scorer}", "by the model")),
        key="signature.rank_slope", alt="Lines from each candidate's place by score to its place by the model",
    )  # fmt: skip
    first = int(pool.documents[query, found.columns[0]])
    data = pool.dataset
    if found.other_first:
        st.markdown("**The model's first, which nobody labelled a positive**")
        show_text(shortened(data.document_text(first)), title=data.document_title(first), about=data.document_id(first))
    share = f" ({other / known:.0%}; about 15% in the paper, on its own data)" if known else ""
    st.caption(
        f"The model's first is no labelled positive for {other:,} of {known:,} queries{share}. The paper takes it as "
        "the new positive, and the last as the hard negative."
    )
    st.caption(told(facts_of(pool, layer)))


def _kinds(selection: Selection, found: RankSlope, query: int) -> list[str]:
    taken = selection.taken[query, found.columns]
    kinds = np.where(taken, "taken", np.where(found.positive, "labelled positive", "other candidates")).tolist()
    if found.other_first:
        kinds[0] = "first, and no labelled positive"
    return [str(kind) for kind in kinds]
