"""Lambda weight: how much gradient ADORE's LambdaRank loss gives to each negative."""

from typing import Annotated, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from negviz.arrays import Bools, Floats
from negviz.errors import RecipeError
from negviz.hints import Range
from negviz.pool import Pool
from negviz.strategies import STRATEGIES

Places: TypeAlias = npt.NDArray[np.int64]


@STRATEGIES.register("Lambda weight (ADORE)", reference="STAR and ADORE, Zhan et al. 2021, arXiv:2104.08051")
def lambda_weight(
    pool: Pool,
    *,
    scorer: str,
    length: Annotated[int, Range(1, 1000, 1, keeps="either", scale="rank")] = 200,
    metric_cut: Annotated[int, Range(1, 1000, 1, keeps="more", scale="rank")] = 200,
) -> Floats:
    """Weigh each candidate by the gradient it would get: the change of reciprocal rank times the logistic slope.

    For a positive at rank r_i and a candidate at rank r_j the weight is ``|g(r_i) - g(r_j)| / (1 + exp(s_i - s_j))``
    with ``g(r) = 1 / r`` down to ``metric_cut`` and 0 below it, the mean over the positives in the list. Where none of
    a query's positives is in the list, all of them are appended at its end. Nothing but a label protects: a false
    negative at the top gets the largest weight of all.

    Args:
        pool: Candidates to judge.
        scorer: Whose scores and ranks count, among all candidates; the first rank is 1 here.
        length: How long the list is that the encoder retrieves; what stands below it gets nothing.
        metric_cut: Last rank that counts for the reciprocal rank. The authors' code leaves it open by default, which
            makes every weight 0.

    Returns:
        (queries, depth) weights of at least 0; 0 where a swap would change nothing, below the list, or where a
            score is unknown.

    Raises:
        RecipeError: If ``metric_cut`` is below 1.

    References:
        METHODS B4; DRhard adore/train.py.
    """
    if metric_cut < 1:
        raise RecipeError(
            f"lambda_weight.metric_cut was given {metric_cut}, which makes every weight 0; give a rank of at least 1."
        )
    scores = pool.score(scorer).astype(np.float64)
    ranks = pool.rank(scorer).astype(np.int64) + 1
    known = np.isfinite(scores) & pool.present & (ranks <= length)
    gain = _gain(ranks, metric_cut)
    total, count = np.zeros(scores.shape), np.zeros(len(pool))
    for score, rank, counts in zip(*_positives(pool, scorer, np.where(known, ranks, 0)), strict=True):
        slope = expit(np.where(known, scores, 0.0) - score[:, None])
        pair = np.abs(_gain(rank, metric_cut)[:, None] - gain) * slope
        total += np.where(known & counts[:, None], pair, 0.0)
        count += counts
    return np.asarray(total / np.maximum(count, 1)[:, None])


def _gain(ranks: Places, metric_cut: int) -> Floats:
    return np.asarray(np.where(ranks <= metric_cut, 1.0 / np.maximum(ranks, 1), 0.0))


def _positives(pool: Pool, scorer: str, listed: Places) -> tuple[Floats, Places, Bools]:
    """Score, rank and whether it counts, each (positives, queries): those in the list, or all appended at its end.

    Args:
        pool: Whose positives.
        scorer: Whose scores.
        listed: (queries, depth) rank of each candidate in the list from 1, 0 where it is not in it.
    """
    score = pool.positive_scores[scorer].astype(np.float64).T
    at = np.array([np.where(np.equal(pool.documents, column[:, None]), listed, 0).sum(axis=1)
                   for column in pool.positives.T]).reshape(score.shape)  # fmt: skip
    scored = np.isfinite(score)
    inside = scored & (at > 0)
    appended = scored & ~inside.any(axis=0)
    end = (listed > 0).sum(axis=1) + np.cumsum(appended, axis=0)
    return np.where(scored, score, 0.0), np.where(inside, at, end), inside | appended
