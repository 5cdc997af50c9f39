"""Losses: what a training loss makes of the scores of a batch; one file a loss, module name = function name = key.

Each is a pure function ``(scores, positive, *, knobs) -> Loss``. ``scores`` (queries, documents) are the student's,
``positive`` of the same shape is True where a document is a labelled positive of the row's query. NaN scores are
documents that are not there; their gradient is 0. A query with several positives has a loss for each of them against
its negatives alone, the others left out, and their mean counts; a loss that is of another kind says so. A query
without a scored positive has no loss: NaN, with a gradient of 0.

Some want more, each (queries, documents):

- ``held``: the student's scores where the loss stops the gradient (weights, masks, ranks, a cache's stale scores).
  Usually the same numbers as ``scores``, which is what None means; whoever checks a gradient by differences moves the
  one and leaves the other.
- ``hard``: True where a negative was mined for its query; the other negatives came with the batch.
- ``guide`` and ``teacher``: scores of another model.
- ``grades``: graded labels, NaN where there is none.
- ``similarity_to_positive``: scores of documents against the row's positive instead of its query.
"""

from dataclasses import dataclass

from negviz.arrays import Floats
from negviz.registry import Registry


@dataclass(frozen=True, eq=False)
class Loss:
    """A loss with its gradient.

    Attributes:
        values: (queries,) loss of each query; NaN where a query has no scored positive.
        gradient: (queries, documents) derivative of each query's loss by its scores; 0 where masked or absent.
    """

    values: Floats
    gradient: Floats


CONTEXT = frozenset({
    "scores", "positive", "held", "hard", "guide", "teacher", "grades", "similarity_to_positive",
})  # fmt: skip
LOSSES = Registry("loss", "negviz.losses", context=CONTEXT)
