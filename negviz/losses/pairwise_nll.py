"""Pairwise negative log-likelihood of ANCE and STAR."""

from typing import Annotated

import numpy as np
from scipy.special import expit

from negviz.arrays import Bools, Floats
from negviz.hints import Range
from negviz.losses import LOSSES, Loss
from negviz.losses._split import split


@LOSSES.register(
    "Pairwise log-likelihood", reference="ANCE, Xiong et al. 2020, arXiv:2007.00808; STAR, arXiv:2104.08051"
)
def pairwise_nll(scores: Floats, positive: Bools, *, scale: Annotated[float, Range(0.01, 200.0, 0.01)] = 1.0) -> Loss:
    """Charge each pair ``log(1 + exp(s- - s+))``, as if there were no other negative, and take the mean.

    Negatives do not compete with each other: an easy one keeps its own push however hard the others are.

    Args:
        scores: (queries, documents) of the student.
        positive: (queries, documents), True for labelled positives.
        scale: What scores are multiplied by; 1 is meant for inner products.

    Returns:
        Loss of each query with its gradient, whose sum over a query's documents is 0.

    References:
        METHODS B1 and B3, whose l(a, b) this is.
    """
    batch = split(scores, positive)
    gap = scale * (batch.scores - batch.own[:, None])
    return batch.mean_over_pairs(np.logaddexp(0.0, gap), scale * expit(gap))
