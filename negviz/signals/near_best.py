"""How near a candidate is to the best candidates of its list: answers lie together."""

import numpy as np

from negviz.arrays import Floats, Ints
from negviz.pool import Pool
from negviz.signals import SIGNALS
from negviz.signals._lists import main_scorer, own_positives, unit, unknown

BEST = 10


def _words(pool: Pool, row: int, column: int, value: float) -> str:
    return f"in the midst of the query's best candidates: mean similarity {value:.2f}"


@SIGNALS.register("Near the best", words=_words, reference="Jardine and van Rijsbergen 1971, the cluster hypothesis")
def near_best(pool: Pool, rows: Ints) -> Floats:
    """Mean cosine of the candidate's vector to those of the ten candidates and positives that score highest.

    The candidate itself does not count.

    Args:
        pool: Candidates.
        rows: (rows,) rows of the pool.

    Returns:
        (rows, depth), NaN at padding, without vectors, and where there is nothing else.
    """
    found, scorer = unknown(pool, rows), main_scorer(pool)
    if pool.embeddings is None or scorer is None:
        return found
    for place, row in enumerate(rows):
        columns, own = np.flatnonzero(pool.present[row]), own_positives(pool, int(row))
        if not len(columns):
            continue
        documents = pool.documents[row, columns]
        vectors = unit(pool.embeddings.documents[documents])
        values = np.where(np.isfinite(pool.scores[scorer][row, columns]), pool.scores[scorer][row, columns], -np.inf)
        best = np.lexsort((documents, -values))[:BEST]
        best = best[~np.isin(documents[best], own)]
        total = vectors[best].sum(axis=0) + unit(pool.embeddings.documents[own]).sum(axis=0)
        itself = np.isin(np.arange(len(columns)), best) | np.isin(documents, own)
        count = len(best) + len(own) - itself
        summed = np.einsum("kd,d->k", vectors, total) - itself
        found[place, columns] = np.where(count > 0, summed / np.maximum(count, 1), np.nan)
    return found
