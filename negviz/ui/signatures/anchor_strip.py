"""Anchor strip: candidates of many queries, measured from their positive."""

from functools import partial

import numpy as np
import numpy.typing as npt
import streamlit as st

from negviz.arrays import Bools, Ints, descending, positions
from negviz.charts.anchor_strip import Ticks, height, picked
from negviz.charts.anchor_strip import anchor_strip as draw
from negviz.diagnostics.candidate_states import COSINE, STATES, States, candidate_states
from negviz.diagnostics.query_difficulty import QueryDifficulty
from negviz.errors import MissingInputError
from negviz.labels import Labels
from negviz.marks import Marks
from negviz.selection import Selection
from negviz.ui import cache, marks
from negviz.ui.signatures import SIGNATURES
from negviz.ui.texts import shortened

ROWS = 12
NEAREST = 60
NAME = 60
HARDEST, STARVED, IN_ORDER = "hardest first", "starved first", "as stored"
ORDERS = (HARDEST, STARVED, IN_ORDER)
HELP = (
    "Hardest: the positive furthest below, or least above, its best candidate without a leak. Starved: fewest "
    "negatives taken, then fewest candidates left."
)
CHOSEN = " The query that you chose is always the first row where one is chosen."
DISPUTE = (
    "The disputed zone reaches from 95% of the positive to the positive + 0.1: NV-Retriever refuses what lies in it, "
    "Qwen3-Embedding keeps it as its best negatives."
)
ALT = "For each query the distances of its candidates to its positive, with the disputed zone"


@SIGNATURES.register("Anchor strip", reference="METHODS 12, plot 1", over_all=True)
def anchor_strip(selection: Selection, *, query: int | None, labels: Labels) -> None:
    """One row a query: how far each candidate scores below or above the positive, and what became of it."""
    recipe = selection.recipe
    numbers = cache.difficulty(selection.pool, recipe.scorer, recipe.anchor)
    if not np.isfinite(numbers.positive).any():
        raise MissingInputError(
            "The anchor strip measures from the labelled positive, but no query of this pool has one scored by "
            f"'{recipe.scorer}'; load data with labelled positives, or choose another scorer."
        )
    rows = _page(selection, numbers, query)
    option = option_of(selection, rows, labels, query=query)
    st.echarts_chart(option, key=f"signature.anchor_strip.{len(rows)}", height=height(len(rows)), alt=ALT)
    st.caption(about(selection))


def marking(selection: Selection, rows: Ints, labels: Labels, key: str) -> None:
    """The strip of some queries, in which candidates can be marked by a click, a box or a lasso.

    Args:
        selection: Outcome of a recipe.
        rows: Rows of its pool whose positive has a score.
        labels: Verdicts of people.
        key: Prefix of the chart's key; also what ``negviz.ui.marks`` knows the strip by.
    """
    option = option_of(selection, rows, labels, pick=True)
    place = f"{key}.{marks.epoch(key)}.{hash((selection.pool.fingerprint, rows.tobytes()))}"
    picking = partial(_mark, selection, option, place, key)
    st.echarts_chart(option, key=place, height=height(len(rows)) + 40, alt=ALT, on_select=picking)
    st.caption(about(selection))


def about(selection: Selection) -> str:
    """What is drawn and what is not."""
    more = f"Drawn are the {NEAREST} nearest candidates of each query and all that were taken, labelled or marked."
    scorer = selection.recipe.scorer
    scale = selection.pool.scales.get(scorer, "unknown scale")
    cosine = scale == COSINE
    return f"{DISPUTE} {more}" if cosine else f"{more} The published limits are for cosine, so none is drawn."


def option_of(
    selection: Selection, rows: Ints, labels: Labels, *, query: int | None = None, pick: bool = False
) -> dict[str, object]:
    """The chart of some queries; only these are looked at.

    Args:
        selection: Outcome of a recipe.
        rows: Rows of its pool.
        labels: Verdicts of people.
        query: A row to point at.
        pick: Whether candidates can be marked.
    """
    states = candidate_states(selection, labels, rows)
    scorer = selection.recipe.scorer
    scale = selection.pool.scales.get(scorer, "unknown scale")
    cosine = scale == COSINE
    lows = -0.05 * np.abs(states.anchor) if cosine else None
    ticks = _ticks(selection, rows, states)
    return draw(_names(selection, rows, query), ticks, lows, f"score minus positive ({scorer}, {scale})", pick=pick)


