"""Losses: what a training loss makes of the scores of a batch; one file a loss, module name = function name = key.

Each is a pure function ``(scores, positive, *, knobs) -> Loss``. ``scores`` (queries, documents) are the student's,
``positive`` of the same shape is True where a document is a labelled positive of the row's query. Some want more:
``guide`` and ``teacher`` are scores of another model in the same shape, ``grades`` are graded labels. NaN scores are
documents that are not there; their gradient is 0.
"""

from dataclasses import dataclass

from negviz.arrays import Floats
from negviz.registry import Registry


@dataclass(frozen=True, eq=False)
class Loss:
    """A loss with its gradient.

    Attributes:
        values: (queries,) loss of each query.
        gradient: (queries, documents) derivative of each query's loss by its scores; 0 where masked or absent.
    """

    values: Floats
    gradient: Floats


LOSSES = Registry("loss", "negviz.losses", context=frozenset({"scores", "positive", "guide", "teacher", "grades"}))
