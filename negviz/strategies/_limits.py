"""Comparing a score with a limit so that rounding does not decide; masks of losses compare in the same way."""

import numpy as np

from negviz.arrays import RELATIVE_TOLERANCE, Floats, above, below
from negviz.pool import Pool

__all__ = ["RELATIVE_TOLERANCE", "above", "below", "nowhere"]


def nowhere(pool: Pool) -> Floats:
    """(queries,) zeros: the anchor of limits that hang on no positive."""
    return np.zeros(len(pool))
