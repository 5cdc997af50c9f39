"""What one selection takes and another does not."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from negviz.arrays import Floats, Ints
from negviz.diagnostics import DIAGNOSTICS
from negviz.selection import Selection
from negviz.taken_pairs import pairs_of, taken_keys


@dataclass(frozen=True, eq=False)
class Differences:
    """Two selections side by side.

    Attributes:
        queries: Number of queries.
        only_first: (pairs, 2) place of the query and document row of what only the first takes, ascending.
        only_second: The same of what only the second takes.
        both: The same of what both take.
    """

    queries: int
    only_first: Ints
    only_second: Ints
    both: Ints

    @cached_property
    def differing(self) -> Ints:
        """(queries,) pairs that exactly one of the two takes."""
        return self._counts(self.only_first) + self._counts(self.only_second)

    @cached_property
    def distance(self) -> Floats:
        """(queries,) Jaccard distance: 0 for the same pairs, 1 where nothing is shared, NaN where nothing is taken."""
        either = self.differing + self._counts(self.both)
        unknown = np.full(self.queries, np.nan)
        return np.asarray(np.divide(self.differing, either, out=unknown, where=either > 0))

    @cached_property
    def most_different(self) -> Ints:
        """(queries,) places: by number of differing pairs, then by distance, then in order of the pool."""
        known = np.nan_to_num(self.distance, nan=-1.0)
        return np.lexsort((np.arange(self.queries), -known, -self.differing)).astype(np.int32)

    def _counts(self, pairs: Ints) -> Ints:
        return np.bincount(pairs[:, 0], minlength=self.queries).astype(np.int32)


@DIAGNOSTICS.register("What one takes and another does not")
def taken_differences(first: Selection, second: Selection) -> Differences:
    """Split the pairs that at least one of two selections takes into three parts.

    Args:
        first: A selection.
        second: Another one on the same dataset and queries; its pool may hold other candidates.

    References:
        METHODS section 12 (8).
    """
    one, other = taken_keys(first), taken_keys(second)
    pool = first.pool
    return Differences(
        len(pool),
        pairs_of(pool, np.setdiff1d(one, other, assume_unique=True)),
        pairs_of(pool, np.setdiff1d(other, one, assume_unique=True)),
        pairs_of(pool, np.intersect1d(one, other, assume_unique=True)),
    )
