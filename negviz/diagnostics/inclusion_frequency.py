"""How often each candidate is drawn."""

import numpy as np

from negviz.arrays import Floats, Keys, gumbel
from negviz.diagnostics import DIAGNOSTICS

RUNS = 400


@DIAGNOSTICS.register("How often each candidate is drawn", reference="METHODS D4, T11")
def inclusion_frequency(weights: Floats, keys: Keys, count: int, runs: int = RUNS) -> Floats:
    """Draw again and again without replacement, in proportion to the weights, and count.

    Args:
        weights: (candidates,) of one query, not normalised.
        keys: (candidates,) key of each pair.
        count: Negatives a draw.
        runs: How many draws, with seeds 0, 1, 2 and so on.

    Returns:
        (candidates,) share of the draws in which each was among the ``count``.
    """
    with np.errstate(divide="ignore"):
        logs = np.log(weights)
    drawn = np.zeros(weights.shape)
    for seed in range(runs):
        order = np.argsort(-(logs + gumbel(keys, seed)), kind="stable")[:count]
        drawn[order[weights[order] > 0]] += 1
    return np.asarray(drawn / runs)
