"""The Mine page's parts: the recipe on the left; one query, or the funnel over all of them, on the right."""

import numpy as np
import pyarrow as pa
import streamlit as st

from negviz.arrays import PAD
from negviz.charts.funnel import funnel as funnel_chart
from negviz.charts.kept_per_query import kept_per_query
from negviz.charts.rank_curve import rank_curve
from negviz.diagnostics.funnel import funnel
from negviz.diagnostics.score_profile import ScoreProfile
from negviz.errors import NegvizError
from negviz.labels import Labels, Verdict
from negviz.pool import Pool
from negviz.recipe import Recipe
from negviz.selection import Selection
from negviz.ui import cache, candidates, query_picker, recipe_editor, recipe_files, state
from negviz.ui.candidates import Candidates
from negviz.ui.metrics import show_metrics
from negviz.ui.recipe_editor import Edited
from negviz.ui.tables import show_paged
from negviz.ui.texts import show_text

ONE, ALL = "One query", "All queries"
CURVE = 60
CURVE_HEIGHT = 300


@st.fragment
def explore(pool: Pool) -> None:
    """Edit the recipe and see at once what it takes and refuses."""
    editor, result = st.columns([2, 5], gap="large")
    with editor:
        edited = edit(pool, "mine")
    with result:
        selection = outcome(pool, edited.recipe)
        if selection is None:
            return
        edited.tell(selection)
        totals(selection)
        view = st.segmented_control(
            "View", [ONE, ALL], default=ONE, key="mine.view", persist_state="session", label_visibility="collapsed",
            required=True,
        )  # fmt: skip
        if view == ALL:
            overview(selection)
        else:
            one_query(selection, cache.labels())


def edit(pool: Pool, key: str) -> Edited:
    """The whole recipe editor, one part below the other."""
    recipe = state.current_recipe()
    recipe_editor.chooser(pool, recipe, key)
    back = st.container()
    origin = st.expander("About this recipe", icon=":material/info:", key=f"{key}.about", on_change="rerun")
    if origin.open:
        with origin:
            recipe_editor.about(pool, recipe)
    edited = recipe_editor.edit(pool, recipe, key, scores_of(pool, recipe))
    with back:
        recipe_editor.way_back(edited.recipe, key)
    file = st.expander("Recipe file", icon=":material/description:", key=f"{key}.file", on_change="rerun")
    if file.open:
        with file:
            recipe_files.files(edited.recipe, key)
    return edited


def scores_of(pool: Pool, recipe: Recipe) -> ScoreProfile | None:
    """Profile of the recipe's scorer, None where the pool does not have it."""
    return cache.profile(pool, recipe.scorer, recipe.anchor) if recipe.scorer in pool.scores else None


def outcome(pool: Pool, recipe: Recipe) -> Selection | None:
    """The recipe's selection; where it cannot run, the sentence that says what is missing."""
    try:
        return cache.selection(pool, recipe, cache.labels())
    except NegvizError as error:
        st.error("This recipe cannot run on this pool.", icon=":material/error:")
        st.text(str(error))
        return None


def totals(selection: Selection) -> None:
    """Candidates, refused, taken and starved, in a row."""
    summary = selection.summary()
    refused = sum(row["count"] for row in summary["refused"])
    facts = [
        ("Candidates", summary["candidates"], "Everything that the retrievers brought, over all queries."),
        ("Refused", refused, "By leak guards, labels and steps together."),
        ("Taken", summary["taken"], "Negatives that an export would write."),
        ("Starved queries", summary["starved"], f"Queries with fewer than {summary['count']} negatives."),
    ]
    show_metrics((name, f"{value:,}", text) for name, value, text in facts)


def overview(selection: Selection) -> None:
    """The funnel over all queries, negatives per query, and the queries that are starved."""
    rows = funnel(selection)
    left, right = st.columns([3, 2])
    with left:
        st.subheader("Where the candidates go", anchor=False)
        shown = [(row.name, row.removed, row.left) for row in rows if row.removed]
        st.plotly_chart(
            funnel_chart(selection.candidates, shown), alt="Candidates left after each stage, and removed by it"
        )
    with right:
        st.subheader("Negatives per query", anchor=False)
        counts = np.bincount(selection.taken_counts, minlength=selection.recipe.count + 1).astype(np.int32)
        st.plotly_chart(
            kept_per_query(counts, selection.recipe.count), alt="Number of queries for each number of negatives taken"
        )
    show_paged(funnel_table(selection), "mine.funneltable")
    refused = sum(count for _, count in selection.refused_counts)
    st.caption(
        f"{selection.candidates:,} candidates = {refused:,} refused + {selection.not_drawn:,} not drawn + "
        f"{int(selection.taken.sum()):,} taken."
    )
    starved = starved_table(selection)
    st.subheader(f"Starved queries: {len(starved):,}", anchor=False)
    if len(starved):
        show_paged(starved, f"mine.starved.{len(starved)}")
    else:
        st.caption("Every query got all the negatives that were asked for.")


