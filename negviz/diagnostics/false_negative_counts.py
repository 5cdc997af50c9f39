"""False negatives that a language model found, per query."""

from dataclasses import dataclass

import numpy as np

from negviz.arrays import Bools, Ints, above
from negviz.diagnostics import DIAGNOSTICS
from negviz.pool import Pool

# Share of affected queries with 1, 2, ... false negatives (RLHN, METHODS F5 and section 12, plot 6); of others' data.
PUBLISHED = (0.576, 0.187, 0.089, 0.052, 0.032)


@dataclass(frozen=True, eq=False)
class FalseNegativeCounts:
    """Counts over the queries that were judged.

    Attributes:
        queries: (most + 1,) number of judged queries with 0, 1, ... such candidates.
        judged: (queries,) candidates with a verdict, for every query of the pool.
        found: (queries,) those of at least the level.
    """

    queries: Ints
    judged: Ints
    found: Ints

    @property
    def affected(self) -> int:
        """Judged queries with at least one."""
        return int(self.queries[1:].sum())


@DIAGNOSTICS.register("False negatives per query by verdict", reference="RLHN, arXiv:2505.16967, table 1")
def false_negative_counts(pool: Pool, layer: str, level: int) -> FalseNegativeCounts:
    """Count each query's candidates with a verdict of at least some level.

    Args:
        pool: Candidates.
        layer: Name of the layer of verdicts.
        level: Lowest value that counts.
    """
    verdicts = pool.score(layer)
    known: Bools = np.asarray(np.isfinite(verdicts) & pool.present)
    found = (np.asarray(above(verdicts, float(level), inclusive=True) > 0) & known).sum(axis=1).astype(np.int32)
    judged = known.sum(axis=1).astype(np.int32)
    return FalseNegativeCounts(np.bincount(found[judged > 0], minlength=2).astype(np.int32), judged, found)
