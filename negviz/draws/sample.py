"""Sample draw."""

from typing import Annotated

import numpy as np

from negviz.arrays import Floats, Ints, Keys, Scores, gumbel
from negviz.draws import DRAWS
from negviz.draws._order import first, window
from negviz.hints import Range


@DRAWS.register("Sample", reference="Gumbel top-k: Kool et al. 2019, arXiv:1903.06059")
def sample(
    weights: Floats,
    *,
    scores: Scores,
    keys: Keys,
    count: int,
    seed: int,
    skip: Annotated[int, Range(0, 1000, 1)] = 0,
    limit: Annotated[int, Range(0, 1000, 1)] = 0,
) -> Ints:
    """Draw without replacement in proportion to the weights.

    Noise belongs to the pair of query id and document id, so the draw does not depend on the order of files, the
    number of threads, or which other queries are there.

    Args:
        weights: (queries, depth), 0 where refused.
        scores: (queries, depth) of the recipe's scorer; only ``skip`` and ``limit`` look at them.
        keys: (queries, depth) key of each pair.
        count: Negatives a query.
        seed: Seed of the draw.
        skip: How many of the highest-scoring survivors to pass over first.
        limit: Consider only that many of the highest-scoring survivors; 0 is all.

    Returns:
        (queries, count) columns in the order drawn, ``PAD`` where fewer are left.

    References:
        METHODS T11.
    """
    weights = window(weights, scores, skip, limit)
    with np.errstate(divide="ignore"):
        perturbed = np.log(weights) + gumbel(keys, seed)
    order = np.argsort(-perturbed, axis=1, kind="stable").astype(np.int32)
    return first(order, weights > 0, count)
