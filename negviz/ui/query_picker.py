"""Choosing one query: by its text, step by step, or among those that need a look."""

import numpy as np
import streamlit as st

from negviz.arrays import Bools, Ints
from negviz.selection import Selection
from negviz.ui.texts import shortened

LISTED = 200
EVERY, STARVED, EMPTY, BELOW = "every query", "fewer than wanted", "without any negative", "positive below a candidate"
HELP = (
    "Fewer than wanted: fewer negatives than the recipe's count. Positive below a candidate: an unlabelled "
    "candidate scores higher than the labelled positive, so either it answers the query too or the "
    "positive is a poor one."
)


def pick(selection: Selection, key: str) -> int | None:
    """Let a person choose a query.

    Args:
        selection: Outcome of the recipe; the filters look at it.
        key: Prefix of the widgets.

    Returns:
        Its row in the pool, None where no query matches.
    """
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    wanted = left.text_input(
        "Find a query", key=f"{key}.find", persist_state="session", placeholder="words of the query, or its id",
        live=True,
        help="Queries whose text or id contains this.",
    )  # fmt: skip
    among = right.selectbox(
        "Among", [EVERY, STARVED, EMPTY, BELOW], key=f"{key}.among", persist_state="session", help=HELP,
        format_func=str.capitalize,
    )  # fmt: skip
    rows = matching(selection, wanted or "", among or EVERY)
    if not len(rows):
        st.info("No query matches. Take another word, or look among every query.", icon=":material/search_off:")
        return None
    return _walk(selection, rows, key)


def matching(selection: Selection, wanted: str, among: str) -> Ints:
    """Rows of the pool whose query contains a text and belongs to a group."""
    pool = selection.pool
    mask = np.ones(len(pool), dtype=bool)
    if among == STARVED:
        mask = np.asarray(selection.starved)
    elif among == EMPTY:
        mask = np.equal(selection.taken_counts, 0)
    elif among == BELOW:
        mask = outscored(selection)
    rows = np.flatnonzero(mask).astype(np.int32)
    sought = wanted.strip().casefold()
    if not sought:
        return rows
    texts, ids = pool.dataset.query_texts, pool.dataset.query_ids
    found = [
        row
        for row in rows
        if sought in texts[pool.queries[row]].casefold() or sought in ids[pool.queries[row]].casefold()
    ]
    return np.array(found, dtype=np.int32)


def outscored(selection: Selection) -> Bools:
    """(queries,), True where a candidate without a leak scores higher than the labelled positive."""
    pool, recipe = selection.pool, selection.recipe
    scores = np.where(pool.eligible & np.isfinite(pool.score(recipe.scorer)), pool.score(recipe.scorer), -np.inf)
    with np.errstate(invalid="ignore"):
        return np.asarray(scores.max(axis=1, initial=-np.inf) > pool.anchor(recipe.scorer, recipe.anchor))


def _walk(selection: Selection, rows: Ints, key: str) -> int:
    """The list of the matching queries with a step back and forth; the choice outlives page switches and reloads."""
    pool = selection.pool
    asked = st.session_state.get(f"{key}.at") or st.query_params.get("query")
    at = pool.query_places.get(str(asked), -1)
    found = np.flatnonzero(np.equal(rows, at))
    place = int(found[0]) if len(found) else 0
    at = int(rows[place])
    before, after = int(rows[max(place - 1, 0)]), int(rows[min(place + 1, len(rows) - 1)])
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.button(
            "", icon=":material/arrow_back:", key=f"{key}.back", help="Previous query", disabled=place == 0,
            on_click=_go, args=(selection, key, before),
        )  # fmt: skip
        st.button(
            "", icon=":material/arrow_forward:", key=f"{key}.forth", help="Next query", disabled=place == len(rows) - 1,
            on_click=_go, args=(selection, key, after),
        )  # fmt: skip
        _list(selection, rows, place, key)
    return at


def _go(selection: Selection, key: str, row: int | None) -> None:
    """Go to a query, or to the one chosen in the list; its id is kept in the address."""
    at = st.session_state[f"{key}.query"] if row is None else row
    name = selection.pool.dataset.query_id(int(selection.pool.queries[int(at)]))
    st.session_state[f"{key}.at"] = name
    st.query_params["query"] = name


def _list(selection: Selection, rows: Ints, place: int, key: str) -> None:
    """The matching queries around a place as a list to choose from."""
    data, queries = selection.pool.dataset, selection.pool.queries
    first = max(min(place - LISTED // 2, len(rows) - LISTED), 0)
    listed = [int(row) for row in rows[first : first + LISTED]]
    chosen, at = f"{key}.query", int(rows[place])
    if st.session_state.get(chosen) != at:
        st.session_state[chosen] = at
    st.selectbox(
        f"Query {place + 1:,} of {len(rows):,}", listed, key=chosen, on_change=_go, args=(selection, key, None),
        format_func=lambda row: shortened(data.query_text(int(queries[row])), 120),
        help="The list shows the matching queries around this one." if len(rows) > LISTED else "The matching queries.",
    )  # fmt: skip
