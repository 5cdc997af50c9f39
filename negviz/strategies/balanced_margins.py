"""Balanced margins."""

from typing import Annotated

import numpy as np

from negviz.arrays import Bools, Floats
from negviz.batches.margin_bins import bin_counts, margin_bins
from negviz.hints import Range
from negviz.pool import Anchor, Pool
from negviz.strategies import STRATEGIES


@STRATEGIES.register("Balanced margins", reference="Hofstätter et al. 2021 (TAS-Balanced), arXiv:2104.06967")
def balanced_margins(
    pool: Pool,
    *,
    anchor: Anchor,
    survivors: Bools,
    teacher: str = "cross_encoder",
    bins: Annotated[int, Range(1, 100, 1, keeps="either", scale="count")] = 10,
    fewest: Annotated[int, Range(1, 100, 1, keeps="fewer", scale="count")] = 2,
) -> Floats:
    """Weigh candidates so that every range of the teacher's margin to the positive is drawn equally often.

    The margins of a query (teacher's score of the positive minus that of the candidate) are put into bins of equal
    width; a bin that is not empty is as likely as any other, and so is each candidate within it. That stops the many
    easy negatives from dominating, and gives a single outlier, a false negative too, as much as a full bin.

    Args:
        pool: Candidates to judge.
        anchor: Which positive the margin is measured from, by the teacher's scores.
        survivors: What earlier steps left; the bins span their margins.
        teacher: Whose scores; a cross-encoder's in the paper.
        bins: Bins of equal width between a query's smallest and largest margin.
        fewest: Queries with fewer candidates than this get nothing.

    Returns:
        (queries, depth) probabilities: 1 / (bins that are not empty x candidates in the bin).

    Raises:
        MissingInputError: If the pool has no scores of the teacher.

    References:
        METHODS C3; matchmaker tas_balanced_training_loader.py.
    """
    scores = pool.layer(teacher, "balanced_margins", "a teacher's scores of positives and candidates")
    margins = pool.anchor(teacher, anchor)[:, None] - scores.astype(np.float64)
    counts = np.isfinite(margins) & survivors
    places = margin_bins(margins, counts, bins)
    inside = bin_counts(places, bins)
    filled = np.maximum((inside > 0).sum(axis=1, keepdims=True), 1)
    own = np.take_along_axis(inside, np.maximum(places, 0), axis=1)
    enough = counts.sum(axis=1, keepdims=True) >= fewest
    return np.asarray(np.where((places >= 0) & enough, 1.0 / (filled * np.maximum(own, 1)), 0.0))
