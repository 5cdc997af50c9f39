"""Scorers: one file a way to score pairs; each gives float32 scores in the shape of the documents, NaN at ``PAD``.

The trait ``scale`` names the scale of the values; where it is None the embeddings' own similarity is the scale, unless
the scorer gives a ``Layer`` that names its own. ``model`` is what stands after ``=`` in ``--scorer name=model``, and
the trait ``model`` where nothing does. The trait ``check`` (``check(shop, model)``) is called before anything slow is
begun, to refuse what cannot be done. ``shop`` (a ``mine.Workshop``) opens encoders, knows the folder of caches, reports
progress and knows whether to stop.
"""

from dataclasses import dataclass

from negviz.arrays import Scores
from negviz.registry import Registry


@dataclass(frozen=True, eq=False)
class Layer:
    """Scores with the name of their scale."""

    scores: Scores
    scale: str


SCORERS = Registry(
    "scorer",
    "negviz.scorers",
    context=frozenset({"dataset", "queries", "documents", "embeddings", "run", "model", "shop"}),
)
