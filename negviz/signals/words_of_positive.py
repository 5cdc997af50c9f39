"""How much of the positive's words a candidate has: from retelling the same to being its near-duplicate."""

import numpy as np

from negviz.arrays import Floats, Ints
from negviz.lexical import index_of
from negviz.pool import Pool
from negviz.signals import SIGNALS
from negviz.signals._lists import own_positives, unknown


def _words(pool: Pool, row: int, column: int, value: float) -> str:
    return f"has {value:.0%} of a labelled positive's words, rare ones counting more"


@SIGNALS.register("Words of the positive", words=_words, reference="Robertson and Zaragoza 2009")
def words_of_positive(pool: Pool, rows: Ints) -> Floats:
    """BM25 of the candidate for the words of a labelled positive, as a share of the positive's own; the largest.

    Args:
        pool: Candidates.
        rows: (rows,) rows of the pool.

    Returns:
        (rows, depth) about 0 to 1, NaN at padding and without a positive that has words.
    """
    found, index = unknown(pool, rows), index_of(pool.dataset)
    for place, row in enumerate(rows):
        columns = np.flatnonzero(pool.present[row])
        shares = []
        for positive in own_positives(pool, int(row)):
            both = np.append(pool.documents[row, columns], positive)
            values = index.of_words(pool.dataset.contents[positive], both)
            if values[-1] > 0:
                shares.append(values[:-1] / values[-1])
        if shares and len(columns):
            found[place, columns] = np.max(shares, axis=0)
    return found
