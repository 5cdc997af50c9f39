"""Difficulty of queries: how each query's positive does against the best of its candidates."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from negviz.arrays import Bools, Floats, Ints, Keys, uniform
from negviz.compiled import against, any_bit
from negviz.diagnostics import DIAGNOSTICS
from negviz.pool import LEAKS, Anchor, Pool
from negviz.selection import Selection

STARVED, BELOW, REST = "Starved", "Positive below its best candidate", "The other queries"
# The place of each is its code; one that stands later is drawn above.
KINDS = (REST, BELOW, STARVED)


@dataclass(frozen=True, eq=False)
class QueryDifficulty:
    """One number a query, of candidates without any leak; no knob of a step changes them.

    Attributes:
        positive: (queries,) score that margins are measured from, NaN where no positive has one.
        best: (queries,) highest score of a candidate, NaN where none is known.
        above: (queries,) candidates that score above the positive.
        known: (queries,) candidates whose score is known.
    """

    positive: Floats
    best: Floats
    above: Ints
    known: Ints

    @cached_property
    def lead(self) -> Floats:
        """(queries,) the positive's score minus that of the best candidate; NaN where either is unknown."""
        return self.positive - self.best

    @cached_property
    def drawable(self) -> Bools:
        """(queries,), True where both scores are known."""
        return np.isfinite(self.lead)

    @cached_property
    def hardest(self) -> npt.NDArray[np.intp]:
        """(queries,) rows from the smallest lead to the largest, unknown ones last; ties as stored."""
        return np.argsort(self.lead, kind="stable")

    @cached_property
    def beaten(self) -> Bools:
        """(queries,), True where the best candidate scores above the positive."""
        return np.greater(self.above, 0)

    @cached_property
    def outranked(self) -> Bools:
        """(queries,), True where more than half of the candidates score above the positive."""
        return np.asarray(2 * self.above.astype(np.int64) > self.known)


@DIAGNOSTICS.register("Difficulty of queries", reference="METHODS 12, plot 11")
def query_difficulty(pool: Pool, scorer: str, anchor: Anchor) -> QueryDifficulty:
    """Compare the positive of each query with its candidates, in one pass.

    Args:
        pool: Candidates.
        scorer: Whose scores.
        anchor: Which positive of a query.

    Raises:
        MissingInputError: If the pool has no such scorer.
    """
    level = pool.anchor(scorer, anchor)
    found = against(pool.score(scorer), level, pool.eligible)
    return QueryDifficulty(level, found.best, found.above, found.known)


def kinds(selection: Selection, difficulty: QueryDifficulty, *, short: bool = True) -> npt.NDArray[np.int8]:
    """(queries,) place in ``KINDS`` of each query; a starved one counts as starved, whatever its positive.

    Args:
        selection: Outcome of a recipe.
        difficulty: Of the same pool, for the recipe's scorer.
        short: Whether fewer negatives than the count mean anything; a recipe that takes all there is starves nobody.
    """
    codes = np.where(difficulty.beaten, KINDS.index(BELOW), KINDS.index(REST)).astype(np.int8)
    if short:
        codes[selection.starved] = KINDS.index(STARVED)
    return codes


def unretrieved(pool: Pool) -> Bools:
    """(queries,), True where a positive is labelled and none of them is among the candidates."""
    return np.asarray(pool.has_positive & ~any_bit(pool.flags, LEAKS["labelled positive"]))


def sample(codes: npt.NDArray[np.int8], among: Bools, keys: Keys, most: int, seed: int = 0) -> npt.NDArray[np.intp]:
    """Rows to draw where there are too many: a seeded sample in which rare kinds are whole.

    Every kind has an equal part of the room; what one does not need is left to those that come after it, the rarest
    first. A query has the same noise at every step of a slider, so the picture stays.

    Args:
        codes: (queries,) kind of each.
        among: (queries,), which can be drawn.
        keys: (queries,) of their ids.
        most: How many at most.
        seed: Another one draws others.

    Returns:
        Rows, ascending.
    """
    rows = np.flatnonzero(among)
    if len(rows) <= most:
        return rows
    noise = uniform(keys[rows], seed)
    groups = sorted((np.flatnonzero(np.equal(codes[rows], code)) for code in range(len(KINDS))), key=len)
    chosen, room = [], most
    for place, group in enumerate(groups):
        part = min(len(group), room // (len(groups) - place))
        chosen.append(group[np.argsort(noise[group], kind="stable")[:part]])
        room -= part
    return np.sort(rows[np.concatenate(chosen)])