def ordered(selection: Selection, numbers: QueryDifficulty, among: Bools, order: str) -> npt.NDArray[np.intp]:
    """Rows of the pool in the order asked; ties stay as stored.

    Args:
        selection: Outcome of a recipe.
        numbers: Of its pool and scorer.
        among: (queries,), which rows are wanted.
        order: One of ``ORDERS``.
    """
    if order == IN_ORDER:
        return np.flatnonzero(among)
    if order == HARDEST:
        return numbers.hardest[among[numbers.hardest]]
    rows = np.flatnonzero(among)
    fewest = selection.taken_counts[rows].astype(np.int64) * (selection.pool.depth + 1) + cache.left(selection)[rows]
    return rows[np.argsort(fewest, kind="stable")]


def _page(selection: Selection, numbers: QueryDifficulty, query: int | None) -> Ints:
    """The queries of the page that a person chose, a chosen query before them."""
    known = np.isfinite(numbers.positive)
    if query is not None:
        known[query] = False
    left, right = st.columns([2, 3], vertical_alignment="bottom")
    order = left.selectbox(
        "Rows", ORDERS, key="signature.strip.order", persist_state="session", help=HELP + CHOSEN,
        format_func=str.capitalize,
    )  # fmt: skip
    rows = ordered(selection, numbers, known, order or HARDEST)
    pages = max(-(-len(rows) // ROWS), 1)
    with right:
        page = st.pagination(pages, key=f"signature.strip.page.{pages}") if pages > 1 else 1
    shown = rows[(page - 1) * ROWS : page * ROWS]
    chosen = [query] if query is not None and np.isfinite(numbers.positive[query]) else []
    return np.array([*chosen, *shown], dtype=np.int32)


def _names(selection: Selection, rows: Ints, query: int | None) -> list[str]:
    data, queries = selection.pool.dataset, selection.pool.queries
    texts = [shortened(" ".join(data.query_text(int(queries[row])).split()), NAME) for row in rows]
    return [f"▸ {text}" if row == query else text for row, text in zip(rows.tolist(), texts, strict=True)]


def _ticks(selection: Selection, rows: Ints, states: States) -> Ticks:
    pool, scorer = selection.pool, selection.recipe.scorer
    scores = pool.score(scorer)[rows]
    margins = scores.astype(np.float64) - states.anchor[:, None]
    ranks = positions(descending(scores, pool.present[rows]))
    marked = _marked(selection, rows)
    standing = (states.codes >= STATES.index("taken")) | marked
    shown: Bools = np.isfinite(margins) & (states.codes >= 0) & ((ranks < NEAREST) | standing)
    places, columns = np.nonzero(shown)
    words = [STATES[code] for code in states.codes[places, columns].tolist()]
    documents = [pool.dataset.document_id(int(row)) for row in pool.documents[rows[places], columns]]
    return Ticks(
        rows=places.astype(np.int32), margins=margins[places, columns], words=words,
        disputed=states.disputed[places, columns], ranks=ranks[places, columns], documents=documents,
        scores=scores[places, columns].astype(np.float64), cells=rows[places].astype(np.int64) * pool.depth + columns,
        marked=marked[places, columns],
    )  # fmt: skip


def _marked(selection: Selection, rows: Ints) -> Bools:
    """(rows, depth), True for marked candidates of some rows; nowhere in a row that is marked as a whole."""
    depth = selection.pool.depth
    found = marks.marked(selection.pool)
    wanted = rows.astype(np.int64)[:, None] * depth + np.arange(depth)
    if found is None or not wanted.size:
        return np.zeros(wanted.shape, dtype=bool)
    place = np.minimum(np.searchsorted(found.cells, wanted), len(found) - 1)
    here = np.equal(found.cells[place], wanted)
    whole = (here | ~selection.pool.present[rows]).all(axis=1, keepdims=True)
    return np.asarray(here & ~whole)


def _mark(selection: Selection, option: dict[str, object], place: str, key: str) -> None:
    """Mark what was clicked or lies in the area."""
    cells = picked(option, st.session_state[place]["selection"]["selected"])
    if len(cells):
        pool = selection.pool
        marks.mark(Marks(pool.fingerprint, pool.documents.shape, cells, "picked on the anchor strip"), key)
    elif marks.marked_in(key):
        marks.clear(key)
