"""Teacher scatter: what a cross-encoder says about what the student ranks high."""

import numpy as np
import streamlit as st

from negviz.arrays import mix
from negviz.charts.teacher_scatter import teacher_scatter as draw
from negviz.diagnostics.candidate_states import STATES, candidate_states
from negviz.diagnostics.teacher_scatter import TeacherScatter
from negviz.diagnostics.teacher_scatter import teacher_scatter as compare
from negviz.labels import Labels
from negviz.selection import Selection
from negviz.ui.signatures import SIGNATURES
from negviz.ui.signatures._knobs import knobs_of, window_stop
from negviz.ui.signatures._passages import show_passages

HEIGHT = 360
MOST = 2500
DEPTH = 50


@SIGNATURES.register("Student and teacher", reference="METHODS 12, plot 3; C1", over_all=True)
def teacher_scatter(selection: Selection, *, query: int | None, labels: Labels) -> None:
    """What the student ranks high and the teacher calls relevant, top left, is a likely false negative."""
    knobs = knobs_of(selection.recipe, "teacher_bands")
    pool = selection.pool
    rows = np.arange(len(pool), dtype=np.int32) if query is None else np.array([query], dtype=np.int32)
    windowed = any(step.strategy == "rank_window" for step in selection.recipe.steps)
    depth = window_stop(selection.recipe, pool.depth) if windowed else min(DEPTH, pool.depth)
    found = compare(selection, rows, labels, **knobs, depth=depth)
    states = candidate_states(selection, labels, rows)
    places = found.rows if query is None else np.zeros(len(found.rows), dtype=np.int32)
    shown = _thinned(selection, found)
    words = [STATES[code] for code in states.codes[places[shown], found.columns[shown]].tolist()]
    option = draw(
        found.ranks[shown].astype(np.float64), found.probabilities[shown], words,
        negative=knobs["negative"], positive=knobs["positive"], depth=depth,
    )  # fmt: skip
    st.echarts_chart(
        option, key=f"signature.teacher_scatter.{query is None}", height=HEIGHT,
        alt="Probability by the teacher of each candidate against its rank by the student, with the two limits",
    )  # fmt: skip
    part = f"A sample of {MOST:,} of {len(found.rows):,} candidates is drawn. " if len(shown) < len(found.rows) else ""
    st.caption(f"{part}{_told(found, knobs['negative'], knobs['positive'])}")
    cells = [(int(found.rows[at]), int(found.columns[at])) for at in found.review]
    facts = [f"teacher {found.probabilities[at]:.3f} · rank {int(found.ranks[at])}" for at in found.review]
    show_passages(selection, cells, facts, query=query is None)


def _thinned(selection: Selection, found: TeacherScatter) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    """Places of the candidates to draw: all, or as many as a chart can take, the ones to review always among them."""
    if len(found.rows) <= MOST:
        return np.arange(len(found.rows))
    keys = mix(selection.pool.pair_keys[found.rows, found.columns])
    keys[found.review] = 0
    return np.sort(np.argsort(keys, kind="stable")[:MOST])


def _told(found: TeacherScatter, negative: float, positive: float) -> str:
    one = len(found.review) == 1
    review = f"{len(found.review):,} {'candidate' if one else 'candidates'} that nobody has judged"
    return (
        f"{review} {'lies' if one else 'lie'} above {positive:g}: likely false negatives to review. "
        f"{found.discarded:,} lie from {negative:g} to {positive:g} and are discarded. {_filled(found)}"
    )


def _filled(found: TeacherScatter) -> str:
    """How many queries had to be filled up with candidates that the teacher has not checked."""
    if found.queries == 1:
        short = " It is not full all the same." if found.short else ""
        unchecked = "had to be filled up with candidates that nobody checked"
        return f"The query {unchecked if found.backfilled else 'needed no filling up'}.{short}"
    share = found.backfilled / found.queries if found.queries else 0.0
    left = f", and {found.short:,} are not full all the same" if found.short else ""
    return (
        f"{found.backfilled:,} of {found.queries:,} queries ({share:.0%}) had to be filled up with candidates that "
        f"nobody checked{left}."
    )
