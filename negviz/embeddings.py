"""Embeddings: the vectors of a dataset's queries and documents under one encoder."""

from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np

from negviz.arrays import PAD, Ints, Scores, frozen

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
# From so many pairs on the compiled loop is worth its start, and up to so many components NumPy sums in one go.
COMPILE_PAYS = 200_000
_ONE_GO = 4096


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
    if wanted.size >= COMPILE_PAYS and _compiled_agree(vectors, documents):
        return _compiled(vectors, documents, wanted)
    scores = np.full(wanted.shape, np.nan, dtype=np.float32)
    for place, of_query in enumerate(wanted):
        present = np.flatnonzero(np.not_equal(of_query, PAD))
        vector = np.asarray(vectors[place], dtype=np.float64)
        for start in range(0, len(present), _PAIRS):
            columns = present[start : start + _PAIRS]
            found = np.asarray(documents[of_query[columns]], dtype=np.float64)
            scores[place, columns] = np.einsum("kd,d->k", found, vector)
    return scores


def _compiled(vectors: Scores, documents: Scores, wanted: Ints) -> Scores:
    from negviz.compiled import _search

    if int(wanted.max(initial=PAD)) >= len(documents) or int(wanted.min(initial=PAD)) < PAD:
        raise IndexError(f"A row lies outside of the {len(documents)} documents.")
    scores = np.empty(wanted.shape, dtype=np.float32)
    rows = np.arange(len(vectors), dtype=np.int32)
    _search.similarities(_read_only(vectors), _read_only(documents), rows, np.ascontiguousarray(wanted), scores)
    return scores


def _read_only(array: Scores) -> Scores:
    """A plain view, so that a memory map and an array of our own are compiled for once."""
    return frozen(np.asarray(array).view())


def _compiled_agree(vectors: Scores, documents: Scores) -> bool:
    """Whether the compiled loop takes such arrays, and gives the bits that NumPy gives."""
    plain = all(array.dtype == np.float32 and array.flags.c_contiguous for array in (vectors, documents))
    return plain and len(documents) > 0 and 0 < vectors.shape[1] <= _ONE_GO and _same_bits(vectors.shape[1])


@cache
def _same_bits(dims: int) -> bool:
    """Whether NumPy sums so many components in the compiled loop's order on this processor; on x86-64 it does."""
    from negviz.compiled import _search

    turned = _read_only(np.sin(np.arange(1, 65 * dims + 1, dtype=np.float64)).astype(np.float32).reshape(65, dims))
    wide, products = turned.astype(np.float64), np.empty(4)
    expected = np.einsum("kd,d->k", wide[:64], wide[64])
    for start in range(0, 64, 4):
        _search.four_products(*turned[start : start + 4], wide[64], products)
        if products.tobytes() != expected[start : start + 4].tobytes():
            return False
    return True
