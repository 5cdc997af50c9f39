"""Approximate search among the nearest of many bundles of documents."""

from dataclasses import dataclass
from functools import lru_cache
from math import sqrt
from typing import Annotated

import numpy as np
import numpy.typing as npt

from negviz.arrays import PAD, Ints, Scores, mix, uniform
from negviz.budget import DEFAULT_MEMORY, rows_within
from negviz.dataset import Dataset
from negviz.embeddings import Embeddings
from negviz.hints import Range
from negviz.nearest import SPARE, Quick, nearest, rescored
from negviz.retrievers import RETRIEVERS
from negviz.retrievers._approximate import Shop, measured, one_thread, told

# Documents a bundle that its middle is found from, and rounds of finding it.
LEARNT_FROM, ROUNDS = 64, 10
# Queries compared with a bundle at a time.
TOGETHER = 1024
SEED = 1234


@RETRIEVERS.register("Dense (IVF)", reference="Jégou et al. 2011 (inverted file); FAISS, arXiv:1702.08734")
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
    scored again and put in order as by the exact search. Vectors are read from where they lie and not copied, and the
    result is the same for any number of threads. The recall it reaches is measured on 100 queries and told.

    Args:
        dataset: Queries and their ids.
        queries: (queries,) rows.
        depth: Documents a query.
        embeddings: The vectors.
        shop: Where the recall is left.
        memory: Bytes that a search may take.
        nprobe: Bundles a query looks into; more find more and take longer.
        lists: Bundles; 0 is twice the root of the number of documents. More are smaller, so that fewer are found.

    Returns:
        (queries, depth) document rows, ``PAD`` where fewer were found.
    """
    documents = embeddings.documents
    count = min(lists or round(2 * sqrt(len(documents))), len(documents))
    if not count:
        return np.full((len(queries), depth), PAD, dtype=np.int32)

    bundles = _bundles(embeddings, count, memory)

    def search(rows: Ints) -> Ints:
        found = np.full((len(rows), depth), PAD, dtype=np.int32)
        together = rows_within(memory // 2, 64 * (depth + SPARE) + 16 * documents.shape[1] + 8 * nprobe)
        for start in range(0, len(rows), together):
            block = slice(start, start + together)
            best = _search(embeddings.queries[rows[block]], documents, bundles, depth, nprobe, memory)
            found[block, : best.shape[1]] = best
        return found

    if "ivf" not in shop.facts:
        sample = measured(dataset)
        exact = nearest(embeddings.queries[sample], documents, depth, memory=memory)[0]
        shop.facts["ivf"] = told(search(sample), exact, nprobe=nprobe, lists=count)
    return search(queries)


@dataclass(frozen=True, eq=False)
class _Bundles:
    """Documents in bundles.

    Attributes:
        middles: (bundles, dims), of unit length.
        rows: (documents,) rows, bundle by bundle.
        starts: (bundles + 1,) where each begins among ``rows``, and where the last ends.
    """

    middles: Scores
    rows: Ints
    starts: npt.NDArray[np.int64]

    def of(self, bundle: int) -> Ints:
        return self.rows[self.starts[bundle] : self.starts[bundle + 1]]


@lru_cache(maxsize=1)
def _bundles(embeddings: Embeddings, count: int, memory: int) -> _Bundles:
    """All documents in bundles; the last ones are kept, as queries come in blocks."""
    import faiss

    documents = embeddings.documents
    total, dims = documents.shape
    noise = uniform(mix(np.arange(total, dtype=np.uint64)), SEED)
    some = np.sort(np.argsort(noise, kind="stable")[: LEARNT_FROM * count])
    means = faiss.Kmeans(dims, count, niter=ROUNDS, spherical=True, seed=SEED, min_points_per_centroid=1,
                         max_points_per_centroid=LEARNT_FROM)  # fmt: skip
    with one_thread():
        means.train(np.ascontiguousarray(documents[some], dtype=np.float32))
    middles: Scores = np.array(means.centroids, dtype=np.float32).reshape(count, dims)
    home = nearest(documents, middles, 1, memory=memory)[0][:, 0]
    rows = np.argsort(home, kind="stable").astype(np.int32)
    return _Bundles(middles, rows, np.searchsorted(home[rows], np.arange(count + 1)).astype(np.int64))


def _search(vectors: Scores, documents: Scores, bundles: _Bundles, depth: int, nprobe: int, memory: int) -> Ints:
    from threadpoolctl import threadpool_limits

    vectors = np.ascontiguousarray(vectors, dtype=np.float32)
    probed = nearest(vectors, bundles.middles, min(nprobe, len(bundles.middles)), memory=memory)[0]
    order = np.argsort(probed, axis=None, kind="stable")
    stops = np.searchsorted(probed.ravel()[order], np.arange(len(bundles.middles) + 1))
    quick = Quick(len(vectors), min(depth + SPARE, len(documents)))
    with threadpool_limits(limits=1, user_api="blas"):  # products this small take less than threads take to meet
        for bundle in range(len(bundles.middles)):
            places, members = order[stops[bundle] : stops[bundle + 1]] // probed.shape[1], bundles.of(bundle)
            if not len(places) or not len(members):
                continue
            piece = np.ascontiguousarray(documents[members], dtype=np.float32)
            for start in range(0, len(places), TOGETHER):
                some = places[start : start + TOGETHER]
                quick.take(some, vectors[some] @ piece.T, np.broadcast_to(members, (len(some), len(members))))
    return rescored(vectors, documents, quick.rows, depth)[0]
