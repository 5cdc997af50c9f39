"""Passage-centric: nearer to the query than to the positive's likeness."""

from typing import Annotated

import numpy as np

from negviz.arrays import Floats
from negviz.hints import Range
from negviz.pool import Anchor, Pool
from negviz.strategies import STRATEGIES
from negviz.strategies._limits import below
from negviz.strategies._one_scale import document_similarity


@STRATEGIES.register("Passage-centric (PAIR)", reference="PAIR, Ren et al. 2021, Findings of ACL, arXiv:2108.06027")
def passage_centric(
    pool: Pool,
    *,
    scorer: str,
    anchor: Anchor,
    margin: Annotated[float, Range(-1.0, 1.0, 0.01, keeps="fewer", scale="score")] = 0.0,
) -> Floats:
    """Accept candidates that resemble the positive no more than the query does: ``s(d, d+) <= s(q, d+) - margin``.

    PAIR trains for this order; a candidate that is nearer to the positive than the query is likely says the same, and
    is a false negative or a copy. Raising ``margin`` refuses more.

    Args:
        pool: Candidates to judge.
        scorer: Whose s(q, d+) counts; it must be the encoder that made the pool's vectors.
        anchor: Which positive's score is the limit, where a query has several; the likeness is always to the nearest.
        margin: How much less a candidate must resemble the positive, on the scale of the vectors.

    Returns:
        (queries, depth) weights of 0 and 1.

    Raises:
        MissingInputError: If the pool has no vectors, or the scorer is on another scale than they are.

    References:
        METHODS C2; as a filter on candidates it is our reading.
    """
    limit = pool.anchor(scorer, anchor)[:, None] - margin
    return np.asarray(below(document_similarity(pool, scorer, "passage_centric"), limit, inclusive=True))
