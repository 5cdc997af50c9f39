"""How the scores of candidates changed between two checkpoints, and what a replacement would take."""

from dataclasses import dataclass

import numpy as np

from negviz.arrays import Bools
from negviz.diagnostics import DIAGNOSTICS
from negviz.pool import Pool

FIRST = 10


@dataclass(frozen=True)
class Change:
    """Counts of candidates by what became of their score.

    Attributes:
        known: With both scores.
        easier: Whose magnitude fell.
        harder: Whose magnitude rose.
        replaced: That the rule calls no longer hard.
    """

    known: int
    easier: int
    harder: int
    replaced: int


@DIAGNOSTICS.register("Change of score between checkpoints")
def score_change(pool: Pool, older: str, newer: str, among: Bools, replaced: Bools) -> Change:
    """Count which candidates became easier and harder.

    Args:
        pool: Candidates.
        older: Scorer of the older checkpoint.
        newer: Scorer of the newer checkpoint.
        among: (queries, depth) candidates that count.
        replaced: (queries, depth), True where a rule refused the candidate as no longer hard.
    """
    then, now = (np.abs(pool.score(name)) for name in (older, newer))
    known = among & np.isfinite(then) & np.isfinite(now)
    with np.errstate(invalid="ignore"):
        counts = (known, known & (now < then), known & (now > then), known & replaced)
    return Change(*(int(mask.sum()) for mask in counts))


def replacement_block(time: int, count: int) -> tuple[int, int]:
    """Ranks of the block that replaces negatives that are no longer hard, both ends included.

    The i-th replacement takes the ranks from (i - 1) n + 10 to i n + 10. Read with both ends, as the summaries of the
    paper give it, a block has n + 1 ranks and shares its last with the next one.

    Args:
        time: Which replacement, from 1.
        count: Negatives a query, n.

    References:
        METHODS B9.
    """
    return (time - 1) * count + FIRST, time * count + FIRST
