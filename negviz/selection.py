"""Selection: what was taken from a pool, and what refused each of the others."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from negviz.arrays import PAD, Bools, Floats, Ints, Scores, fingerprint
from negviz.compiled import tally
from negviz.pool import Pool
from negviz.recipe import Recipe

NOT_REFUSED = -1
ABSENT = -2
# About so many cells are worked on, written and read at a time; what is written does not depend on a budget.
GROUP_CELLS = 1 << 20


def group_size(depth: int) -> int:
    """Queries of a group: selections are made, digested and written group by group, whoever does it.

    Args:
        depth: Candidates that a query of the pool has at most.

    Returns:
        A power of two, so that groups of a half and of a quarter of the size end where these do.
    """
    return 1 << (max(GROUP_CELLS // max(depth, 1), 1).bit_length() - 1)


def groups_of(queries: int, depth: int) -> list[Ints]:
    """Rows of a pool, group by group."""
    size = group_size(depth)
    return [np.arange(start, min(start + size, queries), dtype=np.int32) for start in range(0, queries, size)]


class Funnel(NamedTuple):
    """Counts of an outcome; those of several groups add up.

    Attributes:
        queries: Queries.
        candidates: Candidates: those refused, those not drawn and those taken, exactly.
        refused: How many each stage refused.
        not_drawn: Candidates that nothing refused and the draw left.
        taken: Negatives.
        backfilled: Negatives that only fill their query.
        starved: Queries with fewer negatives than wanted.
        empty: Queries with none.
    """

    queries: int
    candidates: int
    refused: tuple[int, ...]
    not_drawn: int
    taken: int
    backfilled: int
    starved: int
    empty: int

    def plus(self, other: "Funnel") -> "Funnel":
        """The counts of both together."""
        refused = tuple(one + two for one, two in zip(self.refused, other.refused, strict=True))
        sums = {name: getattr(self, name) + getattr(other, name) for name in self._fields if name != "refused"}
        return Funnel(refused=refused, **sums)

    def summary(self, recipe: Recipe, stages: Sequence[str], pool: str) -> dict[str, Any]:
        """As plain values.

        Args:
            recipe: What was run.
            stages: Names of what refused, in the order asked.
            pool: Fingerprint of the pool.
        """
        refused = zip(stages, self.refused, strict=True)
        return {
            "recipe": recipe.name,
            "queries": self.queries,
            "candidates": self.candidates,
            "refused": [{"step": stage, "count": count} for stage, count in refused],
            "not_drawn": self.not_drawn,
            "taken": self.taken,
            "backfilled": self.backfilled,
            "starved": self.starved,
            "empty": self.empty,
            "count": recipe.count,
            "seed": recipe.seed,
            "pool": pool,
        }


class Known(NamedTuple):
    """What a compiled pass finds on its way.

    Attributes:
        tally: How many cells are absent, how many nothing refused, how many each stage refused.
        taken_counts: (queries,) negatives taken.
        taken_scores: (queries, count) their scores by the recipe's scorer, NaN where there are fewer.
    """

    tally: tuple[int, ...]
    taken_counts: Ints
    taken_scores: Scores


@dataclass(frozen=True, eq=False)
class Selection:
    """What was taken, and what refused each of the others.

    Attributes:
        pool: Where it was taken from.
        recipe: How.
        drawn_from: (queries, depth) weights before the draw, not normalised, 0 where refused; or how to work them out,
            where a compiled pass did without.
        reasons: (queries, depth) index into ``stages`` of what refused the candidate; ``NOT_REFUSED`` or ``ABSENT``.
        columns: (queries, count) columns taken, best score first, ``PAD`` where there were fewer.
        stages: Names of everything that could refuse, in the order asked.
        padding: (queries, depth), True where a candidate was taken only to fill its query; None where nothing was.
        known: What was found on the way, where a compiled pass found it.
        stored_fingerprint: What a file says that its fingerprint is.
    """

    pool: Pool
    recipe: Recipe
    drawn_from: Floats | Callable[[], Floats]
    reasons: npt.NDArray[np.int8]
    columns: Ints
    stages: tuple[str, ...]
    padding: Bools | None = None
    known: Known | None = None
    stored_fingerprint: str | None = None

    @cached_property
    def weights(self) -> Floats:
        """(queries, depth) before the draw, not normalised; 0 where refused."""
        return self.drawn_from() if callable(self.drawn_from) else self.drawn_from

    @cached_property
    def backfilled(self) -> Bools:
        """(queries, depth), True where taken only to fill its query, in spite of the steps; never a leak."""
        return np.zeros(self.pool.documents.shape, dtype=bool) if self.padding is None else self.padding

    @cached_property
    def taken(self) -> Bools:
        """(queries, depth), True where taken as a negative."""
        return taken_mask(self.columns, self.pool.depth)

    @cached_property
    def taken_counts(self) -> Ints:
        """(queries,) negatives taken."""
        if self.known is not None:
            return self.known.taken_counts
        return np.asarray(np.not_equal(self.columns, PAD).sum(axis=1), dtype=np.int32)

    @cached_property
    def taken_scores(self) -> Scores:
        """(queries, count) scores of the negatives taken by the recipe's scorer, NaN where there are fewer."""
        if self.known is not None:
            return self.known.taken_scores
        if not self.pool.depth:
            return np.full(self.columns.shape, np.nan, dtype=np.float32)
        scores = np.take_along_axis(self.pool.score(self.recipe.scorer), np.maximum(self.columns, 0), axis=1)
        return np.where(np.equal(self.columns, PAD), np.float32(np.nan), scores)

    @cached_property
    def starved(self) -> Bools:
        """(queries,), True where fewer than ``count`` were taken."""
        return np.asarray(self.taken_counts < self.recipe.count)

    @cached_property
    def refused_counts(self) -> list[tuple[str, int]]:
        """How many candidates each stage refused, in the order asked, zeros included."""
        return list(zip(self.stages, self._tally[2:], strict=True))

    @cached_property
    def _tally(self) -> Sequence[int]:
        """How many cells are absent, how many nothing refused, and how many each stage refused."""
        if self.known is not None:
            return self.known.tally
        return tally(self.reasons, ABSENT, len(self.stages) - 1)

    @property
    def candidates(self) -> int:
        """Number of candidates in the pool."""
        return self.pool.candidates

    @property
    def not_drawn(self) -> int:
        """Candidates that nothing refused and the draw left."""
        return self._tally[1] - int(self.taken_counts.sum())

    def reason(self, query: int, column: int) -> str | None:
        """Name of what refused a candidate, None where nothing did."""
        code = int(self.reasons[query, column])
        return self.stages[code] if code >= 0 else None

    @property
    def funnel(self) -> Funnel:
        """Counts of everything."""
        return Funnel(
            queries=len(self.pool),
            candidates=self.candidates,
            refused=tuple(count for _, count in self.refused_counts),
            not_drawn=self.not_drawn,
            taken=int(self.taken_counts.sum()),
            backfilled=0 if self.padding is None else int(self.padding.sum()),
            starved=int(self.starved.sum()),
            empty=int(np.equal(self.taken_counts, 0).sum()),
        )

    def summary(self) -> dict[str, Any]:
        """The funnel: candidates = sum of refused + not drawn + taken, exactly."""
        return self.funnel.summary(self.recipe, self.stages, self.pool.fingerprint)

    def part(self, rows: Ints) -> "Selection":
        """The outcome for some of the queries.

        Args:
            rows: (queries,) places that are kept, in this order.
        """
        name = f"rows {rows[:1]} to {rows[-1:]} of {self.pool.fingerprint}"
        return Selection(
            self.pool.part(rows, name), self.recipe, lambda: self.weights[rows], self.reasons[rows],
            self.columns[rows], self.stages, None if self.padding is None else self.padding[rows],
        )  # fmt: skip

    @cached_property
    def digest(self) -> str:
        """Digest of the outcome alone."""
        return fingerprint(self.weights, self.reasons, self.columns, self.backfilled)

    @cached_property
    def fingerprint(self) -> str:
        """Digest of the pool, the recipe and the outcome, group by group."""
        if self.stored_fingerprint:
            return self.stored_fingerprint
        groups = groups_of(len(self.pool), self.pool.depth)
        return fingerprint_of(self.pool.fingerprint, self.recipe, [self.part(rows).digest for rows in groups])


