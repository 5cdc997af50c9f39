"""Bins of equal width over the margins of each query (TAS-Balanced)."""

import numpy as np
import numpy.typing as npt

from negviz.arrays import RELATIVE_TOLERANCE, Bools, Floats

NOWHERE = -1


def margin_bins(margins: Floats, counted: Bools, bins: int) -> npt.NDArray[np.int32]:
    """Put each margin into one of some bins of equal width between its query's smallest and largest.

    Args:
        margins: (queries, depth) teacher's score of the positive minus that of the candidate, NaN where unknown.
        counted: (queries, depth), which of them count.
        bins: Bins a query; the largest margin is in the last one, and a query whose margins are equal has only the
            first.

    Returns:
        (queries, depth) bin from 0, ``NOWHERE`` where not counted or unknown.

    References:
        METHODS C3.
    """
    known = counted & np.isfinite(margins)
    low = np.where(known, margins, np.inf).min(axis=1, keepdims=True, initial=np.inf)
    high = np.where(known, margins, -np.inf).max(axis=1, keepdims=True, initial=-np.inf)
    low, high = (np.where(np.isfinite(end), end, 0.0) for end in (low, high))
    size = np.maximum(np.maximum(np.abs(low), np.abs(high)), 0.25)
    slack = RELATIVE_TOLERANCE * size
    # Margins that differ by rounding alone are equal; a margin at a limit belongs to the upper bin in spite of it.
    flat = high - low <= slack
    width = np.where(flat, 1.0, high - low)
    places = np.floor((np.where(known, margins, low) - low + slack) * bins / width)
    places = np.where(flat, 0, np.clip(places, 0, bins - 1))
    return np.where(known, places, NOWHERE).astype(np.int32)


def bin_counts(places: npt.NDArray[np.int32], bins: int) -> npt.NDArray[np.int32]:
    """How many margins of each query are in each bin.

    Args:
        places: (queries, depth) bin of each, ``NOWHERE`` where none.
        bins: Bins a query.

    Returns:
        (queries, bins).
    """
    rows, columns = np.nonzero(places >= 0)
    flat = rows * bins + places[rows, columns]
    return np.bincount(flat, minlength=len(places) * bins).reshape(len(places), bins).astype(np.int32)
