"""Pairs that STAR's loss sums over."""

from dataclasses import dataclass

import numpy as np

from negviz.arrays import Bools
from negviz.diagnostics import DIAGNOSTICS


@dataclass(frozen=True)
class PairCounts:
    """Numbers of pairs of a query and a document that is none of its positives.

    Attributes:
        in_batch: With positives of the batch's other queries.
        own_hard: With the query's own hard negatives.
        cross_hard: With the hard negatives of the other queries.
    """

    in_batch: int
    own_hard: int
    cross_hard: int

    @property
    def hard(self) -> int:
        """Pairs with any hard negative."""
        return self.own_hard + self.cross_hard


@DIAGNOSTICS.register("Pairs in STAR's loss", reference="STAR, Zhan et al. 2021, arXiv:2104.08051")
def pair_counts(positive: Bools) -> PairCounts:
    """Count the pairs of a batch by where their negative comes from.

    Their numbers are all that weighs the two parts of STAR's loss against each other: sum of both by count of both.

    Args:
        positive: (queries, documents), True for labelled positives; the first columns are the queries' own positives in
            order, then come the first query's hard negatives, then the second's and so on.

    References:
        METHODS B3; star/dataset.py of jingtaozhan/DRhard.
    """
    batch = len(positive)
    negatives = ~positive
    hard = (positive.shape[1] - batch) // max(batch, 1)
    owner = np.repeat(np.arange(batch), hard)
    mined = negatives[:, batch:]
    own = mined & (owner[None, :] == np.arange(batch)[:, None])
    return PairCounts(int(negatives[:, :batch].sum()), int(own.sum()), int(mined.sum() - own.sum()))