def funnel_table(selection: Selection) -> pa.Table:
    """The funnel as rows whose counts add up to the candidates."""
    rows = funnel(selection)
    taken = int(selection.taken.sum())
    total = max(selection.candidates, 1)
    return pa.table({
        "outcome": [*(f"refused by: {row.name}" for row in rows[:-1]), "not drawn", "taken", "all candidates"],
        "candidates": [*(row.removed for row in rows), taken, selection.candidates],
        "share, %": [*(round(100 * row.removed / total, 2) for row in rows), round(100 * taken / total, 2), 100.0],
        "left after it": [*(row.left for row in rows), None, None],
    })  # fmt: skip


def starved_table(selection: Selection) -> pa.Table:
    """Queries with fewer negatives than wanted, the emptiest first."""
    rows = np.flatnonzero(selection.starved)
    rows = rows[np.argsort(selection.taken_counts[rows], kind="stable")]
    data, queries = selection.pool.dataset, selection.pool.queries
    return pa.table({
        "taken": selection.taken_counts[rows],
        "candidates": selection.pool.present[rows].sum(axis=1).astype(np.int32),
        "id": pa.array([data.query_id(int(queries[row])) for row in rows], pa.string()),
        "query": pa.array([data.query_text(int(queries[row])) for row in rows], pa.string()),
    })  # fmt: skip


def one_query(selection: Selection, labels: Labels) -> None:
    """One query with its positives, its score curve and its candidates."""
    query = query_picker.pick(selection, "mine")
    if query is None:
        return
    asked(selection, query)
    shown = candidates.candidates_of(selection, query, labels, recipe_editor.knobs_of(selection.recipe))
    curve(shown)
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    with left:
        chosen = shown.only(candidates.choose(shown, "mine.show"))
    with right:
        form = st.segmented_control(
            "As", ["Cards", "Table"], default="Cards", key="mine.form", persist_state="session", required=True
        )
    if form == "Table":
        show_paged(candidates.table(chosen), f"mine.table.{query}.{len(chosen.columns)}")
    else:
        candidates.show_cards(chosen, f"mine.cards.{query}")


def asked(selection: Selection, query: int) -> None:
    """The query and its labelled positives with their scores."""
    pool = selection.pool
    row = int(pool.queries[query])
    left, right = st.columns(2)
    with left.container(border=True, height="stretch"):
        st.caption("Query")
        show_text(pool.dataset.query_text(row), about=pool.dataset.query_id(row))
        level = float(pool.anchor(selection.recipe.scorer, selection.recipe.anchor)[query])
        st.caption(f"{int(selection.taken_counts[query])} of {selection.recipe.count} negatives taken. "
                   f"Margins are measured from {level:.4g}.")  # fmt: skip
    with right.container(border=True, height="stretch"):
        positives = [place for place, document in enumerate(pool.positives[query]) if document != PAD]
        st.caption("Labelled positive" if len(positives) == 1 else f"{len(positives)} labelled positives")
        for place in positives:
            document = int(pool.positives[query, place])
            scores = [f"{name} {float(layer[query, place]):.4g}" for name, layer in pool.positive_scores.items()]
            show_text(
                pool.dataset.document_text(document), title=pool.dataset.document_title(document),
                about=" · ".join([pool.dataset.document_id(document), *scores]),
            )  # fmt: skip


def curve(shown: Candidates) -> None:
    """Score versus rank of the query's candidates, with the positives' level and the taken ones marked."""
    pool, scorer, query = shown.selection.pool, shown.selection.recipe.scorer, shown.query
    words = []
    for verdict, label, column in zip(shown.verdicts, shown.labels, shown.columns, strict=True):
        positive = shown.selection.reason(query, int(column)) == "labelled positive"
        false = label == Verdict.FALSE_NEGATIVE
        words.append("labelled positive" if positive else "labelled false negative" if false else verdict)
    option = rank_curve(
        pool.rank(scorer)[query, shown.columns], pool.score(scorer)[query, shown.columns], words,
        pool.positive_scores[scorer][query], f"score, {scorer}", shown=CURVE if len(shown.columns) > CURVE else None,
    )  # fmt: skip
    st.echarts_chart(
        option, key="mine.curve", height=CURVE_HEIGHT,
        alt="Score of each candidate of the query against its rank, with the level of the positives",
    )  # fmt: skip
