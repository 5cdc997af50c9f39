"""Approximate search among the nearest of many bundles of documents."""

from functools import lru_cache
from math import sqrt
from threading import Lock
from typing import Annotated, Any

import numpy as np

from negviz.arrays import PAD, Ints, Scores, mix, uniform
from negviz.budget import DEFAULT_MEMORY, rows_within
from negviz.dataset import Dataset
from negviz.embeddings import Embeddings
from negviz.hints import Range
from negviz.nearest import SPARE, nearest, rescored
from negviz.retrievers import RETRIEVERS
from negviz.retrievers._approximate import Shop, measured, one_thread, told

# Documents a bundle that its middle is found from, and rounds of finding it.
LEARNT_FROM, ROUNDS = 64, 10
# Documents put in at a time: the index depends on it.
TOGETHER = 1 << 16
SEED = 1234
_SEARCHING = Lock()


@RETRIEVERS.register(
    "Dense (IVF)", reference="Jégou et al. 2011 (inverted file); FAISS, arXiv:1702.08734",
    approximate="That pays where one index serves many rounds",
)  # fmt: skip
def ivf(
    *,
    dataset: Dataset,
    queries: Ints,
    depth: int,
    embeddings: Embeddings,
    shop: Shop,
    memory: int = DEFAULT_MEMORY,
    nprobe: Annotated[int, Range(1, 4096, 1, keeps="more", scale="count")] = 32,
    lists: Annotated[int, Range(0, 65_536, 1, keeps="fewer", scale="count")] = 0,
) -> Ints:
    """Bring documents near to the query from the bundles whose middles are nearest to it.

    Documents are bundled by k-means. A query is compared with all documents of some bundles, and what is found is
    scored again and put in order as by the exact search. The index is built by one thread and from a fixed seed, so it
    is the same every time, on processors of one kind at least; it holds a copy of the vectors, which stays in memory,
    whatever ``memory`` is. The recall it reaches is measured on 100 queries and told.

    Args:
        dataset: Queries and their ids.
        queries: (queries,) rows.
        depth: Documents a query.
        embeddings: The vectors.
        shop: Where the recall is left.
        memory: Bytes that a search may take beyond the index.
        nprobe: Bundles a query looks into; more find more and take longer.
        lists: Bundles; 0 is twice the root of the number of documents. More are smaller, so that fewer are found.

    Returns:
        (queries, depth) document rows, ``PAD`` where fewer were found.
    """
    count = min(lists or round(2 * sqrt(len(embeddings.documents))), len(embeddings.documents))

    def search(rows: Ints) -> Ints:
        return _search(embeddings, rows, depth, nprobe, count, memory)

    if "ivf" not in shop.facts:
        sample = measured(dataset)
        exact = nearest(embeddings.queries[sample], embeddings.documents, depth, memory=memory)[0]
        shop.facts["ivf"] = told(search(sample), exact, nprobe=nprobe, lists=count)
    return search(queries)


def _search(embeddings: Embeddings, queries: Ints, depth: int, nprobe: int, count: int, memory: int) -> Ints:
    found = np.full((len(queries), depth), PAD, dtype=np.int32)
    if not count:
        return found
    index, middles = _index(embeddings, count)
    asked, probed = min(depth + SPARE, len(embeddings.documents)), min(nprobe, count)
    together = rows_within(memory // 2, 64 * asked + 16 * embeddings.queries.shape[1] + 16 * probed)
    for start in range(0, len(queries), together):
        block = slice(start, start + together)
        vectors: Scores = np.ascontiguousarray(embeddings.queries[queries[block]], dtype=np.float32)
        # FAISS compares with the middles by sums that depend on how many queries are asked at once.
        homes, near = nearest(vectors, middles, probed, memory=memory)
        with _SEARCHING:  # the index itself is told how many there are
            index.nprobe = probed
            candidates = index.search_preassigned(vectors, asked, homes, near)[1]
        best = rescored(vectors, embeddings.documents, candidates.astype(np.int32), depth)[0]
        found[block, : best.shape[1]] = best
    return found


@lru_cache(maxsize=1)
def _index(embeddings: Embeddings, count: int) -> tuple[Any, Scores]:
    """All documents in bundles, and the bundles' middles; the last one is kept, as queries come in blocks."""
    import faiss

    documents = embeddings.documents
    total, dims = documents.shape
    noise = uniform(mix(np.arange(total, dtype=np.uint64)), SEED)
    some = np.sort(np.argsort(noise, kind="stable")[: LEARNT_FROM * count])
    middles = faiss.IndexFlatIP(dims)
    index = faiss.IndexIVFFlat(middles, dims, count, faiss.METRIC_INNER_PRODUCT)
    index.cp.seed, index.cp.niter = SEED, ROUNDS
    index.cp.min_points_per_centroid, index.cp.max_points_per_centroid = 1, LEARNT_FROM
    with one_thread():
        index.train(np.ascontiguousarray(documents[some], dtype=np.float32))
        for start in range(0, total, TOGETHER):
            index.add(np.ascontiguousarray(documents[start : start + TOGETHER], dtype=np.float32))
    return index, middles.reconstruct_n(0, count)
