"""Numbers in a row of cards, which wraps on a narrow screen."""

from collections.abc import Iterable

import streamlit as st


def show_metrics(metrics: Iterable[tuple[str, str, str]]) -> None:
    """Show numbers as cards.

    Args:
        metrics: Label, value and what it means, for each.
    """
    with st.container(horizontal=True, gap="small"):
        for label, value, about in metrics:
            with st.container(width="stretch"):
                st.metric(label, value, border=True, height="stretch", help=about)
