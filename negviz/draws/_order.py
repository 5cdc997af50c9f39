"""Order of the allowed candidates, windows on it, and its first columns."""

import numpy as np

from negviz.arrays import PAD, Bools, Floats, Ints, Scores


def by_score(weights: Floats, scores: Scores) -> Ints:
    """Columns by score from high to low, allowed ones first; ties by column, that is by document id.

    Args:
        weights: (queries, depth), 0 where refused.
        scores: (queries, depth), NaN where unknown.
    """
    known = np.where(np.isfinite(scores), scores, -np.inf).astype(np.float64)
    return np.lexsort((-known, weights <= 0), axis=1).astype(np.int32)


def window(weights: Floats, scores: Scores, skip: int, limit: int) -> Floats:
    """Weights with everything outside places [skip, limit) of the score order set to 0; ``limit`` 0 is no limit."""
    if skip == 0 and limit == 0:
        return weights
    order = by_score(weights, scores)
    inside = np.zeros(weights.shape, dtype=bool)
    np.put_along_axis(inside, order[:, skip : limit or None], True, axis=1)
    return np.asarray(np.where(inside, weights, 0.0))


def first(order: Ints, allowed: Bools, count: int) -> Ints:
    """First ``count`` columns of an order that puts allowed ones first; ``PAD`` where there are fewer."""
    columns = order[:, :count]
    taken = np.where(np.take_along_axis(allowed, columns, axis=1), columns, PAD)
    missing = count - taken.shape[1]
    return np.pad(taken, ((0, 0), (0, max(missing, 0))), constant_values=PAD).astype(np.int32)
