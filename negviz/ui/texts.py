"""Corpus text on the screen: data, never markup. Everything is escaped; matched terms are the only marks."""

import html
from collections.abc import Sequence

import streamlit as st

SHORT = 320


def marked(text: str, spans: Sequence[tuple[int, int]] = ()) -> str:
    """Escaped HTML of a text with the given character spans marked."""
    parts, place = [], 0
    for start, end in spans:
        parts += [html.escape(text[place:start]), "<mark>", html.escape(text[start:end]), "</mark>"]
        place = end
    return "".join([*parts, html.escape(text[place:])])


def show_text(text: str, *, title: str = "", spans: Sequence[tuple[int, int]] = (), about: str = "") -> None:
    """Show a text as it is: white space kept, long words broken, direction taken from its letters.

    Args:
        text: The text.
        title: Shown above in bold.
        spans: Character spans of ``text`` to mark.
        about: A faint line below, such as an id.
    """
    body = f'<div class="negviz-title">{html.escape(title)}</div>' if title else ""
    body += f'<div class="negviz-text">{marked(text, spans)}</div>'
    body += f'<div class="negviz-faint">{html.escape(about)}</div>' if about else ""
    st.html(body)


def shortened(text: str, length: int = SHORT) -> str:
    """The beginning of a text, cut at a word, with an ellipsis where something is left out."""
    if len(text) <= length:
        return text
    return text[:length].rsplit(" ", 1)[0] + " …"
