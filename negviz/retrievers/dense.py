"""Exact search by an encoder's own similarity."""

import numpy as np

from negviz.arrays import PAD, Ints, Scores
from negviz.embeddings import Embeddings, similarities
from negviz.retrievers import RETRIEVERS

SPARE = 32
BLOCK = 1024


@RETRIEVERS.register("Dense", reference="Johnson et al. 2017, FAISS, arXiv:1702.08734")
def dense(*, queries: Ints, depth: int, embeddings: Embeddings) -> Ints:
    """Bring the documents nearest to the query in the encoder's space.

    The search is exact. FAISS brings a few more than asked for, these are scored again by sums in a fixed order, and
    a query whose last place might belong to a document outside is searched in full: the result is the same for any
    number of threads, equal documents included.

    Args:
        queries: (queries,) rows.
        depth: Documents a query.
        embeddings: The vectors.

    Returns:
        (queries, depth) document rows, ``PAD`` where the corpus has fewer.
    """
    found = np.full((len(queries), depth), PAD, dtype=np.int32)
    documents = np.ascontiguousarray(embeddings.documents, dtype=np.float32)
    wanted = min(depth, len(documents))
    if wanted == 0:
        return found
    longest = float(np.sqrt(np.einsum("nd,nd->n", documents, documents).max()))
    for start in range(0, len(queries), BLOCK):
        rows = queries[start : start + BLOCK]
        found[start : start + BLOCK, :wanted] = _search(rows, documents, wanted, embeddings, longest)
    return found


def _search(rows: Ints, documents: Scores, wanted: int, embeddings: Embeddings, longest: float) -> Ints:
    import faiss

    vectors = np.ascontiguousarray(embeddings.queries[rows], dtype=np.float32)
    asked = min(wanted + SPARE, len(documents))
    near, candidates = faiss.knn(vectors, documents, asked, metric=faiss.METRIC_INNER_PRODUCT)
    best, scores = _best(rows, candidates.astype(np.int32), wanted, embeddings)
    if asked == len(documents):
        return best
    # Rounding of a float32 inner product is at most dims x 2^-24 x both lengths; twice that separates for certain.
    slack = 2.0**-23 * vectors.shape[1] * longest * np.linalg.norm(vectors, axis=1)
    for place in np.flatnonzero(near[:, -1] >= scores[:, -1] - slack):
        approximate = documents @ vectors[place]
        full = np.flatnonzero(approximate >= scores[place, -1] - slack[place]).astype(np.int32)
        best[place] = _best(rows[place : place + 1], full[None, :], wanted, embeddings)[0][0]
    return best


def _best(rows: Ints, candidates: Ints, wanted: int, embeddings: Embeddings) -> tuple[Ints, Scores]:
    """The ``wanted`` best of (queries, any) candidates by exact score, ties by row, and their scores."""
    scores = similarities(embeddings, rows, candidates)
    order = np.lexsort((candidates, -scores), axis=1)[:, :wanted]
    return np.take_along_axis(candidates, order, axis=1), np.take_along_axis(scores, order, axis=1)
