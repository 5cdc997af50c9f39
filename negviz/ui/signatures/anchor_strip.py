"""Anchor strip: candidates of many queries, measured from their positive."""

import numpy as np
import streamlit as st

from negviz.arrays import Bools, Floats, Ints
from negviz.charts.anchor_strip import Ticks, height
from negviz.charts.anchor_strip import anchor_strip as draw
from negviz.diagnostics.candidate_states import COSINE, STATES, States, candidate_states
from negviz.errors import MissingInputError
from negviz.labels import Labels
from negviz.selection import Selection
from negviz.ui.signatures import SIGNATURES
from negviz.ui.texts import shortened

ROWS = 12
NEAREST = 60
NAME = 60
HARDEST, STARVED, IN_ORDER = "hardest first", "fewest negatives first", "as in the data"
HELP = (
    "Hardest: most candidates above 95% of the positive, leaks left out. The query that you chose is always the first "
    "row where one is chosen."
)
DISPUTE = (
    "The disputed zone reaches from 95% of the positive to the positive + 0.1: NV-Retriever refuses what lies in it, "
    "Qwen3-Embedding keeps it as its best negatives."
)


@SIGNATURES.register("Anchor strip", reference="METHODS 12, plot 1", over_all=True)
def anchor_strip(selection: Selection, *, query: int | None, labels: Labels) -> None:
    """One row a query: how far each candidate scores below or above the positive, and what became of it."""
    anchor = selection.pool.anchor(selection.recipe.scorer, selection.recipe.anchor)
    if not np.isfinite(anchor).any():
        raise MissingInputError(
            "The anchor strip measures from the labelled positive, but no query of this pool has one scored by "
            f"'{selection.recipe.scorer}'; load data with labelled positives, or choose another scorer."
        )
    cosine = selection.pool.scales.get(selection.recipe.scorer) == COSINE
    rows = _page(selection, anchor, query)
    states = candidate_states(selection, labels, rows)
    lows = -0.05 * np.abs(states.anchor) if cosine else None
    option = draw(_names(selection, rows, query), _ticks(selection, rows, states), lows, "score minus positive")
    st.echarts_chart(
        option, key=f"signature.anchor_strip.{len(rows)}", height=height(len(rows)),
        alt="For each query the distances of its candidates to its positive, with the disputed zone",
    )  # fmt: skip
    more = f"Drawn are the {NEAREST} nearest candidates of each query and all that were taken or labelled."
    st.caption(f"{DISPUTE} {more}" if cosine else f"{more} The published limits are for cosine, so none is drawn.")


def _page(selection: Selection, anchor: Floats, query: int | None) -> Ints:
    """The queries of the page that a person chose, a chosen query before them."""
    known = np.flatnonzero(np.isfinite(anchor) & selection.pool.present.any(axis=1)).astype(np.int32)
    left, right = st.columns([2, 3], vertical_alignment="bottom")
    order = left.selectbox(
        "Rows", [HARDEST, STARVED, IN_ORDER], key="signature.strip.order", persist_state="session", help=HELP,
        format_func=str.capitalize,
    )  # fmt: skip
    rows = known[ordered(selection, anchor, known, order or HARDEST)]
    rows = rows if query is None else rows[rows != query]
    pages = max(-(-len(rows) // ROWS), 1)
    with right:
        page = st.pagination(pages, key=f"signature.strip.page.{pages}") if pages > 1 else 1
    shown = rows[(page - 1) * ROWS : page * ROWS]
    chosen = [query] if query is not None and np.isfinite(anchor[query]) else []
    return np.array([*chosen, *shown], dtype=np.int32)


def ordered(selection: Selection, anchor: Floats, rows: Ints, order: str) -> Ints:
    """Places of the rows in the order asked; ties stay as in the data."""
    if order == IN_ORDER:
        return np.arange(len(rows), dtype=np.int32)
    if order == STARVED:
        return np.argsort(selection.taken_counts[rows], kind="stable").astype(np.int32)
    pool = selection.pool
    limit = anchor[rows] - 0.05 * np.abs(anchor[rows])
    hard = (pool.score(selection.recipe.scorer)[rows] > limit[:, None]) & pool.eligible[rows]
    return np.argsort(-hard.sum(axis=1), kind="stable").astype(np.int32)


def _names(selection: Selection, rows: Ints, query: int | None) -> list[str]:
    data, queries = selection.pool.dataset, selection.pool.queries
    texts = [shortened(" ".join(data.query_text(int(queries[row])).split()), NAME) for row in rows]
    return [f"▸ {text}" if row == query else text for row, text in zip(rows.tolist(), texts, strict=True)]


def _ticks(selection: Selection, rows: Ints, states: States) -> Ticks:
    pool, scorer = selection.pool, selection.recipe.scorer
    margins = pool.score(scorer)[rows].astype(np.float64) - states.anchor[:, None]
    ranks = pool.rank(scorer)[rows]
    standing = states.codes >= STATES.index("taken")
    shown: Bools = np.isfinite(margins) & (states.codes >= 0) & ((ranks < NEAREST) | standing)
    places, columns = np.nonzero(shown)
    words = [STATES[code] for code in states.codes[places, columns].tolist()]
    return Ticks(
        places.astype(np.int32), margins[places, columns], words, states.disputed[places, columns],
        ranks[places, columns],
    )  # fmt: skip
