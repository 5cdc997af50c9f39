"""Links between pages; a page that a checkout does not have is not offered."""

from pathlib import Path

import streamlit as st

ROOT = Path(__file__).resolve().parents[2]


def page_link(page: str, label: str, icon: str, **query: str) -> None:
    """Draw a link to a page, if there is such a page.

    Args:
        page: File of the page, from the root.
        label: What the link says; no corpus text.
        icon: Name of a material symbol.
        query: What the address says to the page.
    """
    if (ROOT / page).is_file():
        st.page_link(page, label=label, icon=f":material/{icon}:", query_params=query or None)
