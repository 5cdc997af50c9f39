"""A batch split into rows of one positive against its negatives, and a loss put together from them."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from negviz.arrays import Bools, Floats
from negviz.losses import Loss


@dataclass(frozen=True, eq=False)
class Split:
    """A row for each scored positive of a batch.

    Attributes:
        shape: Of the batch, (queries, documents).
        rows: (positives,) query of each.
        columns: (positives,) document of each.
        own: (positives,) its score.
        scores: (positives, documents) scores of all documents for its query, 0 where there is none.
        negatives: (positives, documents), True for documents that compete: there, and no positive of the query.
    """

    shape: tuple[int, int]
    rows: npt.NDArray[np.intp]
    columns: npt.NDArray[np.intp]
    own: Floats
    scores: Floats
    negatives: Bools

    def layer(self, values: Floats | None) -> Floats:
        """(positives, documents) of another layer of the batch; the scores themselves where it is None."""
        return self.scores if values is None else _zeroed(values)[self.rows]

    def own_of(self, values: Floats | None) -> Floats:
        """(positives,) value of another layer at the positive; the score itself where the layer is None."""
        return self.own if values is None else np.asarray(values, dtype=np.float64)[self.rows, self.columns]

    def without(self, masked: Bools) -> "Split":
        """The same with masked documents out of the competition; positives stay whatever the mask says."""
        return replace(self, negatives=self.negatives & ~masked)

    def loss(self, values: Floats, push: Floats, pull: Floats | None = None) -> Loss:
        """The mean over each query's positives.

        Args:
            values: (positives,) losses.
            push: (positives, documents) derivative by the negatives' scores, 0 for all others.
            pull: (positives,) derivative by the positive's own score; None where the two sum to zero.
        """
        share = 1.0 / np.maximum(self._counts(), 1)[self.rows]
        total = np.full(self.shape[0], np.nan)
        total[self.rows] = 0.0
        np.add.at(total, self.rows, values * share)
        gradient = np.zeros(self.shape)
        np.add.at(gradient, self.rows, push * share[:, None])
        own = -push.sum(axis=1) if pull is None else pull
        np.add.at(gradient, (self.rows, self.columns), own * share)
        return Loss(total, gradient)

    def mean_over_pairs(self, terms: Floats, slopes: Floats, pairs: Bools | None = None) -> Loss:
        """The mean over pairs of a positive and a negative of a term of the difference of their scores.

        Args:
            terms: (positives, documents) term of each pair.
            slopes: (positives, documents) derivative of the term by the negative's score.
            pairs: Which pairs count; all with a negative unless given.
        """
        counted = self.negatives if pairs is None else pairs
        number = np.maximum(counted.sum(axis=1), 1)
        values = np.where(counted, terms, 0.0).sum(axis=1) / number
        return self.loss(values, np.where(counted, slopes, 0.0) / number[:, None])

    def _counts(self) -> npt.NDArray[np.intp]:
        return np.bincount(self.rows, minlength=self.shape[0])


def split(scores: Floats, positive: Bools) -> Split:
    """Split a batch.

    Args:
        scores: (queries, documents), NaN where a document is not there.
        positive: (queries, documents), True for labelled positives of the row's query.
    """
    known = np.isfinite(scores)
    rows, columns = np.nonzero(positive & known)
    values = _zeroed(scores)
    return Split(
        (scores.shape[0], scores.shape[1]), rows, columns, values[rows, columns], values[rows],
        (known & ~positive)[rows],
    )  # fmt: skip


def _zeroed(values: Floats) -> Floats:
    return np.where(np.isfinite(values), np.asarray(values, dtype=np.float64), 0.0)
