"""Surrogate loss of the negative cache."""

from typing import Annotated

import numpy as np

from negviz.arrays import Bools, Floats, descending, positions
from negviz.hints import Range
from negviz.losses import LOSSES, Loss
from negviz.losses._split import split
from negviz.pushes import shares


@LOSSES.register(
    "Negative cache, surrogate",
    reference="Lindgren et al. 2021 (NeurIPS), Efficient Training of Retrieval Models Using Negative Cache",
)
def negative_cache(
    scores: Floats,
    positive: Bools,
    *,
    held: Floats | None = None,
    scale: Annotated[float, Range(1.0, 200.0, 1.0)] = 20.0,
    top_k: Annotated[int, Range(0, 1000, 1, scale="count")] = 64,
) -> Loss:
    """Take ``(1 - P+) (s- - s+)`` for one negative drawn from the cache; this is its expectation over the draw.

    The draw and P+ use the cache's stale scores (``held``) as constants, the difference uses fresh ones. Where nothing
    is stale the gradient is that of InfoNCE over the cache; what people watch while training is ``-log P+``, InfoNCE's
    value, not this one.

    Args:
        scores: (queries, documents) fresh scores of the student.
        positive: (queries, documents), True for labelled positives.
        held: Scores as the cache has them.
        scale: What scores are multiplied by; 20 on cosine in the authors' example.
        top_k: Only that many of the highest-scoring cached negatives can be drawn; 0 is all.

    Returns:
        Expected loss of each query with its gradient, whose sum over a query's documents is 0.

    References:
        METHODS B5; google-research negative_cache.
    """
    batch = split(scores, positive)
    stale = batch.layer(held)
    cached = batch.negatives
    if top_k:
        cached = cached & (positions(descending(np.where(cached, stale, np.nan), cached)) < top_k)
    _, chance = shares(scale * batch.own_of(held), scale * stale, cached)
    values = scale * (chance * (batch.scores - batch.own[:, None])).sum(axis=1)
    return batch.loss(values, scale * chance)
