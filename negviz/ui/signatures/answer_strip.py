"""Answer strip: which of the words' favourites hold the answer."""

import streamlit as st

from negviz.arrays import Ints
from negviz.charts.answer_strip import answer_strip as draw
from negviz.diagnostics.answer_filter import LANES, answer_filter
from negviz.selection import Selection
from negviz.ui.signatures import SIGNATURES
from negviz.ui.signatures._knobs import knobs_of
from negviz.ui.texts import shortened, show_text

HEIGHT = 230
SHOWN = 8


@SIGNATURES.register("Answer strip", reference="METHODS A2")
def answer_strip(selection: Selection, *, query: int) -> None:
    """At which ranks this query's candidates contain one of its answers, and which were kept."""
    name, ranks = looked_at(selection)
    knobs = knobs_of(selection.recipe, "without_answer")
    found = answer_filter(selection, ranks, query, knobs["match"], knobs["titles"])
    answers = selection.pool.dataset.answers[selection.pool.queries[query]]
    if answers:
        st.echarts_chart(
            draw(found.ranks, found.lanes, LANES, name), height=HEIGHT, key="signature.answer_strip",
            alt="Rank of each candidate of the query: without the answer, with it, taken, or a labelled positive",
        )  # fmt: skip
        more = f" and {len(answers) - SHOWN:,} more" if len(answers) > SHOWN else ""
        show_text("", about="Answers: " + "; ".join(shortened(answer, 80) for answer in answers[:SHOWN]) + more)
    else:
        st.caption("This query has no answer strings: the filter is not defined for it, and it gets no negative.")
    share = found.containing / found.candidates if found.candidates else 0.0
    st.caption(
        f"The answer filter removes {found.containing:,} of {found.candidates:,} candidates ({share:.1%}), labelled "
        f"positives not counted. {found.emptied:,} queries have nothing left, and {found.unanswered:,} of "
        f"{found.queries:,} have no answer strings. A text with the answer in it need not answer the query, and one "
        "without may: look at both."
    )


def looked_at(selection: Selection) -> tuple[str, Ints]:
    """Name and ranks of the retriever whose candidates the recipe takes; else ranks by its scorer."""
    pool, recipe = selection.pool, selection.recipe
    steps = [step for step in recipe.steps if step.strategy == "brought_by"]
    name = str(steps[0].knobs.get("retriever", "random")) if steps else ""
    return (name, pool.ranks[name]) if name in pool.ranks else (recipe.scorer, pool.rank(recipe.scorer))
