"""What a loss's push on survivors becomes as a weight."""

import numpy as np

from negviz.arrays import Bools, Floats
from negviz.pool import Anchor, Pool

# A push that vanishes in double precision is small, but it refuses nothing.
SMALLEST = float(np.finfo(np.float64).tiny)


def competitors(pool: Pool, scorer: str, anchor: Anchor, survivors: Bools) -> tuple[Floats, Floats, Bools]:
    """Positive, scores and negatives of every query as a loss sees them.

    Returns:
        (queries,) score of the positive, 0 where it is unknown; (queries, depth) scores, 0 where unknown; (queries,
        depth) True for survivors with a score, of queries whose positive has one.
    """
    scores, positive = pool.score(scorer).astype(np.float64), pool.anchor(scorer, anchor)
    negatives = survivors & np.isfinite(scores) & np.isfinite(positive)[:, None]
    return np.nan_to_num(positive), np.where(negatives, scores, 0.0), negatives


def as_weights(push: Floats, negatives: Bools) -> Floats:
    """(queries, depth) weights: the push, above 0 for every negative and 0 for all else."""
    return np.asarray(np.where(negatives, np.maximum(push, SMALLEST), 0.0))
