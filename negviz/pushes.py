"""Pushes: how hard a loss presses on each negative of a row, that is, its derivative by the negative's score.

One piece for the losses, whose gradient it is, and for the strategies that show a loss's weights on a pool. A row is
one positive against its negatives: ``own`` (rows,) is the positive's score, ``scores`` (rows, documents) those of all
documents, ``negatives`` says which of them compete with it. What is no negative gets 0, whatever its score.
"""

import numpy as np

from negviz.arrays import Bools, Floats


def shares(own: Floats, others: Floats, negatives: Bools) -> tuple[Floats, Floats]:
    """Softmax over a positive and its negatives.

    Args:
        own: (rows,) logit of the positive.
        others: (rows, documents) logits; only those of the negatives are looked at.
        negatives: (rows, documents).

    Returns:
        (rows,) logarithm of the positive's probability, and (rows, documents) the negatives' probabilities.
    """
    logits = np.where(negatives, others, -np.inf)
    top = np.maximum(own, logits.max(axis=1, initial=-np.inf))
    parts = np.exp(logits - top[:, None])
    total = np.exp(own - top) + parts.sum(axis=1)
    return np.asarray(own - top - np.log(total)), np.asarray(parts / total[:, None])


def softmax_push(
    own: Floats, scores: Floats, negatives: Bools, *, scale: float, extra: Floats | float = 0.0
) -> tuple[Floats, Floats]:
    """Push of a softmax loss: ``scale`` times the negative's probability.

    Args:
        own: (rows,) score of the positive.
        scores: (rows, documents).
        negatives: (rows, documents).
        scale: What scores are multiplied by: 1 / temperature.
        extra: (rows, documents) constants added to the negatives' logits, such as a hardness penalty.

    Returns:
        (rows,) logarithm of the positive's probability, and (rows, documents) push.

    References:
        METHODS A1; E4 for ``extra``.
    """
    log_own, chance = shares(scale * own, scale * scores + extra, negatives)
    return log_own, scale * chance


def focal_factor(log_own: Floats, gamma: float) -> Floats:
    """Weight ``(1 - p)^gamma`` of a whole query, from the logarithm of its positive's probability; 1 for gamma 0.

    References:
        METHODS E5.
    """
    return np.asarray(np.power(np.maximum(-np.expm1(log_own), 0.0), gamma))


def ccr_push(own: Floats, scores: Floats, negatives: Bools, *, scale: float, beta: float) -> tuple[Floats, Floats]:
    """Push under confidence regularisation: ``(1 - beta) P + beta / |D|``, from softmax to the same for all.

    Args:
        own: (rows,) score of the positive.
        scores: (rows, documents).
        negatives: (rows, documents); D is these and the positive.
        scale: What scores are multiplied by; 1 in the paper.
        beta: Strength of the regularisation, 0 to 1.

    Returns:
        (rows,) logarithm of the positive's probability, and (rows, documents) push.

    References:
        METHODS E6.
    """
    log_own, chance = shares(scale * own, scale * scores, negatives)
    size = 1 + negatives.sum(axis=1, keepdims=True)
    return log_own, np.asarray(np.where(negatives, scale * ((1 - beta) * chance + beta / size), 0.0))
