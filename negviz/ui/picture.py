"""The signature plot of the recipe at hand, or another one that a person chose; what cannot be drawn says why."""

import difflib
from collections.abc import Mapping
from typing import Any

import streamlit as st

from negviz.errors import NegvizError
from negviz.labels import Labels
from negviz.recipe import Recipe
from negviz.selection import Selection
from negviz.ui.signatures import SIGNATURES

NONE = "none"


def choose(recipe: Recipe, key: str) -> str:
    """Let a person choose the plot; another recipe brings its own plot back."""
    own = recipe.plot
    names = list(dict.fromkeys([own, *SIGNATURES.names(), NONE]))
    labels: dict[str, str] = {entry.name: entry.label for entry in SIGNATURES} | {NONE: "No plot"}

    def words(name: str) -> str:
        return labels.get(name, name) + (" (this method's own)" if name == own else "")

    chosen = st.selectbox(
        "Plot", names, key=f"{key}.plot.{recipe.name}.{own}", persist_state="session",
        format_func=words,
        help="Each method has a plot that shows best what it does. Any plot can be drawn for any recipe that has what "
        "it needs.",
    )  # fmt: skip
    return str(chosen or own)


def draw(name: str, selection: Selection, query: int | None, labels: Labels, *, titled: bool = True) -> None:
    """Draw a plot for a query, or where none is chosen over all queries.

    Args:
        name: Key of the plot.
        selection: Outcome of the recipe.
        query: Row of the pool.
        labels: Verdicts of people.
        titled: Whether to write the plot's name before its summary; not under a heading that says the same.
    """
    if name == NONE:
        return
    if name not in SIGNATURES:
        close = difflib.get_close_matches(name, SIGNATURES.names(), n=1)
        _say(f"There is no plot called '{name}'; choose another one above{f', such as {close[0]}' if close else ''}.")
        return
    entry = SIGNATURES.get(name)
    if query is None and "query" in entry.wants and not entry.trait("over_all", False):
        st.caption(f"The plot '{entry.label}' shows one query at a time: it is drawn in the view 'One query'.")
        return
    st.caption(f"**{entry.label}.** {entry.summary}" if titled else entry.summary)
    context: Mapping[str, Any] = {"query": query, "labels": labels}
    try:
        entry.function(selection, **{name: value for name, value in context.items() if name in entry.wants})
    except NegvizError as error:
        _say(str(error))


def _say(sentence: str) -> None:
    with st.container(border=True):
        st.caption(":material/image_not_supported: This plot cannot be drawn here.")
        st.text(sentence)
