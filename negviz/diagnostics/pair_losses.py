"""What the parts of a batch add to STAR's loss: in-batch documents, the row's own hard negatives, those of others."""

from dataclasses import dataclass

import numpy as np

from negviz.arrays import Bools, Floats, Ints
from negviz.diagnostics import DIAGNOSTICS

PARTS = ("in-batch positives of others", "hard negatives of others", "own hard negatives")


@dataclass(frozen=True, eq=False)
class PairLosses:
    """Pairs and summed losses of the parts, in the order of ``PARTS``.

    Attributes:
        pairs: (parts,) pairs that are not masked.
        losses: (parts,) sum of log(1 + exp(negative - positive)).
    """

    pairs: Ints
    losses: Floats

    @property
    def loss(self) -> float:
        """Loss of the batch: mean over all pairs."""
        return float(self.losses.sum() / max(int(self.pairs.sum()), 1))


@DIAGNOSTICS.register("Pairs and losses of a batch's parts", reference="STAR, Zhan et al. 2021, arXiv:2104.08051")
def pair_losses(scores: Floats, own: Floats, negative: Bools, owners: Ints, hard: Bools) -> PairLosses:
    """Count pairs of a batch and add up their pairwise losses.

    Args:
        scores: (rows, columns) of every row with every document of the batch.
        own: (rows,) score of each row's positive.
        negative: (rows, columns) True where a pair is not masked.
        owners: (columns,) which row brought the document.
        hard: (columns,) True for hard negatives.

    References:
        METHODS B3; jingtaozhan/DRhard star/model.py.
    """
    with np.errstate(invalid="ignore"):
        each = np.logaddexp(0.0, scores - own[:, None])
    counted = negative & np.isfinite(each)
    mine = np.equal(owners[None, :], np.arange(len(own))[:, None])
    parts = (counted & ~hard, counted & hard & ~mine, counted & hard & mine)
    return PairLosses(
        np.array([part.sum() for part in parts], dtype=np.int32),
        np.array([each[part].sum() for part in parts], dtype=np.float64),
    )
