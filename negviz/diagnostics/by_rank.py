"""Where in the ranking the candidates, the taken ones and the weight lie."""

from dataclasses import dataclass

import numpy as np

from negviz.arrays import Bools, Floats, Ints
from negviz.diagnostics import DIAGNOSTICS
from negviz.selection import Selection

BINS = 20


@dataclass(frozen=True, eq=False)
class ByRank:
    """Sums over all queries in bins of ranks.

    Attributes:
        edges: (bins + 1,) first rank of each bin, and the first rank beyond.
        candidates: (bins,) candidates that could be drawn: no leak and a weight above 0.
        taken: (bins,) negatives taken.
        weight: (bins,) mean share of its query's weight that a rank of the bin has, over the queries with any.
    """

    edges: Ints
    candidates: Ints
    taken: Ints
    weight: Floats


@DIAGNOSTICS.register("By rank")
def by_rank(selection: Selection, scorer: str, stop: int, bins: int = BINS) -> ByRank:
    """Count candidates, taken negatives and weight by rank.

    Args:
        selection: Outcome of a recipe.
        scorer: Whose ranks, among all candidates.
        stop: First rank that is no longer counted.
        bins: Bins, at most one a rank.
    """
    pool = selection.pool
    ranks = pool.rank(scorer)
    edges = rank_edges(stop, bins)
    total = selection.weights.sum(axis=1, keepdims=True)
    share = np.divide(selection.weights, total, out=np.zeros_like(selection.weights), where=total > 0)
    counted = pool.present & (ranks < stop)
    wide = np.diff(edges) * max(int((total > 0).sum()), 1)
    return ByRank(
        edges,
        _counts(ranks, counted & (selection.weights > 0), edges),
        _counts(ranks, counted & selection.taken, edges),
        np.histogram(ranks[counted], edges, weights=share[counted])[0] / wide,
    )


def rank_edges(stop: int, bins: int = BINS) -> Ints:
    """First rank of each of some bins of nearly equal width, and the first rank beyond the last."""
    return np.unique(np.linspace(0, max(stop, 1), min(bins, max(stop, 1)) + 1).round().astype(np.int32))


def _counts(ranks: Ints, among: Bools, edges: Ints) -> Ints:
    return np.histogram(ranks[among], edges)[0].astype(np.int32)
