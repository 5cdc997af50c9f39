"""Score versus rank of one query."""

import numpy as np
import streamlit as st

from negviz.charts.rank_curve import rank_curve as draw
from negviz.diagnostics.candidate_states import COSINE, States, candidate_states
from negviz.labels import Labels
from negviz.selection import Selection
from negviz.ui.signatures import SIGNATURES

CURVE = 60
HEIGHT = 300


@SIGNATURES.register("Score versus rank", reference="METHODS 12, plot 2")
def rank_curve(selection: Selection, *, query: int, labels: Labels) -> None:
    """How the scores of the candidates fall off, what became of each, and where the positives lie."""
    pool, scorer = selection.pool, selection.recipe.scorer
    here = np.flatnonzero(pool.present[query])
    columns = here[np.argsort(pool.rank(scorer)[query, here], kind="stable")].astype(np.int32)
    states = candidate_states(selection, labels, np.array([query], dtype=np.int32))
    option = draw(
        pool.rank(scorer)[query, columns], pool.score(scorer)[query, columns], states.words(0, columns),
        pool.positive_scores[scorer][query], f"score, {scorer}", shown=CURVE if len(columns) > CURVE else None,
        disputed=states.disputed[0, columns], zone=_zone(selection, states),
    )  # fmt: skip
    st.echarts_chart(
        option, key="signature.rank_curve", height=HEIGHT,
        alt="Score of each candidate of the query against its rank, with the level of the positives",
    )  # fmt: skip


def _zone(selection: Selection, states: States) -> tuple[float, float] | None:
    level = float(states.anchor[0])
    if selection.pool.scales.get(selection.recipe.scorer) != COSINE or not np.isfinite(level):
        return None
    return level - 0.05 * abs(level), level + 0.1
