"""Order of a language model."""

from typing import Literal

import numpy as np

from negviz.arrays import Bools, Floats, descending, positions
from negviz.pool import Pool
from negviz.strategies import STRATEGIES
from negviz.strategies.llm_verdict import verdict_layer


@STRATEGIES.register("Order of a language model (Gecko)", reference="Gecko, Lee et al. 2024, arXiv:2403.20327")
def llm_order(pool: Pool, *, survivors: Bools, layer: str = "gecko", prefer: Literal["last", "any"] = "last") -> Floats:
    """Weigh the head of the list by a language model's order: the last of it first, or all but the first alike.

    The model's first place is never taken, since the paper makes it the positive.

    Args:
        pool: Candidates to judge.
        survivors: What earlier steps left.
        layer: Which order: that of ``gecko``.
        prefer: ``last`` gives the last place the largest weight (the paper's p20); ``any`` gives all the same weight.

    Returns:
        (queries, depth): the place from 1 to the length of the list, or 1, where the model put the candidate in order;
        0 elsewhere and at the first place.

    Raises:
        MissingInputError: If the pool has no such order.

    References:
        METHODS F1.
    """
    fused = verdict_layer(pool, layer, "llm_order")
    known = np.isfinite(fused) & pool.present
    place = positions(descending(fused, pool.present))
    weights = place + 1.0 if prefer == "last" else np.ones(place.shape)
    return np.asarray(np.where(known & (place > 0) & survivors, weights, 0.0), dtype=np.float64)
