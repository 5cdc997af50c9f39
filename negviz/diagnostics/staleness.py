"""How far the top of the ranking has moved between checkpoints."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from negviz.arrays import PAD, Bools, Floats, Ints
from negviz.diagnostics import DIAGNOSTICS
from negviz.diagnostics.jaccard import jaccard
from negviz.pool import Pool

FAR = 5


@dataclass(frozen=True, eq=False)
class Moved:
    """Overlap of an older checkpoint's ranking with the newest one's.

    Attributes:
        older: Name of the older checkpoint.
        steps: How many checkpoints lie between, plus one.
        overlap: (depths,) mean Jaccard of the two top-k lists, 1 where nothing moved.
    """

    older: str
    steps: int
    overlap: Floats


@DIAGNOSTICS.register("Staleness between checkpoints", reference="ANCE, Xiong et al. 2021, arXiv:2007.00808")
def staleness(pool: Pool, depths: Sequence[int]) -> list[Moved]:
    """Compare the newest checkpoint's top-k with that of the one before it and of the one five before.

    Args:
        pool: With at least two checkpoints; with fewer there is nothing to compare.
        depths: The k of each comparison.

    Returns:
        The previous checkpoint, then the one five before, or the oldest where there are fewer.

    References:
        METHODS B1.
    """
    names = pool.checkpoints
    back = sorted({1, min(FAR, len(names) - 1)} - {0}) if len(names) > 1 else []
    return [Moved(names[-1 - steps], steps, _overlaps(pool, names[-1 - steps], names[-1], depths)) for steps in back]


def _overlaps(pool: Pool, older: str, newest: str, depths: Sequence[int]) -> Floats:
    found = []
    for depth in depths:
        each = jaccard(*(np.where(nearest(pool, name, depth), pool.documents, PAD) for name in (older, newest)))
        found.append(float(np.nanmean(each)) if np.isfinite(each).any() else np.nan)
    return np.array(found)


def nearest(pool: Pool, name: str, depth: int) -> Bools:
    """(queries, depth), True for the candidates in a checkpoint's top list.

    That list is what it retrieved itself where the pool holds it, else the order that its scores give the candidates.
    """
    if name in pool.ranks:
        return np.asarray((pool.ranks[name] >= 0) & (pool.ranks[name] < depth))
    return np.asarray((pool.rank(name) < depth) & np.isfinite(pool.score(name)))


def still_near(pool: Pool, taken: Bools, name: str, depth: int) -> float:
    """Share of taken negatives that are in a checkpoint's top list; NaN where none was taken.

    Args:
        pool: Candidates.
        taken: (queries, depth), True where taken.
        name: The checkpoint.
        depth: Length of the list.
    """
    return float(nearest(pool, name, depth)[taken].mean()) if taken.any() else float("nan")


def list_depth(pool: Pool, wanted: int) -> int:
    """How deep the checkpoints' lists can be compared: as far as wanted, and as each of them was retrieved."""
    lengths = [int(_longest(pool.ranks[name])) for name in pool.checkpoints if name in pool.ranks]
    return max(1, min([wanted, *lengths]))


def _longest(ranks: Ints) -> int:
    return int(ranks.max(initial=-1)) + 1
