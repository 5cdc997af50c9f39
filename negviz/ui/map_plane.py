"""The plane that shows a map in the browser, and what somebody marks on it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from negviz.areas import inside
from negviz.arrays import Bools, Scores

HERE = Path(__file__).parent
AREAS, FRESH, TIMES = "map.areas", "map.fresh", "map.times"

_plane = st.components.v2.component(
    "negviz.map",
    js=(HERE / "map_plane.js").read_text("utf-8"),
    css=(HERE / "map_plane.css").read_text("utf-8"),
)


def show_plane(block: bytes, key: str) -> None:
    """Show a map; what is marked on it is kept in the session.

    Args:
        block: What ``charts.map`` put together.
        key: Of the element; maps beside each other have one each.
    """

    def keep() -> None:
        found = st.session_state[key]
        st.session_state[AREAS] = {"plane": key, "areas": list(found.get("areas") or ())}
        st.session_state[FRESH] = True

    _plane(data=block, key=key, on_areas_change=keep)


def areas_on(key: str) -> tuple[Mapping[str, Any], ...]:
    """What is marked on a map."""
    found = st.session_state.get(AREAS) or {}
    return tuple(found.get("areas", ())) if found.get("plane") == key else ()


def forget_areas() -> None:
    """Mark nothing on any map."""
    if st.session_state.pop(AREAS, None) is not None:
        st.session_state[TIMES] = times() + 1


def times() -> int:
    """How often marks were forgotten; a map takes note when this grows."""
    return int(st.session_state.get(TIMES, 0))


def points_in(places: Scores, areas: tuple[Mapping[str, Any], ...]) -> Bools:
    """Which points lie in any of the areas, over all points and not only the drawn.

    Args:
        places: (points, 2 or 3).
        areas: As the map gives them; in three dimensions with the two directions in space that were seen as left to
            right and as upwards.

    Returns:
        (points,).
    """
    found = np.zeros(len(places), dtype=bool)
    for area in areas:
        seen = _as_seen(places, area.get("turn"))
        if seen is not None:
            found |= inside(seen, [area])
    return found


def _as_seen(places: Scores, turn: Any) -> Scores | None:
    """Places on the plane that somebody looked at; None where the area is of another number of dimensions."""
    if places.shape[1] == 2:
        return places if turn is None else None
    try:
        directions = np.asarray(turn, dtype=np.float64)
    except (TypeError, ValueError):
        return None
    if directions.shape != (2, 3) or not np.isfinite(directions).all():
        return None
    return np.asarray(places @ directions.T, dtype=np.float32)
