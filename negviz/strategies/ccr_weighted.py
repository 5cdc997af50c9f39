"""Weights of the confidence-regularised loss."""

from typing import Annotated

from negviz.arrays import Bools, Floats
from negviz.hints import Range
from negviz.pool import Anchor, Pool
from negviz.pushes import ccr_push
from negviz.strategies import STRATEGIES
from negviz.strategies._pushed import as_weights, competitors


@STRATEGIES.register("Confidence-regularised push (CCR)", reference="Wang et al. 2024, arXiv:2401.00165")
def ccr_weighted(
    pool: Pool,
    *,
    scorer: str,
    anchor: Anchor,
    survivors: Bools,
    beta: Annotated[float, Range(0.0, 1.0, 0.05, keeps="either")] = 0.5,
    scale: Annotated[float, Range(0.01, 200.0, 0.01, keeps="either")] = 1.0,
) -> Floats:
    """Weigh candidates by how hard the confidence-regularised loss would push them.

    From softmax weights (``beta`` 0, the hardest count most) to the same weight for all (``beta`` 1). It is a preview
    on the scores at hand and trains nothing.

    Args:
        pool: Candidates to judge.
        scorer: Whose scores are the student's.
        anchor: Which positive competes with them.
        survivors: What earlier steps left.
        beta: Strength of the regularisation: 0.5 on cosine; 0.0001 to 0.001 on inner products.
        scale: What scores are multiplied by; the paper has no temperature.

    Returns:
        (queries, depth) weights above 0 for every survivor with a score.

    References:
        METHODS E6.
    """
    own, scores, negatives = competitors(pool, scorer, anchor, survivors)
    _, push = ccr_push(own, scores, negatives, scale=scale, beta=beta)
    return as_weights(push, negatives)
