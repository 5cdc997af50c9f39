"""Reciprocal evidence: which candidates share their neighbours with the labelled positive."""

import numpy as np
import streamlit as st

from negviz.charts.reciprocal_evidence import reciprocal_evidence as draw
from negviz.diagnostics.reciprocal_evidence import reciprocal_evidence as weigh
from negviz.labels import Labels
from negviz.selection import Selection
from negviz.ui.signatures import SIGNATURES
from negviz.ui.signatures._knobs import knobs_of
from negviz.ui.signatures._passages import by_rank, show_passages

HEIGHT = 380
NEAREST = 120


@SIGNATURES.register("Ranking context with evidence", reference="METHODS B6")
def reciprocal_evidence(selection: Selection, *, query: int, labels: Labels) -> None:
    """A candidate whose nearest neighbours are those of the labelled positive is likely relevant, too."""
    pool, scorer = selection.pool, selection.recipe.scorer
    knobs = knobs_of(selection.recipe, "reciprocal_evidence")
    floor = float(knobs["ceiling"])
    found = weigh(selection, query, k=int(knobs["k"]), top=int(knobs["top"]), floor=floor)
    if not np.isfinite(found.found).any():
        st.caption("This query has no labelled positive, so there is nothing to compare neighbours with.")
        return
    shown = by_rank(selection, query, labels)
    near = np.flatnonzero((shown.ranks < NEAREST) | (found.mass[shown.columns] > 0))
    columns = shown.columns[near]
    st.echarts_chart(
        draw(
            shown.ranks[near], pool.score(scorer)[query, columns].astype(np.float64),
            [shown.words[at] for at in near.tolist()],
            found.found[columns], found.mass[columns],
            positives=pool.positive_scores[scorer][query].astype(np.float64), floor=floor, axis=f"score, {scorer}",
        ),
        key="signature.reciprocal_evidence", height=HEIGHT,
        alt="Score of each candidate against its rank, with the evidence that it is relevant as bars",
    )  # fmt: skip
    chosen = np.flatnonzero(found.injected)
    chosen = chosen[np.argsort(-found.found[chosen], kind="stable")]
    taken = int(selection.taken[query, chosen].sum())
    st.caption(
        f"{len(chosen)} candidates without a label have evidence of at least {floor:g} and are among the "
        f"{knobs['top']} strongest: probable false negatives, {taken} of them taken as negatives. A smoothed target "
        f"gives them {float(found.mass.sum()):.0%} together and each labelled positive {found.positive_mass:.0%}. "
        f"Drawn are the nearest {NEAREST} ranks."
    )
    facts = [f"evidence {found.found[at]:.3f} · share of the target {found.mass[at]:.0%}" for at in chosen]
    show_passages(selection, [(query, int(at)) for at in chosen], facts, query=False)
