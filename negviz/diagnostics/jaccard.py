"""How much two lists of documents have in common, query by query."""

import numpy as np
import numpy.typing as npt

from negviz.arrays import PAD, Floats, Ints
from negviz.diagnostics import DIAGNOSTICS


@DIAGNOSTICS.register("Overlap of two lists", reference="Jaccard 1912")
def jaccard(one: Ints, other: Ints) -> Floats:
    """Divide the number of documents in both lists by the number in either; order and repeats do not count.

    Args:
        one: (queries, any) document rows, ``PAD`` where there is none.
        other: (queries, any) document rows of the same queries.

    Returns:
        (queries,) from 0 to 1; NaN where both lists are empty.
    """
    stride = np.int64(max(int(one.max(initial=0)), int(other.max(initial=0))) + 1)
    left, right = (_pairs(rows, stride) for rows in (one, other))
    total = len(one)
    both = np.bincount(np.intersect1d(left, right, assume_unique=True) // stride, minlength=total)
    either = np.bincount(left // stride, minlength=total) + np.bincount(right // stride, minlength=total) - both
    return np.asarray(np.where(either > 0, both / np.maximum(either, 1), np.nan))


def _pairs(rows: Ints, stride: np.int64) -> npt.NDArray[np.int64]:
    """One integer a (query, document), each once."""
    queries, places = np.nonzero(np.not_equal(rows, PAD))
    return np.unique(queries.astype(np.int64) * stride + rows[queries, places])
