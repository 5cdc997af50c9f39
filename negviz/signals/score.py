"""How near a candidate is to its query."""

import numpy as np

from negviz.arrays import Floats, Ints
from negviz.pool import Pool
from negviz.signals import SIGNALS
from negviz.signals._lists import main_scorer, unknown


def _words(pool: Pool, row: int, column: int, value: float) -> str:
    scorer = main_scorer(pool) or ""
    layer = pool.scores[scorer][row]
    among = pool.eligible[row] & np.isfinite(layer)
    place = 1 + int((layer[among] > layer[column]).sum())
    return f"place {place} of {int(among.sum())} by '{scorer}' ({value:.3g})"


@SIGNALS.register("Score", words=_words)
def score(pool: Pool, rows: Ints) -> Floats:
    """Score by the scorer that the pool is mined with: ``dense``, or what comes nearest to it.

    Args:
        pool: Candidates.
        rows: (rows,) rows of the pool.

    Returns:
        (rows, depth), NaN where unknown.
    """
    scorer = main_scorer(pool)
    return unknown(pool, rows) if scorer is None else pool.scores[scorer][rows].astype(np.float64)
