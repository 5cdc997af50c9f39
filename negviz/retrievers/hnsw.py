"""Approximate search along a graph of near documents."""

from functools import lru_cache
from typing import Annotated, Any

import numpy as np

from negviz.arrays import PAD, Ints, Scores
from negviz.budget import DEFAULT_MEMORY, rows_within
from negviz.dataset import Dataset
from negviz.embeddings import Embeddings
from negviz.hints import Range
from negviz.nearest import nearest, rescored
from negviz.retrievers import RETRIEVERS
from negviz.retrievers._approximate import Shop, measured, one_thread, told

# Neighbours looked at while a document is put in, and documents put in at a time: the graph depends on both.
BUILT_WITH = 200
TOGETHER = 1 << 16


@RETRIEVERS.register(
    "Dense (HNSW)", reference="Malkov and Yashunin 2018, arXiv:1603.09320; FAISS",
    approximate="That pays where one index serves many rounds",
)  # fmt: skip
def hnsw(
    *,
    dataset: Dataset,
    queries: Ints,
    depth: int,
    embeddings: Embeddings,
    shop: Shop,
    memory: int = DEFAULT_MEMORY,
    ef: Annotated[int, Range(16, 10_000, 16, keeps="more", scale="count")] = 400,
    m: Annotated[int, Range(4, 128, 4, keeps="either", scale="count")] = 32,
) -> Ints:
    """Bring documents near to the query that a walk along a graph finds: not all, but soon where they are millions.

    Candidates are scored again and put in order as those of the exact search. The graph is built by one thread and
    from a fixed seed, so it is the same every time, on processors of one kind at least; it and a copy of the vectors
    stay in memory, whatever ``memory`` is. The recall it reaches is measured on 100 queries and told.

    Args:
        dataset: Queries and their ids.
        queries: (queries,) rows.
        depth: Documents a query.
        embeddings: The vectors.
        shop: Where the recall is left.
        memory: Bytes that a search may take beyond the graph.
        ef: Candidates kept on the walk; more find more and take longer. Never fewer than the depth.
        m: Neighbours a document is linked to; more find more and take more memory.

    Returns:
        (queries, depth) document rows, ``PAD`` where fewer were found.
    """

    def search(rows: Ints) -> Ints:
        return _search(embeddings, rows, depth, max(ef, depth), m, memory)

    if "hnsw" not in shop.facts:
        sample = measured(dataset)
        exact = nearest(embeddings.queries[sample], embeddings.documents, depth, memory=memory)[0]
        shop.facts["hnsw"] = told(search(sample), exact, ef=ef, m=m)
    return search(queries)


def _search(embeddings: Embeddings, queries: Ints, depth: int, ef: int, m: int, memory: int) -> Ints:
    import faiss

    found = np.full((len(queries), depth), PAD, dtype=np.int32)
    asked = min(ef, len(embeddings.documents))
    if not asked:
        return found
    graph = _graph(embeddings, m)
    wanted = faiss.SearchParametersHNSW(efSearch=ef)  # type: ignore[attr-defined]
    together = rows_within(memory // 2, 64 * asked + 16 * embeddings.queries.shape[1])
    for start in range(0, len(queries), together):
        block = slice(start, start + together)
        vectors: Scores = np.ascontiguousarray(embeddings.queries[queries[block]], dtype=np.float32)
        candidates = graph.search(vectors, asked, params=wanted)[1].astype(np.int32)
        best = rescored(vectors, embeddings.documents, candidates, depth)[0]
        found[block, : best.shape[1]] = best
    return found


@lru_cache(maxsize=1)
def _graph(embeddings: Embeddings, m: int) -> Any:
    """The graph over all documents; the last one is kept, as queries come in blocks."""
    import faiss

    documents = embeddings.documents
    graph = faiss.IndexHNSWFlat(documents.shape[1], m, faiss.METRIC_INNER_PRODUCT)
    graph.hnsw.efConstruction = BUILT_WITH
    with one_thread():
        for start in range(0, len(documents), TOGETHER):
            graph.add(np.ascontiguousarray(documents[start : start + TOGETHER], dtype=np.float32))
    return graph
