"""Embeddings: the vectors of a dataset's queries and documents under one encoder."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from negviz.arrays import PAD, Ints, Scores

Similarity = Literal["cosine", "dot"]


@dataclass(frozen=True, eq=False)
class Embeddings:
    """Vectors by row; with ``cosine`` they have unit length, so that an inner product is the similarity either way.

    Attributes:
        queries: (queries, dims).
        documents: (documents, dims).
        similarity: The model's own similarity function, never forced.
        encoder: Name of the encoder, for people.
        identity: Digest of weights, prompts, max length, dims, backend and precision.
    """

    queries: Scores
    documents: Scores
    similarity: Similarity
    encoder: str
    identity: str


# Gathered vectors of a block stay within the caches' reach: 4,096 pairs of 384 float64 components are 12 MB.
_PAIRS = 4096


def similarities(embeddings: Embeddings, queries: Ints, documents: Ints) -> Scores:
    """Similarity of given pairs, always by the same sums in the same order.

    Each pair is summed by itself in float64 and rounded once, so that its score does not depend on threads, on the
    other pairs asked for, or on the search that brought it.

    Args:
        embeddings: The vectors.
        queries: (queries,) rows of queries.
        documents: (queries, any) rows of documents, ``PAD`` where there is none.

    Returns:
        Scores of the shape of ``documents``, NaN at ``PAD``.
    """
    return inner_products(embeddings.queries[queries], embeddings.documents, documents)


def inner_products(vectors: Scores, documents: Scores, wanted: Ints) -> Scores:
    """The same of vectors that belong to no pool.

    Args:
        vectors: (queries, dims).
        documents: (documents, dims), which may be a memory map of any size.
        wanted: (queries, any) rows of documents, ``PAD`` where there is none.

    Returns:
        Scores of the shape of ``wanted``, NaN at ``PAD``.
    """
    scores = np.full(wanted.shape, np.nan, dtype=np.float32)
    for place, of_query in enumerate(wanted):
        present = np.flatnonzero(np.not_equal(of_query, PAD))
        vector = np.asarray(vectors[place], dtype=np.float64)
        for start in range(0, len(present), _PAIRS):
            columns = present[start : start + _PAIRS]
            found = np.asarray(documents[of_query[columns]], dtype=np.float64)
            scores[place, columns] = np.einsum("kd,d->k", found, vector)
    return scores