def fingerprint_of(pool: str, recipe: Recipe, digests: Sequence[str]) -> str:
    """Fingerprint of a selection.

    Args:
        pool: Fingerprint of the pool.
        recipe: What was run.
        digests: Of each group, in order.
    """
    return fingerprint("selection 2", pool, recipe.to_yaml(), *digests)


def taken_mask(columns: Ints, depth: int) -> Bools:
    """(queries, depth), True at the given columns of each row."""
    mask = np.zeros((len(columns), depth), dtype=bool)
    rows, places = np.nonzero(np.not_equal(columns, PAD))
    mask[rows, columns[rows, places]] = True
    return mask


def taken_columns(taken: Bools, rank: Ints, count: int) -> Ints:
    """Columns taken, best rank first, whatever the order in which they were drawn.

    Args:
        taken: (queries, depth), True where taken.
        rank: (queries, depth) by the recipe's scorer.
        count: Negatives a query; no query may have more.

    Returns:
        (queries, count) columns, ``PAD`` where there are fewer.
    """
    order = np.lexsort((rank, ~taken), axis=1)[:, :count]
    columns = np.where(np.take_along_axis(taken, order, axis=1), order, PAD)
    return np.pad(columns, ((0, 0), (0, count - columns.shape[1])), constant_values=PAD).astype(np.int32)
