"""Labelled positives and how near their vectors are to their query's."""

from dataclasses import dataclass

import numpy as np

from negviz.arrays import PAD, Ints, Scores
from negviz.diagnostics import DIAGNOSTICS
from negviz.diagnostics._cosines import cosines
from negviz.embeddings import Embeddings
from negviz.pool import Pool


@dataclass(frozen=True, eq=False)
class PositivePairs:
    """Labelled pairs, the farthest first.

    Attributes:
        queries: (pairs,) rows of the pool.
        documents: (pairs,) rows of documents.
        cosines: (pairs,) of the two vectors.
    """

    queries: Ints
    documents: Ints
    cosines: Scores


@DIAGNOSTICS.register("Positives far from their query")
def far_positives(pool: Pool, vectors: Embeddings) -> PositivePairs:
    """Order the labelled positives by their distance from their query.

    A positive far from its query is a hard one, or a wrong label: rules that measure margins from it let everything
    through, or nothing.

    Args:
        pool: Whose positives.
        vectors: Of its queries and documents.

    References:
        METHODS section 12.11: queries whose positive is not retrieved are those on which every rule misbehaves.
    """
    rows, columns = np.nonzero(np.not_equal(pool.positives, PAD))
    documents = pool.positives[rows, columns]
    found = cosines(vectors.queries, pool.queries[rows], vectors.documents, documents)
    order = np.lexsort((documents, rows, found))
    return PositivePairs(rows[order].astype(np.int32), documents[order], found[order])
