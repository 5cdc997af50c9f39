"""The head of the list in the order of its scores and in a language model's."""

from dataclasses import dataclass

import numpy as np

from negviz.arrays import PAD, Bools, Ints
from negviz.diagnostics import DIAGNOSTICS
from negviz.pool import Pool


@dataclass(frozen=True, eq=False)
class RankSlope:
    """The candidates of a query that a model put in order, in that order.

    Attributes:
        columns: (candidates,) columns of the pool.
        before: (candidates,) place by score among them, from 1.
        after: (candidates,) the model's place, from 1.
        positive: (candidates,) whether a labelled positive.
    """

    columns: Ints
    before: Ints
    after: Ints
    positive: Bools

    @property
    def other_first(self) -> bool:
        """Whether the model's first is no labelled positive."""
        return bool(len(self.columns)) and not bool(self.positive[0])


@DIAGNOSTICS.register("Rank by score and by a model", reference="Gecko, arXiv:2403.20327")
def rank_slope(pool: Pool, layer: str, scorer: str, query: int) -> RankSlope:
    """Compare the two orders of one query.

    Args:
        pool: Candidates.
        layer: Name of the model's layer; higher is earlier, NaN where it was not asked.
        scorer: Whose order it is compared with.
        query: Row of the pool.
    """
    fused = pool.score(layer)[query].astype(np.float64)
    columns = np.flatnonzero(np.isfinite(fused) & pool.present[query])
    columns = columns[np.argsort(-fused[columns], kind="stable")]
    ranks = pool.rank(scorer)[query, columns]
    before = (np.argsort(np.argsort(ranks, kind="stable"), kind="stable") + 1).astype(np.int32)
    own = pool.positives[query][np.not_equal(pool.positives[query], PAD)]
    positive: Bools = np.isin(pool.documents[query, columns], own)
    return RankSlope(columns.astype(np.int32), before, np.arange(1, len(columns) + 1, dtype=np.int32), positive)


def other_first(pool: Pool, layer: str, scorer: str) -> tuple[int, int]:
    """Number of queries that a model put in order, and of those whose first is no labelled positive."""
    slopes = [rank_slope(pool, layer, scorer, query) for query in range(len(pool))]
    known = [slope for slope in slopes if len(slope.columns)]
    return len(known), sum(slope.other_first for slope in known)
