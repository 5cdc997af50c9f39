"""InfoNCE."""

from typing import Annotated

from negviz.arrays import Bools, Floats
from negviz.hints import Range
from negviz.losses import LOSSES, Loss
from negviz.losses._split import split
from negviz.pushes import softmax_push


@LOSSES.register("InfoNCE", reference="sentence-transformers MultipleNegativesRankingLoss; van den Oord et al. 2018")
def infonce(scores: Floats, positive: Bools, *, scale: Annotated[float, Range(1.0, 200.0, 1.0)] = 20.0) -> Loss:
    """Take the negative logarithm of the positive's probability among itself and all negatives of the batch.

    A negative is pushed in proportion to its own probability, so the hardest get nearly all of the gradient.

    Args:
        scores: (queries, documents) of the student.
        positive: (queries, documents), True for labelled positives.
        scale: What scores are multiplied by, 1 / temperature; 20 is meant for cosine.

    Returns:
        Loss of each query with its gradient, whose sum over a query's documents is 0.

    References:
        METHODS A1.
    """
    batch = split(scores, positive)
    log_own, push = softmax_push(batch.own, batch.scores, batch.negatives, scale=scale)
    return batch.loss(-log_own, push)
