"""Retrievers: one file a way to find candidates; each gives (queries, depth) document rows, best first.

Ties go to the smaller document row, which is the smaller id; ``PAD`` stands where a query has fewer. A retriever that
takes ``memory`` keeps to so many bytes; one that takes ``shop`` (a ``mine.Workshop``) leaves facts about its search in
``shop.facts`` under its name, such as the recall it reaches.
"""

from negviz.registry import Registry

RETRIEVERS = Registry(
    "retriever",
    "negviz.retrievers",
    context=frozenset({"dataset", "queries", "depth", "embeddings", "seed", "run", "memory", "shop"}),
)
