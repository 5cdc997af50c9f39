"""LambdaRank by reciprocal rank: ADORE."""

from typing import Annotated

import numpy as np
from scipy.special import expit

from negviz.arrays import Bools, Floats, descending, positions
from negviz.hints import Range
from negviz.losses import LOSSES, Loss
from negviz.losses._split import split


def reciprocal_gain(scores: Floats, cut: int) -> Floats:
    """``1 / rank`` of each document by score in its row, 0 beyond the cut and where a document is not there.

    Args:
        scores: (queries, documents), NaN where a document is not there.
        cut: Last rank, starting at 1, that gains anything.
    """
    known = np.isfinite(scores)
    rank = 1.0 + positions(descending(scores, known))
    return np.where(known & (rank <= cut), 1.0 / rank, 0.0)


@LOSSES.register("LambdaRank by reciprocal rank (ADORE)", reference="ADORE, Zhan et al. 2021, arXiv:2104.08051")
def lambdarank_mrr(
    scores: Floats,
    positive: Bools,
    *,
    held: Floats | None = None,
    metric_cut: Annotated[int, Range(1, 1000, 1, scale="rank")] = 200,
) -> Loss:
    """Weigh each pair's logistic loss by how much exchanging the two would change the reciprocal rank.

    The first ranks count most: a false negative there is pushed hardest of all. Ranks are those among the documents of
    the batch; a positive beyond the cut gains nothing itself, so that its pairs weigh ``1 / rank`` of the negative.

    Args:
        scores: (queries, documents) of the student.
        positive: (queries, documents), True for labelled positives.
        held: Scores that give the ranks, which count as constants.
        metric_cut: Last rank that gains anything. It has no "none": in the authors' code that makes every weight 0.

    Returns:
        Loss of each query with its gradient, whose sum over a query's documents is 0.

    References:
        METHODS B4; adore/train.py of jingtaozhan/DRhard.
    """
    batch = split(scores, positive)
    ranked = scores if held is None else np.where(np.isfinite(scores), held, np.nan)
    gain = reciprocal_gain(ranked, metric_cut)
    weight = np.abs(gain[batch.rows] - gain[batch.rows, batch.columns][:, None])
    gap = batch.scores - batch.own[:, None]
    return batch.mean_over_pairs(weight * np.logaddexp(0.0, gap), weight * expit(gap))
