"""Top draw."""

from typing import Annotated

import numpy as np

from negviz.arrays import Floats, Ints, Scores
from negviz.draws import DRAWS
from negviz.draws._order import first, window
from negviz.hints import Range


@DRAWS.register("Top")
def top(
    weights: Floats,
    *,
    scores: Scores,
    count: int,
    skip: Annotated[int, Range(0, 1000, 1)] = 0,
    limit: Annotated[int, Range(0, 1000, 1)] = 0,
) -> Ints:
    """Take the candidates of largest weight; among equal weights those of highest score, then smallest id.

    With thresholds all weights are 1, so this is "the hardest that are left". A candidate whose score is unknown has
    no place in that order and is not taken.

    Args:
        weights: (queries, depth), 0 where refused.
        scores: (queries, depth) of the recipe's scorer.
        count: Negatives a query.
        skip: How many of the highest-scoring survivors to pass over first (``range_min`` of sentence-transformers).
        limit: Consider only that many of the highest-scoring survivors; 0 is all.

    Returns:
        (queries, count) columns, ``PAD`` where fewer are left.
    """
    known = np.isfinite(scores)
    weights = np.where(known, window(weights, scores, skip, limit), 0.0)
    order = np.lexsort((-np.where(known, scores, -np.inf).astype(np.float64), -weights), axis=1).astype(np.int32)
    return first(order, weights > 0, count)
