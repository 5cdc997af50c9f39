"""MarginMSE."""

import numpy as np

from negviz.arrays import Bools, Floats
from negviz.losses import LOSSES, Loss
from negviz.losses._split import split


@LOSSES.register("MarginMSE", reference="Hofstätter et al. 2020, arXiv:2010.02666; TAS-B, arXiv:2104.06967")
def margin_mse(scores: Floats, positive: Bools, *, teacher: Floats) -> Loss:
    """Square the difference between the student's and the teacher's margin, and take the mean over pairs.

    It needs no rule against false negatives: a teacher that gives one as much as the positive asks for no margin. A
    negative that the student already pushes too far is pulled back, so weights can be negative.

    Args:
        scores: (queries, documents) of the student.
        positive: (queries, documents), True for labelled positives.
        teacher: (queries, documents) of the teacher; pairs that it does not know do not count.

    Returns:
        Loss of each query with its gradient, whose sum over a query's documents is 0.

    References:
        METHODS C3, E8.
    """
    batch = split(scores, positive)
    wanted = batch.own_of(teacher)[:, None] - np.asarray(teacher, dtype=np.float64)[batch.rows]
    pairs = batch.negatives & np.isfinite(wanted)
    off = np.where(pairs, batch.own[:, None] - batch.scores - np.where(pairs, wanted, 0.0), 0.0)
    return batch.mean_over_pairs(off**2, -2 * off, pairs)
