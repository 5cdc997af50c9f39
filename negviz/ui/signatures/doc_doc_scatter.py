"""Doc-doc scatter: likeness to the positive against the score by the query."""

import numpy as np
import streamlit as st

from negviz.charts.doc_doc_scatter import doc_doc_scatter as draw
from negviz.diagnostics.doc_doc_scatter import doc_doc_scatter as compare
from negviz.labels import Labels
from negviz.selection import Selection
from negviz.ui.signatures import SIGNATURES
from negviz.ui.signatures._knobs import knobs_of
from negviz.ui.signatures._passages import by_rank, show_passages

HEIGHT = 380


@SIGNATURES.register("Likeness to the positive", reference="METHODS 12, plot 4; C2")
def doc_doc_scatter(selection: Selection, *, query: int, labels: Labels) -> None:
    """A candidate above the query's line resembles the positive more than the query does: likely false, or a copy."""
    pool, recipe = selection.pool, selection.recipe
    found = compare(selection, float(knobs_of(recipe, "passage_centric")["margin"]))
    shown = by_rank(selection, query, labels)
    columns = shown.columns
    st.echarts_chart(
        draw(found.to_query[query, columns], found.to_positive[query, columns], shown.words,
             float(found.limit[query]), pool.scales.get(recipe.scorer, "unknown")),
        key="signature.doc_doc_scatter", height=HEIGHT,
        alt="For each candidate its similarity to the positive against its similarity to the query",
    )  # fmt: skip
    here, all_of = found.violating[query], int(found.counted.sum())
    taken = int((found.violating & selection.taken).sum())
    scale = pool.vectors("doc_doc_scatter").similarity
    other = "" if pool.scales.get(recipe.scorer) == scale else (
        f" The scorer's scores ({pool.scales.get(recipe.scorer, 'unknown')}) are on another scale than the vectors "
        f"({scale}), so the two axes cannot be compared: choose the scorer dense."
    )  # fmt: skip
    st.caption(
        f"Above its line: {int(here.sum()):,} of the {int(found.counted[query].sum()):,} candidates of this query "
        f"without a leak; over all queries {int(found.violating.sum()):,} of {all_of:,}, {taken:,} of them taken as "
        f"negatives.{other}"
    )
    above = np.flatnonzero(here)
    above = above[np.argsort(-found.to_positive[query, above], kind="stable")]
    facts = [
        f"{found.to_positive[query, column]:.3f} to the positive · {found.to_query[query, column]:.3f} to the query"
        for column in above
    ]
    show_passages(selection, [(query, int(column)) for column in above], facts, query=False)
