"""How near a candidate is to the labelled positives themselves."""

import numpy as np

from negviz.arrays import Floats, Ints
from negviz.derived import LAYER
from negviz.pool import Pool
from negviz.signals import SIGNALS
from negviz.signals._lists import cosines, own_positives, unit, unknown


def _words(pool: Pool, row: int, column: int, value: float) -> str:
    return f"near a labelled positive: similarity {value:.2f}"


@SIGNALS.register("Near a positive", words=_words, reference="METHODS C1; Ren et al. 2021, PAIR, arXiv:2108.06027")
def near_positive(pool: Pool, rows: Ints) -> Floats:
    """Largest cosine of the candidate's vector to that of a labelled positive of its query.

    Args:
        pool: Candidates; its layer ``similarity_to_positive`` is used where it has no vectors.
        rows: (rows,) rows of the pool.

    Returns:
        (rows, depth), NaN at padding, and without a positive or vectors.
    """
    found = unknown(pool, rows)
    if pool.embeddings is None:
        return pool.scores[LAYER][rows].astype(np.float64) if LAYER in pool.scores else found
    for place, row in enumerate(rows):
        columns, own = np.flatnonzero(pool.present[row]), own_positives(pool, int(row))
        if len(columns) and len(own):
            vectors = unit(pool.embeddings.documents[pool.documents[row, columns]])
            found[place, columns] = cosines(vectors, unit(pool.embeddings.documents[own])).max(axis=1)
    return found
