"""Lists beside the map: positives far from their query, negatives that sit on a positive; to mark and to label."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import streamlit as st

from negviz.arrays import Ints, Scores
from negviz.labels import Labels
from negviz.marks import Marks, marks_of, marks_of_queries
from negviz.pool import Pool
from negviz.selection import Selection
from negviz.ui import map_cache, marks
from negviz.ui.links import page_link
from negviz.ui.queue import send_from_map
from negviz.ui.tables import show_paged
from negviz.ui.texts import shortened

FAR, NEAR = "Positives far from their query", "Negatives that sit on a positive"
TENTH = 0.1
SITS = 0.9
TEXT = 200
MOST_LISTED = 10_000


@dataclass(frozen=True)
class Listed:
    """A list of pairs.

    Attributes:
        words: What it holds, with the threshold.
        table: Rows for people.
        pairs: (pairs, 2) rows of queries and documents of the dataset, for the queue.
        marks: Makes the pairs the linked selection.
        marking: What the button says that does.
    """

    words: str
    table: pa.Table
    pairs: npt.NDArray[np.int32]
    marks: Callable[[], Marks]
    marking: str


@st.fragment
def show(selection: Selection, labels: Labels) -> None:
    """The lists, each with its threshold; nothing is worked out before somebody looks."""
    vectors = map_cache.vectors_of(selection.pool)
    if vectors is None:
        return
    kind = st.segmented_control(
        "Pairs to look at", [FAR, NEAR], key="map.list", persist_state="session", bind="query-params", wrap=True,
        help="Positives whose vector is far from their query's are hard ones or wrong labels. Negatives whose vector "
        "is at a positive's say nearly the same, so they may answer the query as well.",
    )  # fmt: skip
    if kind == FAR:
        _show(selection.pool, _far(selection.pool), "far")
    elif kind == NEAR:
        _show(selection.pool, _near(selection, labels), "near")


def _threshold(label: str, usual: float, key: str, about: str) -> float:
    return float(
        st.slider(
            label, -1.0, 1.0, usual, 0.01, key=f"map.{key}", persist_state="session", bind="query-params", help=about
        )
    )


def _far(pool: Pool) -> Listed | None:
    vectors = map_cache.vectors_of(pool)
    if vectors is None:
        return None
    found = map_cache.far(pool, vectors)
    usual = round(float(np.quantile(found.cosines, TENTH)), 2) if len(found.cosines) else 0.0
    limit = _threshold(
        "Cosine of query and positive, at most", usual, "far", "Begins where a tenth of all positives lie below."
    )
    count = int(np.searchsorted(found.cosines, limit, side="right"))
    rows, documents = found.queries[:count], found.documents[:count]
    queries = pool.queries[rows]
    about = f"Positives with a cosine of at most {limit:.2f}"
    return Listed(
        f"{count:,} of {len(found.cosines):,} positives have a cosine of at most {limit:.2f} with their query.",
        _table(pool, queries, documents, found.cosines, "positive"),
        np.stack([queries, documents], axis=1).astype(np.int32),
        lambda: marks_of_queries(pool, np.unique(rows), f"{about}: all candidates of their queries"),
        "Mark the candidates of their queries",
    )


def _near(selection: Selection, labels: Labels) -> Listed | None:
    pool = selection.pool
    vectors = map_cache.vectors_of(pool)
    if vectors is None:
        return None
    found = map_cache.near(selection, vectors, labels)
    limit = _threshold(
        "Cosine of negative and positive, at least", SITS, "near", "1 is the same direction; 0.9 is nearly the same."
    )
    count = int(np.searchsorted(-found.cosines, -limit, side="right"))
    rows, columns, documents = found.queries[:count], found.columns[:count], found.documents[:count]
    about = f"Negatives taken with a cosine of at least {limit:.2f} to a positive"

    def chosen() -> Marks:
        mask = np.zeros(pool.documents.shape, dtype=bool)
        mask[rows, columns] = True
        return marks_of(pool, mask, about)

    table = _table(pool, pool.queries[rows], documents, found.cosines, "negative taken")
    return Listed(
        f"{count:,} of {len(found.cosines):,} negatives taken have a cosine of at least {limit:.2f} with a labelled "
        "positive of their query.",
        table.append_column("positive", pa.array(_texts(pool, found.positives[: len(table)]), pa.string())),
        np.stack([pool.queries[rows], documents], axis=1).astype(np.int32),
        chosen,
        "Mark them",
    )


def _show(pool: Pool, found: Listed | None, key: str) -> None:
    if found is None:
        return
    st.text(found.words)
    if not len(found.pairs):
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button(found.marking, key=f"map.{key}.mark", icon=":material/check_box:"):
            marks.mark(found.marks())
            st.rerun()
        count = len(found.pairs)
        if st.button(f"Send {count:,} pairs to the labelling queue", key=f"map.{key}.send", icon=":material/rule:"):
            send_from_map(pool, found.pairs, found.words)
            st.badge(f"{count:,} pairs are in the queue 'Sent here'", icon=":material/check:", color="green")
            page_link("pages/6_Label.py", "Label them", "rule")
    if count > len(found.table):
        st.caption(f"The first {len(found.table):,} are listed; marking and sending take all of them.")
    show_paged(found.table, f"map.{key}.list.{count}")


def _table(pool: Pool, queries: Ints, documents: Ints, cosines: Scores, what: str) -> pa.Table:
    queries, documents = queries[:MOST_LISTED], documents[:MOST_LISTED]
    data = pool.dataset
    return pa.table(
        {
            "cosine": pa.array([round(float(value), 3) for value in cosines[: len(queries)]], pa.float64()),
            "query": pa.array([shortened(data.query_text(row), TEXT) for row in queries], pa.string()),
            what: pa.array(_texts(pool, documents), pa.string()),
            "document id": pa.array([data.document_id(row) for row in documents], pa.string()),
        }
    )


def _texts(pool: Pool, rows: Sequence[int] | Ints) -> list[str]:
    return [shortened(pool.dataset.content(row), TEXT) for row in rows]
