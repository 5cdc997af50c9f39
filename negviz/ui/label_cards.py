"""Cards of the Label page: query, positives and candidate side by side; what is known of a pair; the last answers."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import streamlit as st

from negviz.arrays import PAD
from negviz.labels import LabelEvent, Verdict
from negviz.lexical import spans
from negviz.pool import LEAKS, Pool
from negviz.selection import Selection
from negviz.ui.texts import shortened, show_text

Pair: TypeAlias = tuple[int, int]
HEIGHT = 300
MOST_POSITIVES = 5


def show_pair(pool: Pool, pair: Pair, selection: Selection | None) -> None:
    """Query, labelled positives and candidate as three cards of one height, stacked on a phone.

    Args:
        pool: Where the pair comes from.
        pair: Query row and document row.
        selection: Shows scores and what became of the candidate; None hides them.
    """
    dataset = pool.dataset
    query = dataset.query_text(pair[0])
    left, middle, right = st.columns([3, 4, 4])
    with left, st.container(border=True, height=HEIGHT, key="label_query"):
        st.markdown(":material/search: **Query**")
        show_text(query)
    with middle, st.container(border=True, height=HEIGHT, key="label_positive"):
        _positives(pool, pair[0], query)
    with right, st.container(border=True, height=HEIGHT, key="label_candidate"):
        st.markdown(":material/help: **Candidate**: does it answer the query?")
        _document(pool, pair[1], query)
        if selection is not None:
            show_text("\n".join(known(selection, pair)))


def _positives(pool: Pool, query_row: int, query: str) -> None:
    place = np.flatnonzero(pool.queries == query_row)
    rows = pool.positives[place[0]] if len(place) else pool.positives[:0].ravel()
    rows = [int(row) for row in rows if row != PAD]
    st.markdown(f":material/check_circle: **Labelled positive{'s' if len(rows) > 1 else ''}**")
    for row in rows[:MOST_POSITIVES]:
        _document(pool, row, query)
    if len(rows) > MOST_POSITIVES:
        st.caption(f"and {len(rows) - MOST_POSITIVES} more")
    if not rows:
        st.caption("This query has none.")


def _document(pool: Pool, row: int, query: str) -> None:
    text = pool.dataset.document_text(row)
    show_text(
        text, title=pool.dataset.document_title(row), spans=spans(query, text), about=pool.dataset.document_id(row)
    )


def known(selection: Selection, pair: Pair) -> list[str]:
    """Scores, origin and fate of a candidate, a line each."""
    pool = selection.pool
    rows = np.flatnonzero(pool.queries == pair[0])
    columns = np.flatnonzero(pool.documents[rows[0]] == pair[1]) if len(rows) else rows
    if not len(columns):
        return ["This pair is not in the pool, so it has no scores."]
    row, column = int(rows[0]), int(columns[0])
    lines = []
    for scorer, scores in pool.scores.items():
        anchor = pool.anchor(scorer, selection.recipe.anchor)[row]
        compared = f", the positive {anchor:.4g}" if np.isfinite(anchor) else ""
        lines.append(f"{scorer} {scores[row, column]:.4g}{compared}")
    places = {name: int(ranks[row, column]) for name, ranks in pool.ranks.items()}
    brought = [f"{name} (rank {place + 1})" for name, place in places.items() if place >= 0]
    lines.append("brought by " + (", ".join(brought) or "nothing"))
    leaks = [leak for leak, bit in LEAKS.items() if pool.flags[row, column] & bit]
    reason = selection.reason(row, column)
    fate = f"refused: {reason}" if reason else "taken" if selection.taken[row, column] else "allowed, not drawn"
    return [*lines, fate, *leaks]


def show_legend(answers: Mapping[Verdict, tuple[str, str, str]]) -> None:
    """What the keys do and what the answers mean."""
    with st.container(border=True):
        lines = [f"- `{key}` **{label}.** {meaning}" for key, label, meaning in answers.values()]
        lines += [
            "- `Space` skip · `Z` undo · `Left` `Right` go through what you answered",
            "- `S` show or hide scores · `H` show or hide this",
            "- Judge the text alone: would a person with this query be served by it? Keys do nothing while you type.",
        ]
        st.markdown("\n".join(lines))


def show_answers(
    answers: list[tuple[Pair, LabelEvent]], visits: int, visit: Callable[[Pair], None], pool: Pool
) -> None:
    """The last answers, newest first; choosing one shows its pair again."""
    if not answers:
        return
    key = f"label.last.{visits}"

    def chosen() -> None:
        rows = st.session_state[key]["selection"]["rows"]
        if rows and rows[0] < len(answers):
            visit(answers[rows[0]][0])

    st.caption("Your last answers. Choose one to see it again and change it.")
    table = pa.table(
        {
            "Answer": [str(event.verdict) for _, event in answers],
            "Query": [shortened(pool.dataset.query_text(pair[0]), 90) for pair, _ in answers],
            "Document": [shortened(pool.dataset.content(pair[1]), 90) for pair, _ in answers],
            "Note": [shortened(event.note, 60) for _, event in answers],
            "Time": [_clock(event.time) for _, event in answers],
        }
    )
    st.dataframe(
        table,
        hide_index=True,
        key=key,
        on_select=chosen,
        selection_mode="single-row",
    )


def _clock(time: str) -> str:
    return datetime.fromisoformat(time).astimezone().strftime("%H:%M:%S")
