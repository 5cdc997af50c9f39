"""Two retrievers' ranks against each other: what both put high, and how many false negatives are there."""

from dataclasses import dataclass

import numpy as np

from negviz.arrays import Bools
from negviz.diagnostics import DIAGNOSTICS
from negviz.labels import CODES, Verdict, Verdicts
from negviz.pool import Pool


@dataclass(frozen=True)
class Quadrant:
    """Candidates that lie on one side of a rank for each of two retrievers.

    Attributes:
        first_high: Whether the first retriever put them above the cut.
        second_high: Whether the second did.
        candidates: How many, leaks left out.
        taken: How many of them were taken.
        judged: How many have a verdict of false or true negative.
        false_negatives: How many of the judged are false negatives.
    """

    first_high: bool
    second_high: bool
    candidates: int
    taken: int
    judged: int
    false_negatives: int


@DIAGNOSTICS.register("Quadrants of two rankings")
def rank_quadrants(
    pool: Pool, taken: Bools, verdicts: Verdicts, retrievers: tuple[str, str], cut: int
) -> list[Quadrant]:
    """Count candidates, taken and judged ones where both, one or neither of two retrievers ranks them high.

    Labelled false negatives are leaks of the selection, so they are counted here although no recipe takes them.

    Args:
        pool: Whose rank layers.
        taken: (queries, depth), True where taken.
        verdicts: (queries, depth) codes, see ``labels.CODES``.
        retrievers: Names of the two.
        cut: First rank that is no longer high; what a retriever did not bring is low.

    Returns:
        Both high, the first alone, the second alone, neither.

    References:
        METHODS B11.
    """
    first, second = ((pool.ranks[name] >= 0) & (pool.ranks[name] < cut) for name in retrievers)
    false = np.equal(verdicts, CODES[Verdict.FALSE_NEGATIVE])
    judged = false | np.equal(verdicts, CODES[Verdict.TRUE_NEGATIVE])
    found = []
    for one, other in ((True, True), (True, False), (False, True), (False, False)):
        here = pool.eligible & np.equal(first, one) & np.equal(second, other)
        counts = (int((here & mask).sum()) for mask in (pool.eligible, taken, judged, false))
        found.append(Quadrant(one, other, *counts))
    return found
