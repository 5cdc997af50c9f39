"""LambdaMRR with graded labels: CL-DRD."""

from typing import Annotated

import numpy as np
from scipy.special import expit

from negviz.arrays import Bools, Floats
from negviz.hints import Range
from negviz.losses import LOSSES, Loss
from negviz.losses.lambdarank_mrr import reciprocal_gain


@LOSSES.register("LambdaMRR, graded (CL-DRD)", reference="CL-DRD, Zeng et al. 2022, arXiv:2204.13679")
def lambda_mrr(
    scores: Floats,
    positive: Bools,
    *,
    grades: Floats,
    held: Floats | None = None,
    metric_cut: Annotated[int, Range(1, 1000, 1, scale="rank")] = 1000,
) -> Loss:
    """Weigh the logistic loss of every pair with unequal grades by the difference of their reciprocal ranks.

    The order comes from the grades alone, such as a teacher's; what is labelled positive makes no difference. A
    document without a grade takes no part. In the authors' code -1 stands for that; here -1 is a grade like any other.

    Args:
        scores: (queries, documents) of the student.
        positive: (queries, documents); not looked at.
        grades: (queries, documents) graded labels, larger is better, NaN where there is none.
        held: Scores that give the ranks, which count as constants.
        metric_cut: Last rank that gains anything; the paper has none, 1000 is as far as lists go here.

    Returns:
        Mean over each query's pairs with its gradient, whose sum over a query's documents is 0; NaN where a query has
        no pair of unequal grades.

    References:
        METHODS C4; losses/lambda_rank.py of HansiZeng/CL-DRD.
    """
    known = np.isfinite(scores) & np.isfinite(grades)
    gain = reciprocal_gain(np.where(known, scores if held is None else held, np.nan), metric_cut)
    values, grade = np.where(known, scores, 0.0), np.where(known, grades, 0.0)
    # (queries, better document, worse document)
    pairs = known[:, :, None] & known[:, None, :] & (grade[:, :, None] > grade[:, None, :])
    weight = np.where(pairs, np.abs(gain[:, :, None] - gain[:, None, :]), 0.0)
    gap = values[:, None, :] - values[:, :, None]
    number = pairs.sum(axis=(1, 2))
    weight /= np.maximum(number, 1)[:, None, None]
    slope = weight * expit(gap)
    total = (weight * np.logaddexp(0.0, gap)).sum(axis=(1, 2))
    return Loss(np.where(number > 0, total, np.nan), slope.sum(axis=1) - slope.sum(axis=2))
