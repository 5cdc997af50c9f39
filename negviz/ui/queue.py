"""Pairs that other pages send to the labelling queue: kept on disk until others are sent."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import streamlit as st

from negviz.home import home_folder
from negviz.pool import Pool
from negviz.ui import state
from negviz.writing import file_written_beside

# The label database keeps this older name of what was sent, from whatever page.
FROM_MAP = "map selection"
ORDER = "label.order"


def _map_file() -> Path:
    return home_folder() / "queues" / "map.npy"


def send_from_map(pool: Pool, pairs: npt.NDArray[np.integer], about: str) -> None:
    """Keep pairs marked on the map as the queue ``map selection``, on disk, and choose that order.

    Args:
        pool: Where the pairs come from.
        pairs: (pairs, 2) query rows and document rows.
        about: What was marked, for people.
    """
    with file_written_beside(_map_file()) as beside:
        np.save(beside, pairs.astype(np.int32), allow_pickle=False)
    stamp = _map_file().stat().st_mtime_ns
    sent = {"dataset": pool.dataset.fingerprint, "count": len(pairs), "about": about, "stamp": stamp}
    state.remember(queue=sent, label_order=FROM_MAP)
    st.session_state.pop(ORDER, None)


def map_pairs(pool: Pool) -> npt.NDArray[np.int32]:
    """(pairs, 2) what was marked on the map; nothing where that was another data set."""
    nothing = np.zeros((0, 2), dtype=np.int32)
    sent = state.workspace().get("queue")
    if not isinstance(sent, dict) or sent.get("dataset") != pool.dataset.fingerprint:
        return nothing
    try:
        pairs = np.load(_map_file(), allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return nothing
    if pairs.ndim != 2 or pairs.shape[1] != 2:
        return nothing
    rows = (len(pool.dataset.queries), len(pool.dataset.documents))
    return np.asarray(pairs[((pairs >= 0) & (pairs < rows)).all(axis=1)], dtype=np.int32)
