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
    """

    pool: Pool
    recipe: Recipe
    drawn_from: Floats | Callable[[], Floats]
    reasons: npt.NDArray[np.int8]
    columns: Ints
    stages: tuple[str, ...]
    padding: Bools | None = None
    known: Known | None = None

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

    def summary(self) -> dict[str, Any]:
        """The funnel: candidates = sum of refused + not drawn + taken, exactly."""
        return {
            "recipe": self.recipe.name,
            "queries": len(self.pool),
            "candidates": self.candidates,
            "refused": [{"step": stage, "count": count} for stage, count in self.refused_counts],
            "not_drawn": self.not_drawn,
            "taken": int(self.taken_counts.sum()),
            "backfilled": 0 if self.padding is None else int(self.padding.sum()),
            "starved": int(self.starved.sum()),
            "empty": int(np.equal(self.taken_counts, 0).sum()),
            "count": self.recipe.count,
            "seed": self.recipe.seed,
            "pool": self.pool.fingerprint,
        }

    @cached_property
    def fingerprint(self) -> str:
        """Digest of the pool, the recipe and the outcome."""
        return fingerprint(
            "selection 1", self.pool.fingerprint, self.recipe.to_yaml(), self.weights, self.reasons, self.columns,
            self.backfilled,
        )  # fmt: skip


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
