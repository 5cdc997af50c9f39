"""What is marked on a map: the linked selection, the list of its documents, and the way to the labelling queue."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import streamlit as st

from negviz.arrays import Bools, Floats, Ints
from negviz.marks import Marks, marks_of
from negviz.pool import Pool
from negviz.project import Projection
from negviz.queue import suspicion
from negviz.recipe import Recipe
from negviz.ui import marks
from negviz.ui.frame import Workbench
from negviz.ui.links import page_link
from negviz.ui.map_drawing import cells_inside, pairs_inside
from negviz.ui.map_plane import FRESH, areas_on, forget_areas, points_in
from negviz.ui.queue import send_from_map
from negviz.ui.tables import show_paged

LISTED_TEXT = 300
OWN = "map.own"


def marked_documents(pool: Pool, found: Marks | None) -> Bools | None:
    """(documents,) in the linked selection, where it was made elsewhere; the map shows its own as an area."""
    if found is None or found is st.session_state.get(OWN):
        return None
    mask = np.zeros(len(pool.dataset.documents), dtype=bool)
    mask[pool.documents.reshape(-1)[found.cells]] = True
    return mask


def after_area(bench: Workbench, projection: Projection, query: int | None, key: str) -> None:
    """What is marked on a map: the linked selection, a list, the way to the queue.

    Args:
        bench: Pool and recipe.
        projection: Where the points lie on that map.
        query: Row of the chosen query in the pool.
        key: Of the map.
    """
    pool, areas = bench.selection.pool, areas_on(key)
    if not areas:
        if st.session_state.pop(FRESH, False) and not other_marks():
            marks.clear()
        _marked_elsewhere(bench)
        return
    inside = points_in(projection.documents, areas)
    whose = "the chosen query" if query is not None else "all queries"
    about = f"Map: {int(inside.sum()):,} documents, {whose}"
    if st.session_state.pop(FRESH, False):
        found = marks_of(pool, cells_inside(pool, inside, query), about)
        st.session_state[OWN] = found
        marks.mark(found)
    _marked(bench, inside, query, about)


def other_marks() -> bool:
    """Whether the linked selection is another one than the last that was made on the map."""
    return st.session_state.get(marks.MARKS) is not st.session_state.get(OWN)


def _marked_elsewhere(bench: Workbench) -> None:
    if marks.bar(bench.selection, "map") is None:
        st.caption(
            "Nothing is marked. Mark an area with the box or the lasso: its documents are listed here, the page "
            "Thresholds follows, and their pairs can be sent to the labelling queue."
        )
    else:
        st.caption("Marked documents have a ring on the map. An area that you mark takes their place.")


def _marked(bench: Workbench, inside: Bools, query: int | None, about: str) -> None:
    pool = bench.selection.pool
    rows = np.flatnonzero(inside).astype(np.int32)
    pairs = pairs_inside(pool, inside, query)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{len(rows):,} of {len(inside):,}** documents selected", width="content")
        st.button("Clear", key="map.clear", icon=":material/close:", type="tertiary", on_click=_clear,
                  help="Forgets the area. Double-click on the map clears it in place.")  # fmt: skip
    whose = "the chosen query" if query is not None else "all queries"
    label = f"Send {len(pairs):,} pairs to the labelling queue"
    if st.button(label, key="map.send", type="primary", icon=":material/rule:", disabled=not len(pairs),
                 help=f"Candidates of {whose} with a selected document, no leaks; most suspect first."):  # fmt: skip
        send_from_map(pool, pairs_inside(pool, inside, query, _priority(pool, bench.recipe)), about)
        with st.container(horizontal=True, vertical_alignment="center"):
            st.badge(f"{len(pairs):,} pairs are in the queue 'Sent here'", icon=":material/check:", color="green")
            page_link("pages/6_Label.py", "Label them", "rule")
    show_paged(listed(pool, rows), f"map.listed.{hash(rows.tobytes())}")


def _priority(pool: Pool, recipe: Recipe) -> Floats | None:
    """What to ask first of many marked pairs: the highest score compared with the labelled positive."""
    return suspicion(pool, scorer=recipe.scorer, anchor=recipe.anchor) if recipe.scorer in pool.scores else None


def listed(pool: Pool, rows: Ints) -> pa.Table:
    """Ids and the beginnings of the texts of some documents."""
    table = pool.dataset.documents.take(pa.array(rows))
    whole = pc.utf8_trim_whitespace(pc.binary_join_element_wise(
        pc.fill_null(table["title"], ""), pc.fill_null(table["text"], ""), pa.scalar(" ", pa.large_string())
    ))  # fmt: skip
    return pa.table({"id": table["id"], "text": pc.utf8_slice_codeunits(whole, 0, LISTED_TEXT)})


def _clear() -> None:
    forget_areas()
    marks.clear()
