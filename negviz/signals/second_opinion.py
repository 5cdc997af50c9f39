"""What the pool's other scorers say of a candidate."""

import numpy as np

from negviz.arrays import Floats, Ints
from negviz.pool import Pool
from negviz.signals import SIGNALS
from negviz.signals._lists import other_scorers, unknown


def _words(pool: Pool, row: int, column: int, value: float) -> str:
    return f"{' and '.join(other_scorers(pool))} put it above {value:.0%} of the query's candidates"


@SIGNALS.register("Second opinion", words=_words)
def second_opinion(pool: Pool, rows: Ints) -> Floats:
    """Share of the query's candidates that score lower by another scorer, the mean over those: 0 to 1.

    BM25 is asked elsewhere, older checkpoints and verdicts not at all.

    Args:
        pool: Candidates.
        rows: (rows,) rows of the pool.

    Returns:
        (rows, depth), NaN where no other scorer knows the pair or its query has nothing to compare with.
    """
    layers = [pool.scores[name][rows].astype(np.float64) for name in other_scorers(pool)]
    if not layers:
        return unknown(pool, rows)
    shares = np.stack([_below(layer, pool.eligible[rows]) for layer in layers])
    known = np.isfinite(shares)
    count = known.sum(axis=0)
    return np.asarray(np.where(count > 0, np.where(known, shares, 0).sum(axis=0) / np.maximum(count, 1), np.nan))


def _below(layer: Floats, among: np.ndarray) -> Floats:
    """Share of the counted candidates with a lower score; equal ones count half."""
    found = np.full(layer.shape, np.nan)
    for place, values in enumerate(layer):
        known = np.isfinite(values)
        others = np.sort(values[known & among[place]])
        if len(others) > 1:
            sides = [np.searchsorted(others, values[known], side) for side in ("left", "right")]
            found[place, known] = (sides[0] + sides[1]) / (2 * len(others))
    return found
