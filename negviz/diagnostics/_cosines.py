"""Cosines of pairs of vectors, block by block, so that no more than a block is gathered at once."""

import numpy as np
import numpy.typing as npt

from negviz.arrays import Scores

_PAIRS = 16_384


def cosines(
    left: Scores, left_rows: npt.NDArray[np.integer], right: Scores, right_rows: npt.NDArray[np.integer]
) -> Scores:
    """Cosine of each pair; 0 where a vector has no length.

    Args:
        left: (any, dims).
        left_rows: (pairs,) rows of ``left``.
        right: (any, dims).
        right_rows: (pairs,) rows of ``right``.

    Returns:
        (pairs,).
    """
    found = np.zeros(len(left_rows), dtype=np.float32)
    for start in range(0, len(left_rows), _PAIRS):
        block = slice(start, start + _PAIRS)
        ours = np.asarray(left[left_rows[block]], dtype=np.float64)
        theirs = np.asarray(right[right_rows[block]], dtype=np.float64)
        lengths = np.linalg.norm(ours, axis=1) * np.linalg.norm(theirs, axis=1)
        found[block] = np.einsum("pd,pd->p", ours, theirs) / np.where(lengths > 0, lengths, 1.0)
    return found
