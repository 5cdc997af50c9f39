"""Pairs of a batch that a hinge loss still learns from (RepBERT)."""

from dataclasses import dataclass

import numpy as np

from negviz.arrays import Bools, Floats
from negviz.diagnostics import DIAGNOSTICS


@dataclass(frozen=True, eq=False)
class HingePairs:
    """Differences between positives and negatives of a batch.

    Attributes:
        differences: (pairs,) score of the positive minus that of the negative.
        margin: Differences below it have a gradient.
    """

    differences: Floats
    margin: float

    @property
    def active(self) -> int:
        """Pairs that have a gradient."""
        return int((self.differences < self.margin).sum())

    @property
    def share(self) -> float:
        """Share of pairs that have a gradient, NaN where there are none."""
        return self.active / len(self.differences) if len(self.differences) else float("nan")


@DIAGNOSTICS.register("Pairs inside the hinge's margin", reference="RepBERT, Zhan et al. 2020, arXiv:2006.15498")
def hinge_pairs(scores: Floats, positive: Bools, negative: Bools, margin: float = 1.0) -> HingePairs:
    """Take every positive of a row with every negative of that row.

    Args:
        scores: (rows, columns), NaN where unknown.
        positive: (rows, columns) True at a row's positives.
        negative: (rows, columns) True where a pair is a negative; labelled positives of the row are masked.
        margin: Margin of the hinge, on the scale of the scores.

    References:
        METHODS A3.
    """
    known = np.isfinite(scores)
    parts = [
        np.subtract.outer(row[up & seen], row[down & seen]).ravel()
        for row, up, down, seen in zip(scores, positive, negative, known, strict=True)
    ]
    return HingePairs(np.concatenate(parts) if parts else np.zeros(0), margin)
