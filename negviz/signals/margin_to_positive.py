"""How far a candidate scores above or below the labelled positives."""

import numpy as np

from negviz.arrays import Floats, Ints
from negviz.pool import Pool
from negviz.signals import SIGNALS
from negviz.signals._lists import main_scorer, unknown


def _words(pool: Pool, row: int, column: int, value: float) -> str:
    own = float(pool.scores[main_scorer(pool) or ""][row, column])
    where = "above" if value > 0 else "below" if value < 0 else "as high as"
    return f"scores {where} the labelled positive ({own:.3g} against {own - value:.3g})"


@SIGNALS.register("Margin to the positive", words=_words, reference="METHODS D1; NV-Retriever, arXiv:2407.15831")
def margin_to_positive(pool: Pool, rows: Ints) -> Floats:
    """Score minus the mean score of the query's labelled positives.

    Args:
        pool: Candidates.
        rows: (rows,) rows of the pool.

    Returns:
        (rows, depth), NaN where either is unknown.
    """
    scorer = main_scorer(pool)
    if scorer is None:
        return unknown(pool, rows)
    known = np.isfinite(pool.positive_scores[scorer][rows])
    total = np.where(known, pool.positive_scores[scorer][rows], 0.0).sum(axis=1, dtype=np.float64)
    count = known.sum(axis=1)
    anchor = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return np.asarray(pool.scores[scorer][rows].astype(np.float64) - anchor[:, None])
