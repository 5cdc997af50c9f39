"""The marked pairs as a table: a page at a time, so that only the texts on the screen are read."""

from typing import Any

import numpy as np
import pyarrow as pa
import streamlit as st

from negviz.labels import CODES
from negviz.marks import Cells, Marks
from negviz.selection import NOT_REFUSED, Selection
from negviz.ui import cache, marks
from negviz.ui.texts import shortened

PAGE = 50
# So many pairs are put in order of suspicion; more stay in the order of the data.
SORTED = 500_000


def show(selection: Selection, key: str) -> None:
    """What is marked, with what can be done with it, and a table of it.

    Args:
        selection: Outcome of the recipe at hand.
        key: Prefix of the widgets.
    """
    found = marks.bar(selection, key)
    if found is None:
        return
    pages = max(-(-len(found) // PAGE), 1)
    # The page belongs to these marks: others start at their first one.
    own = f"{key}.{len(found)}.{int(found.cells[0])}.{int(found.cells[-1])}"
    page = st.pagination(pages, key=f"{own}.page") if pages > 1 else 1
    cells = in_order(selection, found)[(page - 1) * PAGE : page * PAGE]
    table = rows_of(selection, cells)
    st.dataframe(
        table.to_pandas(), hide_index=True, key=f"{own}.table.{page}", width="stretch",
        height=min(38 + 35 * max(len(cells), 1), 420),
        column_config={name: st.column_config.NumberColumn(format="%.4g") for name in ("score", "minus positive")},
    )  # fmt: skip
    order = "highest above their positive first" if len(found) <= SORTED else "in the order of the data"
    first = (page - 1) * PAGE + 1
    st.caption(f"Pairs {first:,} to {first + len(cells) - 1:,} of {len(found):,}, {order}.")


def in_order(selection: Selection, found: Marks) -> Cells:
    """Marked places, those first that score highest above their positive; unknown distances come last, by score."""
    if len(found) > SORTED:
        return found.cells
    pool, recipe = selection.pool, selection.recipe
    rows, columns = np.divmod(found.cells, max(pool.depth, 1))
    scores = pool.score(recipe.scorer)[rows, columns].astype(np.float64)
    away = scores - pool.anchor(recipe.scorer, recipe.anchor)[rows]
    return found.cells[np.lexsort((-scores, -away))]


def rows_of(selection: Selection, cells: Cells) -> pa.Table:
    """Some pairs as a table: texts, numbers, what became of each, and what people said.

    Args:
        selection: Outcome of the recipe.
        cells: Places in the flattened table of its pool; as many as fit a page.
    """
    pool, recipe = selection.pool, selection.recipe
    data, level = pool.dataset, pool.anchor(recipe.scorer, recipe.anchor)
    rows, columns = np.divmod(cells, max(pool.depth, 1))
    queries, documents = pool.queries[rows], pool.documents[rows, columns]
    scores = pool.score(recipe.scorer)[rows, columns].astype(np.float64)
    words = {code: str(verdict) for verdict, code in CODES.items()}
    said = cache.labels().align_pairs(data, queries, documents)
    brought = [
        ", ".join(name for name, ranks in pool.ranks.items() if ranks[row, column] >= 0)
        for row, column in zip(rows, columns, strict=True)
    ]
    table: dict[str, Any] = {
        "query": [shortened(data.query_text(int(row))) for row in queries],
        "candidate": [shortened(data.content(int(row))) for row in documents],
        "score": pa.array(scores, from_pandas=True),
        "minus positive": pa.array(scores - level[rows], from_pandas=True),
        "outcome": [_outcome(selection, int(row), int(column)) for row, column in zip(rows, columns, strict=True)],
        "label": [words.get(int(code), "") for code in said],
        "brought by": brought,
        "query id": [data.query_id(int(row)) for row in queries],
        "document id": [data.document_id(int(row)) for row in documents],
    }
    return pa.table(table)


def _outcome(selection: Selection, row: int, column: int) -> str:
    if column in selection.columns[row]:
        return "taken"
    if selection.reasons[row, column] == NOT_REFUSED:
        return "not drawn"
    return f"refused: {selection.reason(row, column)}"
