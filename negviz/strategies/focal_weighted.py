"""Weights of the focal loss."""

from typing import Annotated

from negviz.arrays import Bools, Floats
from negviz.hints import Range
from negviz.pool import Anchor, Pool
from negviz.pushes import focal_factor, softmax_push
from negviz.strategies import STRATEGIES
from negviz.strategies._pushed import as_weights, competitors


@STRATEGIES.register("Focal push (KaLM-V2)", reference="KaLM-Embedding-V2, Zhao et al. 2025, arXiv:2506.20923")
def focal_weighted(
    pool: Pool,
    *,
    scorer: str,
    anchor: Anchor,
    survivors: Bools,
    gamma: Annotated[float, Range(0.0, 5.0, 0.1, keeps="either")] = 0.5,
    scale: Annotated[float, Range(1.0, 200.0, 1.0, keeps="either")] = 20.0,
) -> Floats:
    """Weigh candidates by how hard InfoNCE would push them, times the focal weight of their query.

    The focal weight ``(1 - p)^gamma`` is the same for all candidates of a query: it says which queries count, not which
    negatives. A query whose labelled positive is wrong counts most. It is a preview and trains nothing.

    Args:
        pool: Candidates to judge.
        scorer: Whose scores are the student's.
        anchor: Which positive competes with them.
        survivors: What earlier steps left.
        gamma: How sharply queries that are already answered lose weight; 0 is InfoNCE.
        scale: What scores are multiplied by, 1 / temperature; 20 is meant for cosine.

    Returns:
        (queries, depth) weights above 0 for every survivor with a score.

    References:
        METHODS E5.
    """
    own, scores, negatives = competitors(pool, scorer, anchor, survivors)
    log_own, push = softmax_push(own, scores, negatives, scale=scale)
    return as_weights(focal_factor(log_own, gamma)[:, None] * push, negatives)
