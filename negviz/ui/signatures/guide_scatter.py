"""Guide scatter: where the guide and the student disagree."""

import numpy as np
import streamlit as st

from negviz.arrays import Bools, Floats, Ints
from negviz.charts.guide_scatter import MASKED
from negviz.charts.guide_scatter import guide_scatter as draw
from negviz.derived import MaskMode, guide_masked
from negviz.diagnostics.masked_rate import masked_rate
from negviz.errors import MissingInputError
from negviz.labels import Labels
from negviz.selection import Selection
from negviz.ui.signatures import SIGNATURES
from negviz.ui.signatures._knobs import knobs_of
from negviz.ui.tables import show_rows
from negviz.ui.texts import shortened

HEIGHT = 380
TRIED = (0.0, 0.05, 0.1)
LISTED = 5
SHORT = 120
STEP = "guide_mask"


@SIGNATURES.register("Student against guide", reference="METHODS E1")
def guide_scatter(selection: Selection, *, query: int, labels: Labels) -> None:
    """What the guide masks, wherever the student has it, and what the student alone would have taken."""
    pool, recipe, knobs = selection.pool, selection.recipe, knobs_of(selection.recipe, STEP)
    name, mode, margin = str(knobs["guide"]), knobs["mode"], float(knobs["margin"])
    guide = pool.layer(name, "the plot 'Student against guide'", "scores of a guide").astype(np.float64)
    student = pool.score(recipe.scorer).astype(np.float64)
    own, anchor = pool.anchor(name, recipe.anchor)[query], pool.anchor(recipe.scorer, recipe.anchor)[query]
    if not np.isfinite(own) or not np.isfinite(anchor):
        raise MissingInputError(
            "The guide's limit is measured from a labelled positive, but this query has none that both models score; "
            "choose another query."
        )
    masked = guide_masked(guide[query][None], np.array([own]), margin=margin, mode=mode)[0] & pool.eligible[query]
    known = pool.eligible[query] & np.isfinite(guide[query]) & np.isfinite(student[query])
    columns = np.flatnonzero(known).astype(np.int32)
    positives = tuple(pool.positive_scores[layer][query].astype(np.float64) for layer in (recipe.scorer, name))
    option = draw(
        student[query, columns], guide[query, columns], _states(selection, query, masked, columns),
        positives=(positives[0], positives[1]), anchor=float(anchor),
        limit=float(own - (abs(own) * margin if mode == "relative" else margin)),
        axes=(f"student: {recipe.scorer} ({pool.scales.get(recipe.scorer, '')})",
              f"guide: {name} ({pool.scales.get(name, '')})"),
    )  # fmt: skip
    st.echarts_chart(
        option, key="signature.guide_scatter", height=HEIGHT,
        alt="Candidates of the query by the student's and the guide's score, with the guide's limit",
    )  # fmt: skip
    st.caption(_words(selection, name, margin, mode))
    _disagreements(selection, query, masked, guide[query], student[query])


def _states(selection: Selection, query: int, masked: Bools, columns: Ints) -> list[str]:
    words = np.where(selection.reasons[query] >= 0, "refused otherwise", "kept").astype(object)
    words[selection.taken[query]] = "taken"
    words[masked] = MASKED
    return [str(word) for word in words[columns]]


def _words(selection: Selection, guide: str, margin: float, mode: MaskMode) -> str:
    """How much the guide masks over all queries, at this margin and at others."""
    margins = sorted({*TRIED, margin})
    rates = masked_rate(selection.pool, guide, selection.recipe.anchor, margins, mode)
    told = ", ".join(f"{100 * rate:.2f}% at {each:g}" for each, rate in zip(margins, rates.tolist(), strict=True))
    return f"Over all queries the guide masks, by margin ({mode}): {told}; now it is {margin:g}."


def _disagreements(selection: Selection, query: int, masked: Bools, guide: Floats, student: Floats) -> None:
    """What the guide masks although the student ranks it low."""
    pool, data = selection.pool, selection.pool.dataset
    rank = pool.rank(selection.recipe.scorer)[query]
    columns = np.flatnonzero(masked & np.isfinite(student))
    if not len(columns):
        st.caption("The guide masks nothing of this query.")
        return
    lowest = columns[np.argsort(-rank[columns], kind="stable")][:LISTED]
    st.caption(
        f"The guide masks {len(columns):,} {'candidate' if len(columns) == 1 else 'candidates'} of this query. Listed "
        "are those that the student ranks lowest: either the student misses an answer, or the guide is wrong."
    )
    show_rows([
        {
            "document": data.document_id(int(pool.documents[query, column])),
            "student's rank": int(rank[column]),
            "student": round(float(student[column]), 4),
            "guide": round(float(guide[column]), 4),
            "text": shortened(" ".join(data.document_text(int(pool.documents[query, column])).split()), SHORT),
        }
        for column in lowest
    ])  # fmt: skip
