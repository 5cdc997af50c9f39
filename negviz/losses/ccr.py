"""Confidence regularisation."""

from typing import Annotated

import numpy as np

from negviz.arrays import Bools, Floats
from negviz.hints import Range
from negviz.losses import LOSSES, Loss
from negviz.losses._split import split
from negviz.pushes import ccr_push


@LOSSES.register("Confidence regularisation (CCR)", reference="Passage sieve, Wang et al. 2024, arXiv:2401.00165")
def ccr(
    scores: Floats,
    positive: Bools,
    *,
    beta: Annotated[float, Range(0.0, 1.0, 0.05)] = 0.5,
    scale: Annotated[float, Range(0.01, 200.0, 0.01)] = 1.0,
) -> Loss:
    """Take off InfoNCE a share of the mean negative log-likelihood of all documents of the row.

    The push on a negative is ``(1 - beta) P + beta / |D|``: beta goes from pushing by probability to pushing every
    negative alike, which is what makes it robust to false ones. The loss can be negative.

    Args:
        scores: (queries, documents) of the student.
        positive: (queries, documents), True for labelled positives.
        beta: Strength of the regularisation: 0.5 on cosine; 0.0001 to 0.001 on inner products.
        scale: What scores are multiplied by; the paper has no temperature.

    Returns:
        Loss of each query with its gradient, whose sum over a query's documents is 0.

    References:
        METHODS E6; sieve/loss.py of wangskyGit/passage-sieve.
    """
    batch = split(scores, positive)
    log_own, push = ccr_push(batch.own, batch.scores, batch.negatives, scale=scale, beta=beta)
    size = 1 + batch.negatives.sum(axis=1)
    mean = scale * (batch.own + np.where(batch.negatives, batch.scores, 0.0).sum(axis=1)) / size
    all_of_it = scale * batch.own - log_own
    return batch.loss(-log_own - beta * (all_of_it - mean), push)
