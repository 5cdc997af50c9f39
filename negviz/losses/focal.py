"""Focal reweighting of queries."""

from typing import Annotated

from negviz.arrays import Bools, Floats
from negviz.hints import Range
from negviz.losses import LOSSES, Loss
from negviz.losses._split import split
from negviz.pushes import focal_factor, shares, softmax_push


@LOSSES.register("Focal (KaLM-V2)", reference="KaLM-Embedding-V2, Zhao et al. 2025, arXiv:2506.20923")
def focal(
    scores: Floats,
    positive: Bools,
    *,
    held: Floats | None = None,
    gamma: Annotated[float, Range(0.0, 5.0, 0.1)] = 0.5,
    scale: Annotated[float, Range(1.0, 200.0, 1.0)] = 20.0,
) -> Loss:
    """Weigh each query's InfoNCE by ``(1 - p)^gamma``, so that queries already answered count less.

    A query whose labelled positive is wrong has the lowest p and gets the largest weight: audit the positives first.
    The weight counts as a constant here; whether the authors' gradient flows through it is not stated.

    Args:
        scores: (queries, documents) of the student.
        positive: (queries, documents), True for labelled positives.
        held: Scores that give the weight, which counts as a constant.
        gamma: How sharply easy queries lose weight; 0 weighs all alike.
        scale: What scores are multiplied by, 1 / temperature.

    Returns:
        Loss of each query with its gradient, whose sum over a query's documents is 0.

    References:
        METHODS E5; gamma's default is not a published value.
    """
    batch = split(scores, positive)
    before, _ = shares(scale * batch.own_of(held), scale * batch.layer(held), batch.negatives)
    weight = focal_factor(before, gamma)
    log_own, push = softmax_push(batch.own, batch.scores, batch.negatives, scale=scale)
    return batch.loss(-weight * log_own, weight[:, None] * push)
