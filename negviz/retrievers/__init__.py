"""Retrievers: one file a way to find candidates; each gives (queries, depth) document rows, best first.

Ties go to the smaller document row, which is the smaller id; ``PAD`` stands where a query has fewer.
"""

from negviz.registry import Registry

RETRIEVERS = Registry(
    "retriever",
    "negviz.retrievers",
    context=frozenset({"dataset", "queries", "depth", "embeddings", "seed", "run"}),
)
