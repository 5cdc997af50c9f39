"""Negatives taken whose vectors lie at a labelled positive of the same query."""

from dataclasses import dataclass

import numpy as np

from negviz.arrays import PAD, Ints, Scores
from negviz.diagnostics import DIAGNOSTICS
from negviz.diagnostics._cosines import cosines
from negviz.embeddings import Embeddings
from negviz.selection import Selection


@dataclass(frozen=True, eq=False)
class TakenPairs:
    """Negatives with the positive that they are nearest to, the nearest first.

    Attributes:
        queries: (pairs,) rows of the pool.
        columns: (pairs,) columns of the pool.
        documents: (pairs,) rows of documents.
        positives: (pairs,) rows of documents: the query's nearest positive.
        cosines: (pairs,) of the two documents' vectors.
    """

    queries: Ints
    columns: Ints
    documents: Ints
    positives: Ints
    cosines: Scores


@DIAGNOSTICS.register("Negatives that sit on a positive")
def negatives_on_positives(selection: Selection, vectors: Embeddings) -> TakenPairs:
    """Order the negatives taken by how near they lie to a positive of their query.

    What lies at the positive says nearly the same: it may answer the query just as well.

    Args:
        selection: Outcome of a recipe.
        vectors: Of its pool's documents.

    References:
        METHODS section 12.4: near-duplicates of the positive are at the top of s(d+, d-).
    """
    pool = selection.pool
    rows, places = np.nonzero(np.not_equal(selection.columns, PAD))
    columns = selection.columns[rows, places]
    documents = pool.documents[rows, columns]
    best = np.full(len(rows), -np.inf, dtype=np.float32)
    nearest = np.full(len(rows), PAD, dtype=np.int32)
    for place in range(pool.positives.shape[1]):
        own = pool.positives[rows, place]
        known = np.flatnonzero(np.not_equal(own, PAD))
        found = cosines(vectors.documents, documents[known], vectors.documents, own[known])
        better = known[found > best[known]]
        best[better], nearest[better] = found[found > best[known]], own[better]
    order = np.lexsort((documents, rows, -best))
    order = order[nearest[order] != PAD]
    return TakenPairs(
        rows[order].astype(np.int32), columns[order].astype(np.int32), documents[order], nearest[order], best[order]
    )
