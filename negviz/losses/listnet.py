"""ListNet of CODER."""

from typing import Annotated

import numpy as np
from scipy.special import log_softmax

from negviz.arrays import Bools, Floats
from negviz.hints import Range
from negviz.losses import LOSSES, Loss


@LOSSES.register("ListNet (CODER)", reference="CODER, Zerveas et al. 2022, arXiv:2112.08766")
def listnet(scores: Floats, positive: Bools, *, temperature: Annotated[float, Range(0.01, 100.0, 0.01)] = 1.0) -> Loss:
    """Compare the softmax over a query's whole list with a target that is shared equally by its positives.

    The loss is KL(target || softmax). Positives of one query compete with each other, unlike in the other losses.

    Args:
        scores: (queries, documents) of the student.
        positive: (queries, documents), True for labelled positives.
        temperature: What scores are divided by; the authors may learn it.

    Returns:
        Loss of each query with its gradient, whose sum over a query's documents is 0.

    References:
        METHODS B6; gzerveas/CODER.
    """
    known = np.isfinite(scores)
    target = (positive & known).astype(np.float64)
    count = target.sum(axis=1, keepdims=True)
    target /= np.maximum(count, 1)
    labelled = count[:, 0] > 0
    # A row without documents gets one that scores as low as can be, so that there is something to take logarithms of.
    logits = np.where(known, np.where(known, scores, 0.0) / temperature, -np.inf)
    padded = np.concatenate([logits, np.full((len(scores), 1), np.finfo(np.float64).min)], axis=1)
    logs = np.where(known, log_softmax(padded, axis=1)[:, :-1], 0.0)
    values = -np.log(np.maximum(count[:, 0], 1)) - (target * logs).sum(axis=1)
    gradient = np.where(known & labelled[:, None], (np.exp(logs) - target) / temperature, 0.0)
    return Loss(np.where(labelled, values, np.nan), gradient)
