"""Clicks on a sweep: which point was meant, and how its recipe becomes the one at hand."""

from typing import Any

import streamlit as st

from negviz.recipe import Recipe
from negviz.ui import state

EPOCH = "sweeps.epoch"


def epoch() -> int:
    """Counts the clicks; a part of the charts' keys."""
    return int(st.session_state.get(EPOCH, 0))


def picked(event: Any, number: int) -> int | None:
    """Place of the clicked point of a chart's first series, None where nothing that exists was clicked.

    Args:
        event: What the chart gave.
        number: How many points there are.
    """
    selected = event["selection"].get("selected") if event else None
    for part in selected or []:
        for place in part.get("data_indices", []) if part.get("series_index") == 0 else []:
            if isinstance(place, int) and 0 <= place < number:
                return place
    return None


def use(recipe: Recipe) -> None:
    """Make a recipe the one at hand; the charts begin anew, so that the click does not count twice."""
    st.session_state[EPOCH] = epoch() + 1
    state.use_recipe(recipe)
    st.rerun()
