"""The loss of a negative cache: its probabilities, the surrogate it trains with, and how stale an entry is."""

from dataclasses import dataclass

import numpy as np

from negviz.arrays import Floats
from negviz.diagnostics import DIAGNOSTICS


@dataclass(frozen=True, eq=False)
class CacheLoss:
    """One query against a cache.

    Attributes:
        positive: Probability of the positive among itself and the cache.
        negatives: (documents,) probabilities of the cached documents among the same.
        drawn: (documents,) probability that each is the one drawn.
        loss: -log of ``positive``, what is monitored.
        gradient: (documents,) expected derivative of the surrogate ``(1 - positive) (s- - s+)`` by each cached score;
            equal to that of cross-entropy.
    """

    positive: float
    negatives: Floats
    drawn: Floats
    loss: float
    gradient: Floats


@DIAGNOSTICS.register("Loss of a negative cache", reference="Lindgren et al. 2021 (Negative Cache), NeurIPS 34")
def cache_loss(positive: float, cached: Floats, scale: float = 1.0) -> CacheLoss:
    """Work out the probabilities of one query from its scores.

    Args:
        positive: Score of the positive.
        cached: (documents,) scores of the cached documents, at least one.
        scale: Factor of all scores, the inverse temperature.

    References:
        METHODS B5.
    """
    logits = scale * np.concatenate([[positive], cached])
    logits = logits - logits.max()
    loss = float(np.log(np.exp(logits).sum()) - logits[0])
    shares = np.exp(logits) / np.exp(logits).sum()
    drawn = np.exp(logits[1:] - logits[1:].max())
    drawn /= drawn.sum()
    return CacheLoss(float(shares[0]), shares[1:], drawn, loss, (1.0 - shares[0]) * drawn)


def staleness(cached: Floats, fresh: Floats) -> Floats:
    """How far cached vectors are from fresh ones: ``|cached - fresh|^2 / |fresh|^2``.

    Args:
        cached: (documents, dims).
        fresh: (documents, dims) of the same documents, none of length 0.

    References:
        METHODS B5.
    """
    return np.asarray(((cached - fresh) ** 2).sum(axis=1) / (fresh**2).sum(axis=1))


def effective_sample_size(weights: Floats) -> Floats:
    """Among how many equally likely documents a draw chooses: ``1 / sum p^2``.

    Args:
        weights: (queries, depth) of at least 0, not normalised.

    Returns:
        (queries,), 0 where there is nothing to draw from.

    References:
        METHODS B5.
    """
    total = weights.sum(axis=1)
    squares = (weights**2).sum(axis=1)
    return np.asarray(np.divide(total**2, squares, out=np.zeros_like(total), where=squares > 0))
