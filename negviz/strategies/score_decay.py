"""Score decay between checkpoints: Conan-embedding's test of what is no longer hard."""

from typing import Annotated

import numpy as np

from negviz.arrays import Floats
from negviz.checkpoints import two_checkpoints
from negviz.hints import Range
from negviz.pool import Pool
from negviz.strategies import STRATEGIES
from negviz.strategies._limits import below


@STRATEGIES.register("Score decay between checkpoints", reference="Conan-embedding, Li et al. 2024, arXiv:2408.15710")
def score_decay(
    pool: Pool,
    *,
    older: str = "",
    newer: str = "",
    factor: Annotated[float, Range(1.0, 3.0, 0.01, keeps="more")] = 1.15,
    floor: Annotated[float, Range(0.0, 1.0, 0.01, keeps="fewer", scale="score")] = 0.8,
) -> Floats:
    """Refuse candidates that are no longer hard: ``factor * |s_t| < |s_0|`` and ``|s_t| < floor``.

    ``s_0`` is the older checkpoint's score, ``s_t`` the newer one's. Only what became easier is refused; what became
    harder, a false negative perhaps, is never looked at again by this rule.

    Args:
        pool: Candidates to judge.
        older: Scorer of the older checkpoint; empty for the last but one of the pool's checkpoints.
        newer: Scorer of the newer checkpoint; empty for the last one.
        factor: How many times its new score must stay below the old one to be "no longer hard".
        floor: Only candidates whose new score lies below this can be; 0.8 was chosen for one model's cosine.

    Returns:
        (queries, depth) weights of 0 and 1; 0 where either score is unknown.

    Raises:
        MissingInputError: If the pool has fewer than two checkpoints.

    References:
        METHODS B9 (from a summary of the paper, not from its text).
    """
    first, last = two_checkpoints(pool, "score_decay", older, newer)
    then, now = (np.abs(pool.scores[name].astype(np.float64)) for name in (first, last))
    easier = below(factor * now, then, inclusive=False) * below(now, floor, inclusive=False)
    known = np.isfinite(then) & np.isfinite(now)
    return np.asarray(np.where(known, 1.0 - easier, 0.0))
