"""Stored pools: switch to one, or remove it."""

import streamlit as st

from negviz.errors import NegvizError
from negviz.store import open_pool
from negviz.ui import building, state

PAGE = 10


def show_pools(key: str) -> None:
    """List the stored pools, newest first, each with a button to use it and one to remove it.

    Args:
        key: Prefix of the widgets.
    """
    names = state.pools()
    if not names:
        return
    st.subheader(f"Stored pools ({len(names):,})", anchor=False)
    pages = -(-len(names) // PAGE)
    page = st.pagination(pages, key=f"{key}.pools") if pages > 1 else 1
    current = state.workspace().get("pool")
    for name in names[(page - 1) * PAGE : page * PAGE]:
        with st.container(border=True):
            about, buttons = st.columns([4, 2], vertical_alignment="center")
            with about:
                _about(name)
            with buttons.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center"):
                _buttons(name, name == current, key)


def _about(name: str) -> None:
    st.text(name)
    try:
        pool = open_pool(state.pools_folder() / name)
    except NegvizError as error:
        st.text(str(error))
        return
    facts = [f"{len(pool):,} queries", f"depth {pool.depth:,}", f"retrievers {', '.join(sorted(pool.ranks))}"]
    encoder = pool.origin.get("encoder")
    st.text(" · ".join([*facts, f"encoder {encoder}"] if encoder else facts))


def _buttons(name: str, in_use: bool, key: str) -> None:
    if in_use:
        st.badge("in use", icon=":material/check:", color="green")
    elif st.button("Use", key=f"{key}.use.{name}", icon=":material/play_arrow:"):
        state.use_pool(name)
        st.rerun()
    with st.popover("Remove", icon=":material/delete:", help="Takes the pool's files away; labels and data stay."):
        st.write("This takes the pool's files away for good. Your labels, your data and what was encoded stay.")
        if st.button("Remove it", key=f"{key}.remove.{name}", type="primary", icon=":material/delete_forever:"):
            building.remove_pool(name)
            if in_use:
                state.remember(pool=None)
            st.rerun()
