"""Scorers: one file a way to score pairs; each gives float32 scores in the shape of the documents, NaN at ``PAD``.

The trait ``scale`` names the scale of the values; where it is None the embeddings' own similarity is the scale.
"""

from negviz.registry import Registry

SCORERS = Registry(
    "scorer", "negviz.scorers", context=frozenset({"dataset", "queries", "documents", "embeddings", "run"})
)
