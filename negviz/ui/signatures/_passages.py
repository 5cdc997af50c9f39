"""A few passages under a plot, so that a person can read what it points at."""

import html
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st

from negviz.arrays import Bools, Floats, Ints
from negviz.diagnostics.candidate_states import candidate_states
from negviz.diagnostics.threshold_distance import reached
from negviz.labels import Labels
from negviz.selection import Selection
from negviz.ui.texts import marked, shortened

SHOWN = 6


@dataclass(frozen=True, eq=False)
class Shown:
    """Candidates of one query in order of rank.

    Attributes:
        columns: (candidates,) columns in the pool.
        ranks: (candidates,) rank by the recipe's scorer.
        words: State of each, for the charts.
    """

    columns: Ints
    ranks: Floats
    words: Sequence[str]


def by_rank(selection: Selection, query: int, labels: Labels) -> Shown:
    """The candidates of a query, best rank first, with what became of each."""
    rank = selection.pool.rank(selection.recipe.scorer)[query]
    here = np.flatnonzero(selection.pool.present[query])
    columns = here[np.argsort(rank[here], kind="stable")].astype(np.int32)
    states = candidate_states(selection, labels, np.array([query], dtype=np.int32))
    return Shown(columns, rank[columns].astype(np.float64), states.words(0, columns))


def asked_of(selection: Selection, strategy: str) -> Bools:
    """(queries, depth), True for what reaches the recipe's first step of a strategy; without one, what is no leak."""
    for step in selection.recipe.steps:
        if step.strategy == strategy:
            return reached(selection, step.name)
    return selection.pool.eligible


def show_passages(selection: Selection, cells: Sequence[tuple[int, int]], facts: Sequence[str], *, query: bool) -> None:
    """Show candidates as short cards.

    Args:
        selection: Outcome of a recipe.
        cells: Query and column of each.
        facts: What to say about each; plain text of the project's own.
        query: Whether to show the query's text, too.
    """
    if not cells:
        return
    data, pool = selection.pool.dataset, selection.pool
    cards = []
    for (row, column), fact in zip(cells[:SHOWN], facts[:SHOWN], strict=True):
        document = int(pool.documents[row, column])
        asked = shortened(data.query_text(int(pool.queries[row])))
        title = data.document_title(document)
        cards += [
            '<div class="negviz-card"><div class="negviz-head"><span>', html.escape(fact), "</span></div>",
            f'<div class="negviz-title negviz-query">{html.escape(asked)}</div>' if query else "",
            f'<div class="negviz-title">{html.escape(title)}</div>' if title else "",
            f'<div class="negviz-text">{marked(shortened(data.document_text(document)))}</div>',
            f'<div class="negviz-faint">{html.escape(data.document_id(document))}</div></div>',
        ]  # fmt: skip
    st.html("".join(cards))
    if len(cells) > SHOWN:
        st.caption(f"The first {SHOWN} of {len(cells):,}.")
