"""The page Thresholds: one recipe, its numbers, and three ways to see where its limits fall."""

import streamlit as st

from negviz.errors import NegvizError
from negviz.pool import Pool
from negviz.recipe import published
from negviz.selection import Selection
from negviz.ui import cache, counting, marked_table, per_query, recipe_sharing, score_view, state, sweeps
from negviz.ui.metrics import show_metrics
from negviz.ui.mining import edit, outcome
from negviz.ui.near_threshold import nearest
from negviz.ui.shortfall import short_of, takes_all

SCORES, QUERIES, SWEEP = "Scores", "Queries", "Sweep"


@st.fragment
def explore(pool: Pool) -> None:
    """Everything that follows a knob or a line; the rest of the page stays as it is."""
    recipe_sharing.open_shared("thresholds")
    pool = counting.at_hand(pool, state.current_recipe())
    with st.container(horizontal=True, horizontal_alignment="distribute", key="thresholds_head"):
        view = st.segmented_control(
            "View", [SCORES, QUERIES, SWEEP], default=SCORES, key="thresholds.view", bind="query-params",
            persist_state="session", required=True, label_visibility="collapsed", width="content",
            help="Scores: how they lie over all queries. Queries: which are hard or starved. Sweep: what each value of "
            "a knob costs and brings.",
        )  # fmt: skip
        shared = st.container(width="content")
    head = st.container()
    charts, knobs = st.columns([5, 3], gap="large")
    with knobs:
        edited = edit(pool, "thresholds")
    with shared:
        recipe_sharing.share_view(edited.recipe, str(state.workspace().get("pool", "")))
    with head:
        selection = outcome(pool, edited.recipe)
        if selection is None:
            return
        metrics(selection, pool)
    edited.tell(selection)
    with charts:
        {SCORES: score_view.show, QUERIES: per_query.show, SWEEP: sweeps.show}[view or SCORES](selection)
    marked_table.show(selection, "thresholds")
    if view == SCORES:
        nearest(selection)


def metrics(selection: Selection, pool: Pool) -> None:
    """What the recipe takes and refuses of a pool, with the change against the published recipe's defaults."""
    now, before = _counts(selection), _published_counts(selection, pool)
    words = {
        "Taken": "Negatives over all queries.",
        "Refused": "Candidates refused by leak guards, labels and steps.",
        "Starved queries": f"Queries with fewer than {selection.recipe.count} negatives.",
        "Queries with none": "Queries that are left without any negative.",
    }
    changes = {name: now[name] - before[name] for name in now} if before else {}
    shown = [
        (name, f"{now[name]:,}", f"{text} The change is against the recipe as published.")
        for name, text in words.items()
    ]
    if takes_all(selection):
        shown[2] = short_of(selection)
    show_metrics(
        shown,
        changes={name: f"{change:+,} against published" for name, change in changes.items() if change},
        bad=("Starved queries", "Queries with none"),
    )  # fmt: skip


def _counts(selection: Selection) -> dict[str, int]:
    summary = selection.summary()
    return {
        "Taken": summary["taken"],
        "Refused": sum(row["count"] for row in summary["refused"]),
        "Starved queries": summary["starved"],
        "Queries with none": summary["empty"],
    }


def _published_counts(selection: Selection, pool: Pool) -> dict[str, int] | None:
    original = published().get(selection.recipe.name)
    if original is None:
        return None
    try:
        return _counts(cache.selection(pool, original, cache.labels()))
    except NegvizError:
        return None
