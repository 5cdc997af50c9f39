"""Softmax weight."""

from typing import Annotated

import numpy as np

from negviz.arrays import Bools, Floats
from negviz.hints import Range
from negviz.pool import Pool
from negviz.strategies import STRATEGIES

# A weight of 0 would refuse; a candidate that is only very unlikely keeps the smallest weight whose logarithm is exact.
SMALLEST = 1e-300


@STRATEGIES.register("Softmax of the scores", reference="Lindgren et al. 2021 (Negative Cache), NeurIPS 34")
def softmax_weight(
    pool: Pool,
    *,
    scorer: str,
    survivors: Bools,
    scale: Annotated[float, Range(0.0, 1000.0, 1.0, keeps="either", scale="none")] = 20.0,
) -> Floats:
    """Weigh candidates by the exponential of their score, as the softmax of a training loss does.

    Drawing one of them is one Gumbel-max sample of ``softmax(scale * scores)``. Nothing is refused but unknown scores;
    a large scale makes nearly every draw the nearest candidate, false negatives included.

    Args:
        pool: Candidates to judge.
        scorer: Whose scores.
        survivors: What earlier steps left; the largest of them has the weight 1.
        scale: Factor of the scores, the inverse of the temperature; 20 is meant for cosine.

    Returns:
        (queries, depth) weights in (0, 1] among the survivors.

    References:
        METHODS B5.
    """
    scores = pool.score(scorer).astype(np.float64)
    known = np.isfinite(scores)
    best = np.where(known & survivors, scores, -np.inf).max(axis=1, keepdims=True, initial=-np.inf)
    above = np.where(known, scores, 0.0) - np.where(np.isfinite(best), best, 0.0)
    weights = np.exp(np.minimum(scale * above, 0.0))
    return np.asarray(np.where(known, np.maximum(weights, SMALLEST), 0.0))
