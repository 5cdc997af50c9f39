"""A cache of document vectors that training fills and refreshes (Negative Cache): which documents it holds, how old."""

from dataclasses import dataclass
from typing import Literal, cast

import numpy as np

from negviz.arrays import PAD, Floats, Ints, gumbel, mix
from negviz.batches import Batches
from negviz.pool import Pool

Policy = Literal["lru", "fifo"]
# Noise of the refreshing draws must not be that of the recipe's own draw.
REFRESH_KEYS = np.uint64(0xA0761D6478BD642F)
# An empty place is older than any document.
EMPTY = np.iinfo(np.int32).max
# Similarities of a block of queries to a cache of 131,072 documents: 64 MB.
_QUERIES = 64


@dataclass(frozen=True, eq=False)
class CachedDocuments:
    """What a cache holds at the end of training.

    Attributes:
        documents: (places,) document rows, ``PAD`` where a place is empty; a document may be there twice.
        ages: (places,) steps since each vector was computed.
        steps: Batches that went by.
        entered: Documents that entered, repeats included.
        refreshed: Places whose vector was computed again because it was used.
        policy: Whether using a document makes it young.
    """

    documents: Ints
    ages: Ints
    steps: int
    entered: int
    refreshed: int
    policy: Policy

    @property
    def filled(self) -> int:
        """Places that hold a document."""
        return int(np.not_equal(self.documents, PAD).sum())


def oldest(ages: Ints, count: int) -> Ints:
    """Places that the next documents overwrite: the oldest first, ties by smallest place.

    Args:
        ages: (places,) age of each.
        count: How many documents come.

    Returns:
        (at most count,) places.

    References:
        METHODS B5; negative_cache.py.
    """
    return np.argsort(-ages.astype(np.int64), kind="stable")[:count].astype(np.int32)


def fill(
    pool: Pool, epochs: list[Batches], *, size: int, policy: Policy, top_k: int, scale: float, seed: int
) -> CachedDocuments:
    """Let batches go by and keep their documents.

    At each step every query of the batch uses one cached document: the largest of ``scale`` times its score plus
    Gumbel noise, among its ``top_k``; with ``lru`` that makes the document young. Then the batch's documents overwrite
    the oldest ones and everything else grows a step older. Documents have one vector here, so a score is never stale.

    Args:
        pool: Vectors of queries and documents.
        epochs: Batches of each epoch.
        size: Places.
        policy: ``lru`` or ``fifo``.
        top_k: Among how many of its nearest cached documents a query draws.
        scale: Factor of the scores.
        seed: Seed of the draws.

    Raises:
        MissingInputError: If the pool has no vectors.

    References:
        METHODS B5; negative_cache.py, losses.py.
    """
    documents = np.full(size, PAD, dtype=np.int32)
    ages = np.full(size, EMPTY, dtype=np.int32)
    steps = entered = refreshed = 0
    for batches in epochs:
        for number in range(batches.total):
            rows = batches.rows_of(number)
            used = np.zeros(0, dtype=np.int32)
            if policy == "lru" and steps:
                used = _used(pool, batches.queries[rows], documents, (top_k, scale, seed), steps)
            coming = np.concatenate([batches.documents[rows, None], batches.hard[rows]], axis=1).ravel()
            coming = coming[np.not_equal(coming, PAD)]
            ages[np.not_equal(documents, PAD)] += 1
            ages[used] = 0
            places = oldest(ages, len(coming))
            documents[places], ages[places] = coming[: len(places)], 0
            steps, entered, refreshed = steps + 1, entered + len(coming), refreshed + len(used)
    return CachedDocuments(documents, ages, steps, entered, refreshed, policy)


def _used(pool: Pool, queries: Ints, cached: Ints, draw: tuple[int, float, int], step: int) -> Ints:
    """Places that the queries of a batch draw, one each, repeats taken out."""
    places = np.flatnonzero(np.not_equal(cached, PAD))
    used: set[int] = set()
    top_k, scale, seed = draw
    for start in range(0, len(queries), _QUERIES):
        own = pool.queries[queries[start : start + _QUERIES]]
        scores = scale * similarity(pool, own, cached[places])
        if len(places) > top_k:
            limit = np.partition(scores, -top_k, axis=1)[:, -top_k, None]
            scores = np.where(scores >= limit, scores, -np.inf)
        pairs = pool.dataset.pair_keys(own, np.broadcast_to(cached[places], (len(own), len(places))))
        # Two places with one document are two entries, so the place is a part of the key.
        entries = places.astype(np.uint64) + np.uint64(step * len(cached))
        keys = mix(pairs ^ REFRESH_KEYS) ^ mix(entries)[None, :]
        used |= set(places[np.argmax(scores + gumbel(keys, seed), axis=1)].tolist())
    return np.array(sorted(used), dtype=np.int32)


def similarity(pool: Pool, queries: Ints, documents: Ints) -> Floats:
    """Similarity of every query to every document; rounded, so that the order of sums does not show.

    Args:
        pool: Vectors.
        queries: (queries,) rows of the dataset.
        documents: (documents,) rows of the dataset.
    """
    vectors = pool.vectors("cache")
    left = vectors.queries[queries].astype(np.float64)
    right = vectors.documents[documents].astype(np.float64)
    return (left @ right.T).astype(np.float32).astype(np.float64)


def nearest(pool: Pool, cached: CachedDocuments, top_k: int) -> tuple[Ints, Ints]:
    """The cached documents nearest to each query.

    Args:
        pool: Its queries and vectors.
        cached: What the cache holds.
        top_k: How many a query.

    Returns:
        (queries, at most top_k) document rows, best first, and the age of the youngest copy of each.
    """
    order = np.lexsort((cached.ages, cached.documents))
    kept = order[np.not_equal(cached.documents[order], PAD)]
    documents, first = np.unique(cached.documents[kept], return_index=True)
    ages = cached.ages[kept][first]
    wide = min(top_k, len(documents))
    found = np.full((len(pool), wide), PAD, dtype=np.int32)
    of_found = np.full((len(pool), wide), PAD, dtype=np.int32)
    for start in range(0, len(pool) if wide else 0, _QUERIES):
        scores = similarity(pool, pool.queries[start : start + _QUERIES], documents)
        best = np.argsort(-scores, axis=1, kind="stable")[:, :wide]
        found[start : start + _QUERIES] = documents[best]
        of_found[start : start + _QUERIES] = ages[best]
    return found, of_found


def remember_cache(pool: Pool, cached: CachedDocuments) -> Pool:
    """Keep what a cache holds beside the pool that was made of it."""
    pool.__dict__["_cached"] = cached
    return pool


def remembered_cache(pool: Pool) -> CachedDocuments | None:
    """The cache that a pool was made of, None where it was made otherwise."""
    return cast("CachedDocuments | None", pool.__dict__.get("_cached"))
