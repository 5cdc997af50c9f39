"""The linked selection of the dashboard: marked pairs, what they are, and what can be done with them."""

import streamlit as st

from negviz.marks import Marks
from negviz.pool import Pool
from negviz.selection import Selection
from negviz.ui.links import page_link
from negviz.ui.queue import send_from_map

MARKS = "marks"
ORIGIN = "marks.origin"
CHANGES = "marks.changes"


def mark(marks: Marks, origin: str = "") -> None:
    """Make some pairs the marked ones; every plot and table follows from the next run on.

    Args:
        marks: The pairs.
        origin: Which plot they were marked in; it goes on showing all there is, and its area stays.
    """
    st.session_state[MARKS] = marks
    _changed(origin)


def marked(pool: Pool) -> Marks | None:
    """The marked pairs, None where nothing of this pool is marked."""
    found = st.session_state.get(MARKS)
    return found if isinstance(found, Marks) and found.pool == pool.fingerprint and len(found) else None


def clear(origin: str = "") -> None:
    """Mark nothing.

    Args:
        origin: The plot whose own area was cleared, where it was that.
    """
    st.session_state.pop(MARKS, None)
    _changed(origin)


def marked_in(origin: str) -> bool:
    """Whether the marks, or that there are none, come from a plot itself."""
    return st.session_state.get(ORIGIN) == origin


def epoch(origin: str) -> int:
    """A number that grows with every change of the marks that a plot did not make itself.

    As a part of the plot's key it makes an area vanish that no longer says what is marked.
    """
    changes: dict[str, int] = st.session_state.get(CHANGES, {})
    return sum(times for each, times in changes.items() if each != origin)


def _changed(origin: str) -> None:
    changes: dict[str, int] = st.session_state.get(CHANGES, {})
    st.session_state[ORIGIN] = origin
    st.session_state[CHANGES] = {**changes, origin: changes.get(origin, 0) + 1}


def bar(selection: Selection, key: str) -> Marks | None:
    """What is marked, with ways to clear it and to send it to the labelling queue.

    Args:
        selection: Outcome of the recipe at hand.
        key: Prefix of the widgets.

    Returns:
        The marks, None where nothing is marked.
    """
    found = marked(selection.pool)
    if found is None:
        return None
    with st.container(border=True, horizontal=True, vertical_alignment="center", key=f"{key}.marks"):
        pairs, queries = len(found), len(found.queries)
        words = f"{pairs:,} {'pair' if pairs == 1 else 'pairs'} marked"
        st.markdown(f"**{words}** of {queries:,} {'query' if queries == 1 else 'queries'}", width="content")
        st.text(found.about, width="content")
        st.button("Clear", key=f"{key}.marks.clear", icon=":material/close:", type="tertiary", on_click=clear)
        if st.button("Send to the labelling queue", key=f"{key}.marks.send", icon=":material/rule:"):
            send_from_map(selection.pool, found.pairs(selection.pool), found.about)
            st.badge(f"{len(found):,} pairs are in the queue 'Sent here'", icon=":material/check:", color="green")
            page_link("pages/6_Label.py", "Label them", "rule")
    return found
