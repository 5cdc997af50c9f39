"""Weights of the hardness-weighted loss."""

from typing import Annotated

from negviz.arrays import Bools, Floats
from negviz.hints import Range
from negviz.pool import Anchor, Pool
from negviz.pushes import softmax_push
from negviz.strategies import STRATEGIES
from negviz.strategies._pushed import as_weights, competitors


@STRATEGIES.register(
    "Hardness-weighted push", reference="LLaVE, arXiv:2503.04812, Eq. 5; EmbeddingGemma, arXiv:2509.20354"
)
def hardness_weighted(
    pool: Pool,
    *,
    scorer: str,
    anchor: Anchor,
    survivors: Bools,
    scale: Annotated[float, Range(1.0, 200.0, 1.0, keeps="either")] = 20.0,
    alpha: Annotated[float, Range(0.0, 20.0, 0.5, keeps="either")] = 5.0,
) -> Floats:
    """Weigh candidates by how hard InfoNCE with a hardness penalty would push them.

    The weight is the loss's gradient on the candidate, over the survivors and the positive. It is a preview on the
    scores at hand and trains nothing. ``alpha`` raises false negatives exactly as much as hard ones, so refuse those
    first.

    Args:
        pool: Candidates to judge.
        scorer: Whose scores are the student's.
        anchor: Which positive competes with them.
        survivors: What earlier steps left.
        scale: What scores are multiplied by, 1 / temperature; 20 is meant for cosine.
        alpha: Strength of the penalty: 5 for mined negatives (EmbeddingGemma), 9 for a batch's (LLaVE), 0 is InfoNCE.

    Returns:
        (queries, depth) weights above 0 for every survivor with a score.

    References:
        METHODS E4.
    """
    own, scores, negatives = competitors(pool, scorer, anchor, survivors)
    _, push = softmax_push(own, scores, negatives, scale=scale, extra=alpha * scores)
    return as_weights(push, negatives)
