"""Assembly: from lists of candidates to a pool: their union, rank layers, scores and leak flags."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from negviz.arrays import PAD, Ints, Scores
from negviz.embeddings import similarities
from negviz.leaks import leak_flags
from negviz.lexical import index_of
from negviz.pool import Pool


def union(brought: Sequence[Ints]) -> Ints:
    """Unite the candidates of several retrievers; each row in order of document row, padding last.

    Args:
        brought: Arrays (queries, any width), ``PAD`` where there is none.

    Returns:
        (queries, depth), depth being the widest union.
    """
    absent = np.iinfo(np.int32).max
    rows = np.concatenate(brought, axis=1)
    rows = np.sort(np.where(np.equal(rows, PAD), absent, rows), axis=1)
    rows[:, 1:][np.equal(rows[:, 1:], rows[:, :-1])] = absent
    rows = np.sort(rows, axis=1)
    depth = max(int(np.not_equal(rows, absent).sum(axis=1).max(initial=0)), 1)
    rows = rows[:, :depth]
    if rows.shape[1] < depth:
        rows = np.pad(rows, ((0, 0), (0, depth - rows.shape[1])), constant_values=absent)
    return np.where(np.equal(rows, absent), PAD, rows).astype(np.int32)


def rank_layer(documents: Ints, brought: Ints) -> Ints:
    """Place of each candidate in a retriever's list, -1 where it is not in it.

    Args:
        documents: (queries, depth) the union; each row sorted, padding last.
        brought: (queries, width) the retriever's list, best first.
    """
    layer = np.full(documents.size, PAD, dtype=np.int32)
    rows, places = np.nonzero(np.not_equal(brought, PAD))
    found = cells_of(documents, rows, brought[rows, places])
    # From the last to the first, so that of a document listed twice the better place stays.
    layer[found[::-1]] = places[::-1]
    return layer.reshape(documents.shape)


def list_of(pool: Pool, retriever: str) -> Ints:
    """A retriever's list from its rank layer, the inverse of ``rank_layer``.

    Args:
        pool: Whose ranks.
        retriever: Name of a rank layer.

    Returns:
        (queries, longest) the document of each rank, ``PAD`` where a rank is not there.
    """
    ranks = pool.ranks[retriever]
    found = np.full((len(pool), int(ranks.max(initial=PAD)) + 1), PAD, dtype=np.int32)
    rows, columns = np.nonzero(ranks >= 0)
    found[rows, ranks[rows, columns]] = pool.documents[rows, columns]
    return found


def cells_of(documents: Ints, rows: Any, wanted: Any) -> Any:
    """Flat cell of each (row, document) in the union; the document must be there.

    Args:
        documents: (queries, depth) each row sorted, padding last.
        rows: (pairs,) row of each pair.
        wanted: (pairs,) document of each pair.
    """
    stride = np.int64(max(int(documents.max(initial=0)), int(np.max(wanted, initial=0))) + 2)
    offset = np.arange(len(documents), dtype=np.int64)[:, None] * stride
    cells = (np.where(np.equal(documents, PAD), stride - 1, documents) + offset).ravel()
    return np.searchsorted(cells, wanted + offset[rows, 0])


def assemble(
    pool: Pool, brought: Mapping[str, Ints], *, scorer: str = "dense", origin: Mapping[str, Any] | None = None
) -> Pool:
    """A pool of the same queries and positives with other candidates; for sources.

    Vectors and words score every new pair (layers ``dense`` and, where it is the recipe's scorer, ``bm25``); any other
    layer is copied where the pool already has the pair, and unknown elsewhere.

    Args:
        pool: Whose dataset, queries, positives and layers count.
        brought: For each name of a rank layer, (queries, any) document rows, best first, ``PAD`` where there is none.
        scorer: The recipe's scorer.
        origin: Facts to add to the pool's origin.

    Returns:
        A new pool; rank layers are the given ones alone.
    """
    documents = union(list(brought.values()))
    scores = {name: _copied(pool, layer, documents) for name, layer in pool.scores.items()}
    scores |= _computed(pool, documents, scorer)
    return Pool(
        dataset=pool.dataset,
        queries=pool.queries,
        documents=documents,
        ranks={name: rank_layer(documents, rows) for name, rows in brought.items()},
        scores=scores,
        positives=pool.positives,
        positive_scores=pool.positive_scores,
        flags=leak_flags(pool.dataset, pool.queries, documents, pool.positives, pool.embeddings),
        scales=pool.scales,
        origin={**pool.origin, **(origin or {})},
        embeddings=pool.embeddings,
    )


def with_layer(
    pool: Pool, name: str, scores: Scores, positive_scores: Scores, scale: str, origin: Mapping[str, Any] | None = None
) -> Pool:
    """The same pool with one score layer more, or with another in its place.

    Args:
        pool: Candidates.
        name: Name of the layer.
        scores: (queries, depth).
        positive_scores: (queries, positives).
        scale: Scale of the values.
        origin: Facts to add to the pool's origin.
    """
    return replace(
        pool,
        scores={**pool.scores, name: np.ascontiguousarray(scores, dtype=np.float32)},
        positive_scores={**pool.positive_scores, name: np.ascontiguousarray(positive_scores, dtype=np.float32)},
        scales={**pool.scales, name: scale},
        origin={**pool.origin, **(origin or {})},
        stored_fingerprint=None,
    )


def _copied(pool: Pool, layer: Scores, documents: Ints) -> Scores:
    """A layer's values at the new cells that the pool has too; NaN elsewhere."""
    stride = np.int64(max(int(documents.max(initial=0)), int(pool.documents.max(initial=0))) + 2)
    offset = np.arange(len(documents), dtype=np.int64)[:, None] * stride
    old = (np.where(pool.present, pool.documents, stride - 1) + offset).ravel()
    new = (np.where(np.equal(documents, PAD), stride - 2, documents) + offset).ravel()
    found = np.minimum(np.searchsorted(old, new), old.size - 1)
    known = np.equal(old[found], new) & np.not_equal(documents, PAD).ravel()
    values = np.where(known, layer.ravel()[found], np.nan)
    return values.reshape(documents.shape).astype(np.float32)


def _computed(pool: Pool, documents: Ints, scorer: str) -> dict[str, Scores]:
    found = {}
    if pool.embeddings is not None and "dense" in pool.scores:
        found["dense"] = similarities(pool.embeddings, pool.queries, documents)
    if scorer == "bm25" and "bm25" in pool.scores:
        texts = [pool.dataset.query_texts[row] for row in pool.queries]
        found["bm25"] = index_of(pool.dataset).score(texts, documents)
    return found
