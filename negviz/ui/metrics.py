"""Numbers in a row of cards, which wraps on a narrow screen."""

from collections.abc import Collection, Iterable, Mapping

import streamlit as st


def show_metrics(
    metrics: Iterable[tuple[str, str, str]], *, changes: Mapping[str, str] | None = None, bad: Collection[str] = ()
) -> None:
    """Show numbers as cards.

    Args:
        metrics: Label, value and what it means, for each.
        changes: By label, how far a number is from another one, in words.
        bad: Labels whose numbers are better when they are smaller.
    """
    changes = changes or {}
    with st.container(horizontal=True, gap="small"):
        for label, value, about in metrics:
            with st.container(width="stretch", height="stretch"):
                st.metric(
                    label, value, changes.get(label), delta_color="inverse" if label in bad else "off", border=True,
                    height="stretch", help=about,
                )  # fmt: skip
