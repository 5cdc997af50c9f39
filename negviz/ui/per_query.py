"""The Queries view: which queries are hard, which are starved, and every candidate's distance to its positive."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import streamlit as st

from negviz.areas import inside
from negviz.arrays import Bools
from negviz.charts.query_difficulty import query_difficulty as draw
from negviz.diagnostics.query_difficulty import KINDS, QueryDifficulty, kinds, sample
from negviz.marks import marks_of_queries
from negviz.pool import Pool
from negviz.selection import Selection
from negviz.ui import cache, marks, query_lists
from negviz.ui.signatures.anchor_strip import HARDEST, HELP, ORDERS, marking, ordered
from negviz.ui.texts import shortened

SCATTER, STRIP = "per_query.scatter", "per_query.strip"
MOST = 5_000
HEIGHT = 440
NAME = 70
ROWS = 30
LISTED = 100
LISTED_TEXT = 160
COLUMNS = {
    "id": st.column_config.TextColumn(width="small"),
    "query": st.column_config.TextColumn(width="medium"),
    "positive": st.column_config.NumberColumn(format="%.4g", help="Score of the positive that margins start from."),
    "best": st.column_config.NumberColumn(format="%.4g", help="Highest score of a candidate without a leak."),
    "above": st.column_config.NumberColumn(help="Candidates without a leak that score above the positive."),
    "left": st.column_config.NumberColumn(help="Candidates that nothing refused, those taken included."),
    "taken": st.column_config.NumberColumn(help="Negatives taken."),
    "refused most by": st.column_config.TextColumn(help="What refused most of its candidates, and how many."),
}
Rows = npt.NDArray[np.intp]


def show(selection: Selection) -> None:
    """Queries by difficulty, lists of those worth a look, their anchor strip and a table of them.

    Args:
        selection: Outcome of the recipe at hand.
    """
    if not len(selection.pool):
        st.info("This pool holds no query, so there is nothing to show.", icon=":material/inbox:")
        return
    recipe = selection.recipe
    numbers = cache.difficulty(selection.pool, recipe.scorer, recipe.anchor)
    st.subheader("Queries by difficulty", anchor=False)
    query_lists.show(selection, numbers)
    _difficulty(selection, numbers)
    st.subheader("Query by query", anchor=False)
    order = st.segmented_control(
        "Order", ORDERS, default=HARDEST, key="per_query.order", bind="query-params", persist_state="session",
        required=True, format_func=str.capitalize, help=HELP, wrap=True,
    )  # fmt: skip
    wanted = _followed(selection)
    _strips(selection, numbers, wanted, order or HARDEST)
    _listing(selection, numbers, wanted, order or HARDEST)


def _difficulty(selection: Selection, numbers: QueryDifficulty) -> None:
    """The scatter; an area in it applies to all queries, drawn or not."""
    pool, recipe = selection.pool, selection.recipe
    known = int(numbers.drawable.sum())
    if not known:
        st.info(_why_nothing(selection, numbers), icon=":material/scatter_plot:")
        return
    codes = kinds(selection, numbers, short=query_lists.is_short(selection))
    # Keys of half a million ids take a second, so they are asked for only where some are to be left out.
    keys = cache.query_keys(pool) if known > MOST else None
    rows = np.flatnonzero(numbers.drawable) if keys is None else sample(codes, numbers.drawable, keys, MOST)
    counts = np.bincount(codes[numbers.drawable], minlength=len(KINDS))
    scale = f"{recipe.scorer} ({pool.scales.get(recipe.scorer, 'unknown scale')})"
    option = draw(
        numbers.best[rows], numbers.positive[rows], codes[rows],
        [f"{word} ({count:,})" for word, count in zip(KINDS, counts.tolist(), strict=True)],
        _texts(selection, numbers, rows), _with_marks(pool)[rows], scale=scale,
    )  # fmt: skip
    place = f"{SCATTER}.{marks.epoch(SCATTER)}.{hash((pool.fingerprint, recipe.scorer, recipe.anchor))}"
    st.echarts_chart(
        option, key=place, height=HEIGHT, on_select=partial(_area, pool, numbers, place),
        alt="Score of each query's positive against the score of its best candidate",
    )  # fmt: skip
    st.caption(_about(numbers, len(rows), known))


def _why_nothing(selection: Selection, numbers: QueryDifficulty) -> str:
    scorer = selection.recipe.scorer
    if not np.isfinite(numbers.positive).any():
        return f"No query has a labelled positive that '{scorer}' has scored, so none can be placed by difficulty."
    if not numbers.known.any():
        return f"No query has a candidate without a leak that '{scorer}' has scored, so none can be placed."
    return "No query has both a scored positive and a scored candidate without a leak."


def _about(numbers: QueryDifficulty, drawn: int, known: int) -> str:
    parts = [
        "One point a query. Above the line the labelled positive scores best; below it a candidate that is no leak "
        "does: a likely false negative, or a poor positive. Mark queries with the box or the lasso."
    ]
    if drawn < known:
        parts.append(
            f"Drawn is a seeded sample of {drawn:,} of {known:,} queries, in which rare colours are whole; an area "
            "applies to all of them."
        )
    if known < len(numbers.positive):
        parts.append(
            f"Not drawn: {len(numbers.positive) - known:,} queries without a scored positive, or without a scored "
            "candidate that is no leak."
        )
    return " ".join(parts)


def _texts(selection: Selection, numbers: QueryDifficulty, rows: Rows) -> tuple[list[str], list[str]]:
    pool, taken = selection.pool, selection.taken_counts[rows].tolist()
    data, queries = pool.dataset, pool.queries[rows].tolist()
    names = [f"{data.query_id(row)} · {shortened(_line(data.query_text(row)), NAME)}" for row in queries]
    above, known = numbers.above[rows].tolist(), numbers.known[rows].tolist()
    more = [
        f"{taken:,} taken; {above:,} of {known:,} candidates above the positive"
        for taken, above, known in zip(taken, above, known, strict=True)
    ]
    return names, more


def _line(text: str) -> str:
    return " ".join(text.split())


def _area(pool: Pool, numbers: QueryDifficulty, place: str) -> None:
    """Mark the queries inside what was drawn on the scatter."""
    areas = st.session_state[place]["selection"]["areas"]
    if areas:
        marks.mark(marks_of_queries(pool, inside_areas(numbers, areas), _words(areas)), SCATTER)
    elif marks.marked_in(SCATTER):
        marks.clear(SCATTER)


def inside_areas(numbers: QueryDifficulty, areas: Sequence[Mapping[str, Any]]) -> Rows:
    """Rows of all queries inside areas of the scatter, those included that were not drawn."""
    return np.flatnonzero(inside(np.stack([numbers.best, numbers.positive], axis=1), areas))


def _words(areas: Sequence[Mapping[str, Any]]) -> str:
    boxes = [area["coord_range"] for area in areas if area.get("brush_type") == "rect"]
    if len(boxes) != 1 or len(areas) != 1:
        return "queries inside an area by difficulty"
    (left, right), (low, high) = (sorted(ends) for ends in boxes[0])
    return f"queries with a best candidate {left:.3g} to {right:.3g} and a positive {low:.3g} to {high:.3g}"


def _with_marks(pool: Pool) -> Bools:
    """(queries,), True where a candidate is marked."""
    found, mask = marks.marked(pool), np.zeros(len(pool), dtype=bool)
    if found is not None:
        mask[found.queries] = True
    return mask


def _followed(selection: Selection) -> Bools:
    """(queries,), True for those in view: all, or what is marked, said in words with a way back."""
    pool, found = selection.pool, marks.marked(selection.pool)
    everything = np.ones(len(pool), dtype=bool)
    if found is None:
        whole = "All there is, one query, is" if len(pool) == 1 else f"All {len(pool):,} queries are"
        st.caption(f"{whole} in view. What you mark in any plot narrows it.")
        return everything
    with st.container(horizontal=True, vertical_alignment="center"):
        only = st.toggle("Only marked", True, key="per_query.only", persist_state="session",
                         help="Shows only queries with a marked candidate.")  # fmt: skip
        words = f"{len(found.queries):,} of {len(pool):,} queries {'is' if len(found.queries) == 1 else 'are'} marked:"
        st.text(f"{words} {found.about}", width="stretch")
        st.button("Show all", key="per_query.all", icon=":material/close:", type="tertiary", on_click=marks.clear,
                  help="Marks nothing.")  # fmt: skip
    return _with_marks(pool) if only else everything


def _strips(selection: Selection, numbers: QueryDifficulty, wanted: Bools, order: str) -> None:
    """The anchor strip of a page of queries; marking in it does not narrow it."""
    scored = np.isfinite(numbers.positive)
    among = scored & (np.ones(len(scored), dtype=bool) if marks.marked_in(STRIP) else wanted)
    rows = ordered(selection, numbers, among, order)
    if not len(rows):
        st.info("None of these queries has a labelled positive with a score to measure from, so there is no strip.",
                icon=":material/straighten:")  # fmt: skip
        return
    shown = _paged(rows, ROWS, f"per_query.strips.{order}.{hash(rows.tobytes())}", "Queries")
    marking(selection, shown.astype(np.int32), cache.labels(), STRIP)


def _paged(rows: Rows, size: int, key: str, what: str) -> Rows:
    """The rows of the page that a person chose, and which these are."""
    pages = max(-(-len(rows) // size), 1)
    if pages == 1:
        return rows
    page = st.pagination(pages, key=key)
    first = (page - 1) * size
    st.caption(f"{what} {first + 1:,} to {min(first + size, len(rows)):,} of {len(rows):,}")
    return rows[first : first + size]


def _listing(selection: Selection, numbers: QueryDifficulty, wanted: Bools, order: str) -> None:
    """The table of the queries in view, a page at a time; only that page is worked out."""
    rows = ordered(selection, numbers, wanted, order)
    st.subheader("The queries in view", anchor=False)
    key = f"per_query.table.{order}.{hash(rows.tobytes())}"
    shown = _paged(rows, LISTED, key, "Rows")
    st.dataframe(
        table(selection, numbers, shown).to_pandas(), hide_index=True, width="stretch", column_config=COLUMNS,
        key=f"{key}.{hash(shown.tobytes())}", height=min(38 + 35 * max(len(shown), 1), 420),
    )  # fmt: skip


def table(selection: Selection, numbers: QueryDifficulty, rows: Rows) -> pa.Table:
    """What became of some queries, a row each.

    Args:
        selection: Outcome of a recipe.
        numbers: Of its pool and scorer.
        rows: Rows of the pool.
    """
    data, queries = selection.pool.dataset, selection.pool.queries[rows].tolist()
    return pa.table({
        "id": pa.array([data.query_id(row) for row in queries], pa.string()),
        "query": pa.array([shortened(_line(data.query_text(row)), LISTED_TEXT) for row in queries], pa.string()),
        "positive": pa.array(_known(numbers.positive[rows]), pa.float64()),
        "best": pa.array(_known(numbers.best[rows]), pa.float64()),
        "above": numbers.above[rows],
        "left": cache.left(selection)[rows],
        "taken": selection.taken_counts[rows],
        "refused most by": pa.array(_refused_most(selection, rows), pa.string()),
    })  # fmt: skip


def _known(values: npt.NDArray[np.float64]) -> list[float | None]:
    return [round(value, 4) if np.isfinite(value) else None for value in values.tolist()]


def _refused_most(selection: Selection, rows: Rows) -> list[str | None]:
    """The stage that refused most of each query's candidates, with its number; None where nothing was refused."""
    stages = selection.stages
    if not stages:
        return [None] * len(rows)
    counts = np.stack([np.equal(selection.reasons[rows], code).sum(axis=1) for code in range(len(stages))], axis=1)
    most = counts.argmax(axis=1)
    return [
        f"{stages[stage]} ({int(number[stage]):,})" if number[stage] else None
        for stage, number in zip(most.tolist(), counts, strict=True)
    ]
