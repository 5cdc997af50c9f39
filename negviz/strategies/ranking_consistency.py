"""Ranking consistency: KaLM's filter of queries whose positive is not found."""

from typing import Annotated

import numpy as np

from negviz.arrays import Floats, descending
from negviz.hints import Range
from negviz.pool import Pool
from negviz.strategies import STRATEGIES
from negviz.strategies._limits import above


@STRATEGIES.register("Ranking consistency (KaLM)", reference="KaLM-Embedding, Hu et al. 2025, arXiv:2501.01028")
def ranking_consistency(
    pool: Pool,
    *,
    scorer: str,
    filter_topk: Annotated[int, Range(0, 1000, 1, keeps="more", scale="rank")] = 50,
) -> Floats:
    """Refuse the whole query if its best positive scores below the candidate at a given rank.

    Such a pair is likely to be mislabelled, or too far from what the model can tell. A query with no candidate at that
    rank is kept.

    Args:
        pool: Candidates to judge.
        scorer: Whose scores are compared.
        filter_topk: Rank that the positive must reach; ranks start at 0 and count all candidates, positives included.

    Returns:
        (queries, depth) weights, 1 where the query passes and the candidate's score is known; a query without a scored
        positive gets nothing.

    References:
        METHODS B10; HITsz-TMG/KaLM-Embedding train/hn_mine.py.
    """
    scores = pool.score(scorer)
    known = np.isfinite(scores)
    best = pool.anchor(scorer, "max")[:, None]
    passes = np.isfinite(best).astype(np.float64)
    if filter_topk < pool.depth:
        order = descending(scores, pool.present & known)
        rival = np.take_along_axis(scores, order[:, filter_topk : filter_topk + 1], axis=1).astype(np.float64)
        there = (pool.present & known).sum(axis=1, keepdims=True) > filter_topk
        passes = np.where(there, above(best.astype(np.float32), rival, inclusive=True), passes)
    return np.asarray(passes * known)
