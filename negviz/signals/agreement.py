"""Whether several retrievers brought a candidate, and how early."""

import numpy as np

from negviz.arrays import Floats, Ints
from negviz.pool import Pool
from negviz.signals import SIGNALS
from negviz.signals._lists import unknown

SMOOTHING = 60
# Brought for another reason than to answer the query.
NO_SEARCH = frozenset({"random", "given", "synthetic", "context"})


def _searches(pool: Pool) -> list[str]:
    return [name for name in sorted(pool.ranks) if name not in NO_SEARCH]


def _words(pool: Pool, row: int, column: int, value: float) -> str:
    ranks = {name: int(pool.ranks[name][row, column]) for name in _searches(pool)}
    brought = [f"{name} at place {rank + 1}" for name, rank in ranks.items() if rank >= 0]
    return f"brought by {' and '.join(brought)}" if brought else "brought by no search"


@SIGNALS.register("Agreement", words=_words, reference="Cormack et al. 2009, reciprocal rank fusion")
def agreement(pool: Pool, rows: Ints) -> Floats:
    """Sum of ``1 / (60 + place)`` over the retrievers that search, 0 where none of them brought it.

    Args:
        pool: Candidates.
        rows: (rows,) rows of the pool.

    Returns:
        (rows, depth), NaN at padding and in a pool with fewer than two such retrievers.
    """
    searches = _searches(pool)
    if len(searches) < 2:
        return unknown(pool, rows)
    ranks = np.stack([pool.ranks[name][rows] for name in searches]).astype(np.float64)
    total = np.where(ranks >= 0, 1 / (SMOOTHING + 1 + np.maximum(ranks, 0)), 0.0).sum(axis=0)
    return np.asarray(np.where(pool.present[rows], total, np.nan))
