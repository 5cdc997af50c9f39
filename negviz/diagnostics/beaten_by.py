"""How many candidates beat the positive."""

import numpy as np

from negviz.arrays import Ints
from negviz.diagnostics import DIAGNOSTICS
from negviz.pool import Anchor, Pool


@DIAGNOSTICS.register("Candidates that beat the positive")
def beaten_by(pool: Pool, scorer: str, anchor: Anchor) -> Ints:
    """Count each query's candidates that score above its positive; leaks do not count.

    Where that is at least k, the positive is not among the first k: on such queries every rule that is anchored at the
    positive misbehaves.

    Args:
        pool: Candidates.
        scorer: Whose scores.
        anchor: Which positive.

    Returns:
        (queries,) counts; -1 where the positive has no score.

    References:
        METHODS section 12, plot 11.
    """
    positive = pool.anchor(scorer, anchor)
    with np.errstate(invalid="ignore"):
        above = pool.eligible & (pool.score(scorer).astype(np.float64) > positive[:, None])
    return np.where(np.isfinite(positive), above.sum(axis=1), -1).astype(np.int32)
