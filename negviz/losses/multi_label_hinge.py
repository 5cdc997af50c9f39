"""Multi-label hinge of RepBERT."""

from typing import Annotated

import numpy as np

from negviz.arrays import Bools, Floats
from negviz.hints import Range
from negviz.losses import LOSSES, Loss
from negviz.losses._split import split


@LOSSES.register("Multi-label hinge (RepBERT)", reference="RepBERT, Zhan et al. 2020, arXiv:2006.15498")
def multi_label_hinge(
    scores: Floats, positive: Bools, *, margin: Annotated[float, Range(0.0, 10.0, 0.05, scale="score")] = 1.0
) -> Loss:
    """Charge every pair in which a negative is not at least a margin below a positive.

    All labelled positives of a query are positives at once, and their pairs are summed and divided by the number of
    documents in the batch. Negatives inside the margin are pushed equally hard, the others not at all; a margin of 1 is
    meant for inner products, where soon few pairs are left inside it. On cosine almost every pair is.

    Args:
        scores: (queries, documents) of the student.
        positive: (queries, documents), True for labelled positives.
        margin: Distance from which on a pair costs nothing, on the student's scale.

    Returns:
        Loss of each query with its gradient, whose sum over a query's documents is 0.

    References:
        METHODS A3; modeling.py of RepBERT.
    """
    batch = split(scores, positive)
    gap = np.where(batch.negatives, margin - (batch.own[:, None] - batch.scores), 0.0)
    per_document = (np.bincount(batch.rows, minlength=len(scores)) / np.isfinite(scores).sum(axis=1).clip(1))[
        batch.rows
    ]
    push = np.where(gap > 0, per_document[:, None], 0.0)
    return batch.loss(np.maximum(gap, 0.0).sum(axis=1) * per_document, push)
