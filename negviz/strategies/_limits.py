"""Comparing a score with a limit so that rounding does not decide."""

import numpy as np

from negviz.arrays import Floats, Scores

RELATIVE_TOLERANCE = 4 * float(np.finfo(np.float32).eps)


def below(scores: Scores, limit: Floats | float, *, inclusive: bool) -> Floats:
    """1 where a score lies below the limit, 0 elsewhere and where either is unknown.

    Scores are float32; a limit computed from one (0.80 - 0.05) differs from the score 0.75 by rounding alone. Values
    closer than four float32 steps of the larger magnitude count as equal, so "equal at the limit" is decided by
    ``inclusive`` and not by rounding.

    Args:
        scores: (queries, depth).
        limit: One number, or (queries, 1).
        inclusive: Whether a score equal to the limit is kept.
    """
    values = scores.astype(np.float64)
    slack = RELATIVE_TOLERANCE * np.maximum(np.maximum(np.abs(values), np.abs(limit)), 0.25)
    with np.errstate(invalid="ignore"):
        inside = values <= limit + slack if inclusive else values < limit - slack
    return np.asarray(np.isfinite(values) & np.isfinite(limit) & inside, dtype=np.float64)


def above(scores: Scores, limit: Floats | float, *, inclusive: bool) -> Floats:
    """1 where a score lies above the limit; the mirror of ``below``."""
    return below(-scores, -limit, inclusive=inclusive)
