"""Reciprocal evidence: candidates that CODER's smoothed labels call relevant."""

from typing import Annotated

import numpy as np

from negviz.arrays import Bools, Floats
from negviz.hints import Range
from negviz.pool import Pool
from negviz.reciprocal import evidence, injected
from negviz.strategies import STRATEGIES


@STRATEGIES.register(
    "Reciprocal evidence (CODER)", reference="Zerveas et al. 2023, arXiv:2305.15720; Zhong et al. 2017, CVPR"
)
def reciprocal_evidence(
    pool: Pool,
    *,
    survivors: Bools,
    k: Annotated[int, Range(1, 100, 1, keeps="either")] = 20,
    top: Annotated[int, Range(0, 100, 1, keeps="fewer")] = 4,
    ceiling: Annotated[float, Range(0.0, 1.0, 0.01, keeps="more")] = 0.1,
) -> Floats:
    """Refuse candidates whose neighbours are those of the labelled positive.

    Two documents are reciprocal neighbours if each is among the k nearest of the other; the more of its neighbours a
    candidate shares with the positive, the likelier it is relevant, too. Smoothed labels give the best of these a share
    of the training target, so none of them may be a negative.

    Args:
        pool: Candidates to judge.
        survivors: What earlier steps left; only they are counted among the ``top``.
        k: Number of nearest neighbours within the query's own list.
        top: How many candidates a query may be refused, those of most evidence.
        ceiling: Evidence, scaled from 0 to 1 within the query, from which on a candidate is refused.

    Returns:
        (queries, depth) weights of 0 and 1; a query without a labelled positive has no evidence and keeps all.

    Raises:
        MissingInputError: If the pool has no vectors.

    References:
        METHODS B6; gzerveas/CODER reciprocal_neighbors.py and configs/RNNr67.
    """
    found = evidence(pool, k, "reciprocal_evidence")
    return np.asarray(pool.present & ~injected(found, survivors, top, ceiling), dtype=np.float64)
