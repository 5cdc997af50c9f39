"""How much of the query's words a candidate has."""

import numpy as np

from negviz.arrays import Floats, Ints
from negviz.lexical import index_of
from negviz.pool import Pool
from negviz.signals import SIGNALS
from negviz.signals._lists import LEXICAL, unknown


def _words(pool: Pool, row: int, column: int, value: float) -> str:
    return f"shares the query's rare words: BM25 {value:.1f}"


@SIGNALS.register("BM25", words=_words, reference="Robertson and Zaragoza 2009")
def bm25(pool: Pool, rows: Ints) -> Floats:
    """BM25 of the candidate for the query: the pool's layer, or worked out where it has none.

    Args:
        pool: Candidates.
        rows: (rows,) rows of the pool.

    Returns:
        (rows, depth), 0 where no word is shared, NaN at padding.
    """
    if LEXICAL in pool.scores:
        return pool.scores[LEXICAL][rows].astype(np.float64)
    found, index = unknown(pool, rows), index_of(pool.dataset)
    for place, row in enumerate(rows):
        columns = np.flatnonzero(pool.present[row])
        text = pool.dataset.query_texts[pool.queries[row]]
        found[place, columns] = index.of_words(text, pool.documents[row, columns])
    return found
