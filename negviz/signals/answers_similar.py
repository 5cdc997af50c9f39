"""Whether a candidate answers another question, and how like this one that is."""

import numpy as np

from negviz.arrays import Floats, Ints
from negviz.pool import Pool
from negviz.signals import SIGNALS
from negviz.signals._lists import cosines, unit, unknown


def _words(pool: Pool, row: int, column: int, value: float) -> str:
    return f"answers a question like this one: similarity {value:.2f}"


@SIGNALS.register("Answers a similar question", words=_words, reference="METHODS B8 (iv)")
def answers_similar(pool: Pool, rows: Ints) -> Floats:
    """Largest cosine of the query to another query that the candidate is a labelled positive of.

    Args:
        pool: Candidates.
        rows: (rows,) rows of the pool.

    Returns:
        (rows, depth), NaN at padding, without vectors, and where the candidate is nobody's positive.
    """
    found = unknown(pool, rows)
    if pool.embeddings is None or not len(pool.dataset.positives):
        return found
    judged = pool.dataset.positives
    order = np.lexsort((judged.queries, judged.documents))
    documents, queries = judged.documents[order], judged.queries[order]
    for place, row in enumerate(rows):
        columns = np.flatnonzero(pool.present[row])
        low, high = (np.searchsorted(documents, pool.documents[row, columns], side) for side in ("left", "right"))
        mine = unit(pool.embeddings.queries[[pool.queries[row]]])
        for column, first, last in zip(columns, low, high, strict=True):
            others = queries[first:last][queries[first:last] != pool.queries[row]]
            if len(others):
                found[place, column] = cosines(unit(pool.embeddings.queries[others]), mine).max()
    return found
