"""Distance of each candidate to the positive."""

import numpy as np

from negviz.arrays import Floats
from negviz.diagnostics import DIAGNOSTICS
from negviz.pool import Anchor, Pool


@DIAGNOSTICS.register("Distance to the positive")
def margins(pool: Pool, scorer: str, anchor: Anchor) -> Floats:
    """Subtract the anchor's score from each candidate's.

    Args:
        pool: Candidates.
        scorer: Whose scores.
        anchor: Which positive.

    Returns:
        (queries, depth), above 0 where a candidate scores higher than the positive; NaN where either is unknown.
    """
    return np.asarray(pool.score(scorer).astype(np.float64) - pool.anchor(scorer, anchor)[:, None])
