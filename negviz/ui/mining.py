"""The Mine page's parts: the recipe and what it does; one query, the funnel over all of them, or all methods."""

import numpy as np
import pyarrow as pa
import streamlit as st

from negviz.arrays import PAD
from negviz.charts.kept_per_query import kept_per_query
from negviz.diagnostics.funnel import funnel
from negviz.errors import MissingInputError, NegvizError
from negviz.labels import Labels
from negviz.pool import Pool
from negviz.recipe import Recipe
from negviz.selection import Selection
from negviz.ui import (
    cache,
    candidates,
    counting,
    judging,
    methods,
    picture,
    query_picker,
    recipe_editor,
    recipe_files,
    recipe_sharing,
    state,
)
from negviz.ui.frame import why_not
from negviz.ui.links import page_link
from negviz.ui.metrics import show_metrics
from negviz.ui.recipe_editor import Edited
from negviz.ui.shortfall import short_of, takes_all
from negviz.ui.tables import show_paged
from negviz.ui.texts import show_text

ONE, ALL, METHODS = "One query", "All queries", "All methods"
OWN_FUNNEL = "funnel"


@st.fragment
def explore(pool: Pool) -> None:
    """Edit the recipe and see at once what it takes and refuses.

    On a narrow screen the columns stand below each other; the style sheet puts the result before the editor there.
    """
    recipe_sharing.open_shared("mine")
    shared = st.container()
    recipe = state.current_recipe()
    pool = counting.at_hand(pool, recipe)
    with st.container(border=True, key="mine_head"):
        chosen, words = st.columns([3, 4], gap="large")
        with chosen:
            methods.chooser(pool, recipe, "mine")
            with st.container(horizontal=True):
                _notes(recipe, "mine")
                back = st.container(width="content")
        with words:
            methods.about(pool, recipe)
    warnings = st.container()
    editor, result = st.columns([2, 5], gap="medium")
    with editor, st.container(key="mine_editor"):
        st.html('<div id="negviz-knobs"></div>')
        edited = recipe_editor.edit(pool, recipe, "mine", warnings)
        _file(pool, edited.recipe, "mine")
    with back:
        methods.way_back(edited.recipe, "mine")
    with shared:
        recipe_sharing.way_back(edited.recipe, "mine")
    with result:
        _outcome(pool, edited)


def _outcome(pool: Pool, edited: Edited) -> None:
    """What comes of the recipe, in the view that a person chose."""
    st.html('<a class="negviz-jump" href="#negviz-knobs" target="_self">Turn the knobs ↓</a>')
    with st.container(horizontal=True, vertical_alignment="bottom", key="mine_views"):
        view = st.segmented_control(
            "View", [ONE, ALL, METHODS], default=ONE, key="mine.view", persist_state="session",
            label_visibility="collapsed", required=True, width="content",
        )  # fmt: skip
        plots = st.container(key="mine_plot")
    selection = outcome(pool, edited.recipe)
    if selection is not None:
        edited.tell(selection)
    if view == METHODS:
        methods.browse(pool, edited.recipe, "mine.methods")
    elif selection is not None:
        with plots:
            plot = picture.choose(selection.recipe, "mine")
        totals(selection)
        part = overview if view == ALL else one_query
        part(selection, cache.labels(), plot)


def edit(pool: Pool, key: str) -> Edited:
    """The whole recipe editor, one part below the other."""
    recipe = state.current_recipe()
    methods.chooser(pool, recipe, key)
    back = st.container()
    origin = st.expander("About this recipe", icon=":material/info:", key=f"{key}.about", on_change="rerun")
    if origin.open:
        with origin:
            methods.about(pool, recipe)
            show_text(recipe.notes)
    edited = recipe_editor.edit(pool, recipe, key)
    with back:
        methods.way_back(edited.recipe, key)
    _file(pool, edited.recipe, key)
    return edited


def _notes(recipe: Recipe, key: str) -> None:
    if recipe.notes:
        with st.popover("Notes", icon=":material/info:", key=f"{key}.notes",
                        help="What differs from the paper, what is not verified, what to look out for."):  # fmt: skip
            show_text(recipe.notes)


def _file(pool: Pool, recipe: Recipe, key: str) -> None:
    """Save, share and run: folded, and filled only when open."""
    file = st.expander("Save, share, run", icon=":material/save:", key=f"{key}.file", on_change="rerun")
    if file.open:
        with file:
            recipe_files.files(recipe, key)
            recipe_sharing.share(recipe, key)


