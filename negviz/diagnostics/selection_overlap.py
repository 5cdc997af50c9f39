"""How far selections take the same pairs."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from negviz.arrays import Floats, Ints
from negviz.diagnostics import DIAGNOSTICS
from negviz.selection import Selection
from negviz.taken_pairs import PairKeys, pairs_of, taken_keys


@dataclass(frozen=True)
class Intersection:
    """Pairs that exactly some of the selections take, and no other.

    Attributes:
        members: Places of those selections, ascending.
        count: Number of pairs.
    """

    members: tuple[int, ...]
    count: int


@dataclass(frozen=True, eq=False)
class Overlap:
    """What several selections have in common.

    Attributes:
        sizes: (selections,) pairs that each takes.
        union: Pairs that at least one takes.
        over_pairs: (selections, selections) Jaccard index of the sets of pairs; NaN where both are empty.
        per_query: (selections, selections) mean over queries of the Jaccard index of what they take for the query;
            queries for which neither takes anything are left out, NaN where that is all of them.
        intersections: Exclusive ones that are not empty, the largest first; their counts add up to the union.
    """

    sizes: Ints
    union: int
    over_pairs: Floats
    per_query: Floats
    intersections: tuple[Intersection, ...]


@DIAGNOSTICS.register("Overlap of selections", reference="Jaccard 1912; UpSet, Lex et al. 2014")
def selection_overlap(selections: Sequence[Selection]) -> Overlap:
    """Compare what selections take, pair by pair; their pools may differ in candidates, not in queries.

    The Jaccard index is the number of pairs that both take divided by the number that at least one takes.

    Args:
        selections: At least one, on the same dataset and queries.

    References:
        METHODS section 12 (8).
    """
    keys = [taken_keys(selection) for selection in selections]
    pool = selections[0].pool
    counts = [_per_query(pairs_of(pool, own)[:, 0], len(pool)) for own in keys]
    total = len(keys)
    over_pairs, per_query = np.full((total, total), np.nan), np.full((total, total), np.nan)
    for one in range(total):
        for other in range(one, total):
            shared = np.intersect1d(keys[one], keys[other], assume_unique=True)
            both = _per_query(pairs_of(pool, shared)[:, 0], len(pool))
            either = counts[one] + counts[other] - both
            if either.any():
                asked = either > 0
                over_pairs[one, other] = over_pairs[other, one] = both.sum() / either.sum()
                per_query[one, other] = per_query[other, one] = (both[asked] / either[asked]).mean()
    sizes = np.array([len(own) for own in keys], dtype=np.int32)
    parts = _intersections(keys)
    return Overlap(sizes, sum(part.count for part in parts), over_pairs, per_query, parts)


def _per_query(places: Ints, queries: int) -> Ints:
    return np.bincount(places, minlength=queries).astype(np.int32)


def _intersections(keys: Sequence[PairKeys]) -> tuple[Intersection, ...]:
    union, inverse = np.unique(np.concatenate(keys), return_inverse=True)
    member = np.zeros((len(union), len(keys)), dtype=bool)
    start = 0
    for place, own in enumerate(keys):
        member[inverse[start : start + len(own)], place] = True
        start += len(own)
    patterns, counts = np.unique(member, axis=0, return_counts=True)
    found = [
        Intersection(tuple(np.flatnonzero(pattern).tolist()), int(count))
        for pattern, count in zip(patterns, counts, strict=True)
    ]
    return tuple(sorted(found, key=lambda part: (-part.count, len(part.members), part.members)))
