"""Triangle: angles of the candidates to the query and to the positive."""

import numpy as np
import streamlit as st

from negviz.charts.triangle import triangle as draw
from negviz.diagnostics.triangle import BOUNDARY, fallbacks
from negviz.diagnostics.triangle import triangle as measure
from negviz.labels import Labels
from negviz.selection import Selection
from negviz.ui.signatures import SIGNATURES
from negviz.ui.signatures._passages import by_rank

HEIGHT = 380


@SIGNATURES.register("Triangle", reference="METHODS 12, plot 4; D5")
def triangle(selection: Selection, *, query: int, labels: Labels) -> None:
    """Candidates below the diagonal are nearer to the positive than to the query; only they can be drawn."""
    found = measure(selection, query)
    shown = by_rank(selection, query, labels)
    columns = shown.columns
    st.echarts_chart(
        draw(found.to_query[columns], found.to_positive[columns], shown.words, found.positive, BOUNDARY),
        key="signature.triangle", height=HEIGHT,
        alt="Angle of each candidate to the positive against its angle to the query",
    )  # fmt: skip
    eligible = selection.pool.eligible[query]
    below = int((eligible & (found.to_positive < found.to_query)).sum())
    st.caption(
        f"The positive lies {found.positive:.1f}° from the query. Of {int(eligible.sum()):,} candidates without a leak "
        f"{int((eligible & found.inside).sum()):,} are within {BOUNDARY:g}° of that angle, {below:,} are nearer to the "
        f"positive than to the query. {_fallen_back(selection)}"
    )


def _fallen_back(selection: Selection) -> str:
    """How many queries fell back on the first weight, where the recipe has such a step."""
    if not any(step.strategy == "triangle" for step in selection.recipe.steps):
        return "The recipe at hand has no such step; this only shows the angles."
    count = int(np.count_nonzero(fallbacks(selection)))
    total = len(selection.pool)
    return f"The second weight was 0 for all, so that the first one decided, in {count:,} of {total:,} queries."