def outcome(pool: Pool, recipe: Recipe) -> Selection | None:
    """The recipe's selection; where it cannot run, the sentence that says what is missing."""
    try:
        return cache.selection(pool, recipe, cache.labels())
    except NegvizError as error:
        st.error("This recipe cannot run on this pool.", icon=":material/error:")
        st.text(why_not(pool, error))
        if isinstance(error, MissingInputError):
            with st.container(horizontal=True):
                page_link("pages/1_Load.py", "Make a pool that has it", "upload_file")
                page_link("pages/6_Label.py", "Label candidates", "rule")
            st.caption("The view 'All methods' tells which methods this pool can serve.")
        judging.panel(pool, recipe)
        return None


def totals(selection: Selection) -> None:
    """Candidates, refused, taken and starved, in a row; for a recipe that takes all, how many a query gets."""
    summary = selection.summary()
    refused = sum(row["count"] for row in summary["refused"])
    came = "The source of the recipe" if selection.recipe.source else "The retrievers"
    facts = [
        ("Candidates", f"{summary['candidates']:,}", f"{came} brought so many, over all queries."),
        ("Refused", f"{refused:,}", "By leak guards, labels and steps together."),
        ("Taken", f"{summary['taken']:,}", "Negatives that an export would write."),
        short_of(selection),
    ]
    show_metrics(facts)


def overview(selection: Selection, labels: Labels, plot: str) -> None:
    """The plot chosen, the funnel over all queries, negatives per query, and the queries that are starved."""
    if plot != OWN_FUNNEL:
        picture.draw(plot, selection, None, labels)
    left, right = st.columns([3, 2])
    with left:
        st.subheader("Where the candidates go", anchor=False)
        picture.draw(OWN_FUNNEL, selection, None, labels, titled=False)
    with right:
        st.subheader("Negatives per query", anchor=False)
        counts = np.bincount(selection.taken_counts, minlength=selection.recipe.count + 1).astype(np.int32)
        st.plotly_chart(
            kept_per_query(counts, selection.recipe.count), alt="Number of queries for each number of negatives taken"
        )
    show_paged(funnel_table(selection), "mine.funneltable")
    _starved(selection)


def _starved(selection: Selection) -> None:
    """The queries that are not filled, the emptiest first."""
    if takes_all(selection):
        label, value, words = short_of(selection)
        st.subheader(f"{label}: {value}", anchor=False)
        st.caption(words)
    else:
        st.subheader(f"Starved queries: {int(selection.starved.sum()):,}", anchor=False)
    starved = starved_table(selection)
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


def one_query(selection: Selection, labels: Labels, plot: str) -> None:
    """One query with its positives, the plot chosen and its candidates."""
    query = query_picker.pick(selection, "mine")
    if query is None:
        return
    asked(selection, query)
    picture.draw(plot, selection, query, labels)
    shown = candidates.candidates_of(selection, query, labels, recipe_editor.knobs_of(selection.recipe))
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    with left:
        chosen = shown.only(candidates.choose(shown, "mine.show"))
    with right:
        form = st.segmented_control(
            "As", ["Cards", "Table"], default="Cards", key="mine.form", persist_state="session", required=True
        )
    if any(chosen.disputed):
        st.caption(candidates.DISPUTE)
    if form == "Table":
        show_paged(candidates.table(chosen), f"mine.table.{query}.{len(chosen.columns)}")
    else:
        candidates.show_cards(chosen, f"mine.cards.{query}")


def asked(selection: Selection, query: int) -> None:
    """The query and its labelled positives with their scores."""
    pool = selection.pool
    row = int(pool.queries[query])
    left, right = st.columns([2, 3])
    with left.container(border=True, height="stretch"):
        st.caption("Query")
        show_text(pool.dataset.query_text(row), about=pool.dataset.query_id(row))
        level = float(pool.anchor(selection.recipe.scorer, selection.recipe.anchor)[query])
        taken = f"{int(selection.taken_counts[query]):,}"
        wanted = taken if takes_all(selection) else f"{taken} of {selection.recipe.count:,}"
        known = np.isfinite(level)
        from_where = f"Margins are measured from {level:.4g}." if known else "Its positive has no known score."
        st.caption(f"{wanted} negatives taken. {from_where}")
    with right.container(border=True, height="stretch", key="mine_positives"):
        positives = [place for place, document in enumerate(pool.positives[query]) if document != PAD]
        st.caption("Labelled positive" if len(positives) == 1 else f"{len(positives)} labelled positives")
        for place in positives:
            document = int(pool.positives[query, place])
            known = ((name, float(layer[query, place])) for name, layer in pool.positive_scores.items())
            scores = [f"{name} {score:.4g}" for name, score in known if np.isfinite(score)]
            show_text(
                pool.dataset.document_text(document), title=pool.dataset.document_title(document),
                about=" · ".join([pool.dataset.document_id(document), *scores]),
            )  # fmt: skip
