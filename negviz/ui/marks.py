"""The linked selection of the dashboard: marked pairs, what they are, and what can be done with them."""

import streamlit as st

from negviz.marks import Marks
from negviz.pool import Pool
from negviz.selection import Selection
from negviz.ui.links import page_link
from negviz.ui.queue import send_from_map

MARKS = "marks"


def mark(marks: Marks) -> None:
    """Make some pairs the marked ones; every plot and table follows from the next run on."""
    st.session_state[MARKS] = marks


def marked(pool: Pool) -> Marks | None:
    """The marked pairs, None where nothing of this pool is marked."""
    found = st.session_state.get(MARKS)
    return found if isinstance(found, Marks) and found.pool == pool.fingerprint and len(found) else None


def clear() -> None:
    """Mark nothing."""
    st.session_state.pop(MARKS, None)


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
        st.markdown(f"**{len(found):,} pairs marked** of {len(found.queries):,} queries", width="content")
        st.text(found.about, width="content")
        st.button("Clear", key=f"{key}.marks.clear", icon=":material/close:", type="tertiary", on_click=clear)
        if st.button("Send to the labelling queue", key=f"{key}.marks.send", icon=":material/rule:"):
            send_from_map(selection.pool, found.pairs(selection.pool), found.about)
            st.badge(f"{len(found):,} pairs are in the queue 'Sent here'", icon=":material/check:", color="green")
            page_link("pages/6_Label.py", "Label them", "rule")
    return found
