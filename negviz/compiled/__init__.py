"""Loops over rows, compiled: what a slider needs from many candidates in one pass over the stored arrays.

A chain of NumPy expressions reads and writes every array several times, as float64; at millions of candidates that is
what a slider waits for. These loops read the float32 scores once, write one byte a candidate, and give the same result
whatever the number of threads. numba compiles them at first use, in some seconds, and keeps what it compiled; where
there is little to count NumPy does, which needs no start.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from negviz.arrays import PAD, Bools, Flags, Floats, Ints, Keys, Scores

Codes = npt.NDArray[np.int8]
Orders = npt.NDArray[np.uint16]

OPEN = -1
ROWS = 256
SCORE, RANK_OF_ALL, RANK_OF_ELIGIBLE, RANK_OF_SURVIVORS = range(4)
WIDEST = int(np.iinfo(np.uint16).max)
# Groups for each negative drawn, whose best bound how far one must look; two are quickest for 5 to 50 negatives of 100.
GROUPS = 2
# From so many cells on a compiled loop is worth its start.
MANY = 500_000


class Steps(NamedTuple):
    """Steps that are limits.

    Attributes:
        kinds: (steps,) what is compared: ``SCORE``, or the rank among all, the eligible or the survivors.
        low: (steps, queries) lower limits, minus infinity where there is none; of ranks the first one accepted.
        high: (steps, queries) upper limits; of ranks the first one no longer accepted. NaN refuses the whole query.
        inclusive: (steps, 2) whether a score equal to the lower and to the upper limit is kept.
    """

    kinds: npt.NDArray[np.int8]
    low: Floats
    high: Floats
    inclusive: Bools


class Found(NamedTuple):
    """What a pass found.

    Attributes:
        reasons: (queries, depth) code of what refused each candidate, ``OPEN`` where nothing did.
        columns: (queries, count) columns taken, best score first, ``PAD`` where there were fewer.
        scores: (queries, count) their scores, NaN where there were fewer.
        taken: (queries,) how many were taken.
        refused: (steps,) candidates that each step refused.
    """

    reasons: Codes
    columns: Ints
    scores: Scores
    taken: Ints
    refused: npt.NDArray[np.int64]

    @classmethod
    def blank(cls, scores: Scores, count: int, steps: int) -> "Found":
        """Room for what a pass over (queries, depth) scores will find; refusals are counted by block of rows."""
        shape = (len(scores), count)
        return cls(
            np.empty(scores.shape, dtype=np.int8), np.empty(shape, dtype=np.int32), np.empty(shape, dtype=np.float32),
            np.empty(len(scores), dtype=np.int32), np.zeros((_blocks(scores), steps), dtype=np.int64),
        )  # fmt: skip

    def summed(self) -> "Found":
        """With the refusals of all blocks added up."""
        return self._replace(refused=self.refused.sum(axis=0))


def score_order(scores: Scores, present: Bools) -> Orders:
    """Columns of each row by score from high to low; ties by column, unknown scores next, absent cells last.

    Args:
        scores: (queries, depth), NaN where unknown; not more than 65,535 columns.
        present: (queries, depth), False for padding.
    """
    from negviz.compiled import _loops

    order = np.empty(scores.shape, dtype=np.uint16)
    _loops.order(scores, present, order)
    return order


def sieve(
    scores: Scores, order: Orders, guard: Codes, eligible: Bools, steps: Steps, *, first: int, count: int,
    skip: int = 0, limit: int = 0,
) -> Found:  # fmt: skip
    """Refuse by limits, then take the best of what is left.

    Args:
        scores: (queries, depth) of the recipe's scorer.
        order: What ``score_order`` gave for them.
        guard: (queries, depth) codes of what leak guards and labels refused, ``OPEN`` elsewhere, below it where absent.
        eligible: (queries, depth), True for candidates without any leak.
        steps: Limits, in the order asked.
        first: Code of the first step; the others count up from it.
        count: Negatives a query.
        skip: How many of the highest-scoring survivors to pass over first.
        limit: Look only at that many of the highest-scoring survivors; 0 is all.
    """
    from negviz.compiled import _loops

    found = Found.blank(scores, count, len(steps.kinds))
    last = limit if limit else scores.shape[1]
    _loops.sieve(scores, order, guard, eligible, *steps, first, skip, last, *found)
    return found.summed()


class Axis(NamedTuple):
    """What is counted of a score: its distance to something, in some unit; ``(score - shift) * factor``.

    Attributes:
        shift: (queries,), NaN leaves a query out.
        factor: (queries,).
    """

    shift: Floats
    factor: Floats

    def of(self, values: Scores, rows: npt.NDArray[np.integer] | slice = slice(None)) -> Floats:
        """(rows, any) values on the axis, NaN where unknown."""
        return np.asarray((values.astype(np.float64) - self.shift[rows, None]) * self.factor[rows, None])


class Bell(NamedTuple):
    """Weights that fall with the distance to a peak (``negviz.bells``).

    Attributes:
        peak: (queries,) score at which the weight is 1, NaN refuses the query.
        sharpness: In 1 / (score unit)^2, or 1 / (score unit) where it is not Gaussian.
        gaussian: Or Laplacian.
    """

    peak: Floats
    sharpness: float
    gaussian: bool


class Noise(NamedTuple):
    """What noise is made of (``negviz.arrays.gumbel`` of the pairs' keys).

    Attributes:
        query_keys: (queries,) keys of the pool's queries, mixed once.
        document_keys: (documents,) keys of the dataset's documents.
        start: The seed, mixed.
    """

    query_keys: Keys
    document_keys: Keys
    start: np.uint64


def draw_near(
    scores: Scores, documents: Ints, bell: Bell, noise: Noise, guard: Codes, *, code: int, count: int
) -> Found:
    """Draw without replacement in proportion to a bell's weights: Gumbel top-k, the same for any number of threads.

    Only what may be among those drawn gets its noise in full; quick bounds with a known error tell what may.

    Args:
        scores: (queries, depth) of the recipe's scorer.
        documents: (queries, depth) rows of the dataset.
        bell: The weights.
        noise: Where the noise comes from.
        guard: (queries, depth) codes of what earlier steps, leak guards and labels refused, ``OPEN`` elsewhere.
        code: Of the step that weighs: what has no distance to the peak gets it.
        count: Negatives a query.
    """
    from negviz.compiled import _sampling

    found = Found.blank(scores, count, 1)
    groups = min(max(scores.shape[1], 1), GROUPS * count)
    _sampling.draw_near(scores, documents, *noise, *bell, np.int8(code), groups, guard, *found[:4], found.refused[:, 0])
    return found.summed()


def tally(codes: Codes, lowest: int, highest: int) -> list[int]:
    """Count each code from ``lowest`` to ``highest`` in (queries, depth) codes."""
    if codes.size < MANY:
        found = np.bincount(codes.ravel().astype(np.intp) - lowest, minlength=highest - lowest + 1)
        return [int(count) for count in found]
    from negviz.compiled import _loops

    counts = np.zeros((_blocks(codes), highest - lowest + 1), dtype=np.int64)
    _loops.tally(codes, lowest, counts)
    return [int(count) for count in counts.sum(axis=0)]


def histogram(values: Scores, axis: Axis, columns: Ints, edges: Floats) -> npt.NDArray[np.int64]:
    """Count values at some columns of each row in bins of equal width.

    Args:
        values: (queries, depth); NaN is nowhere.
        axis: What of them is counted.
        columns: (queries, any) columns to count, ``PAD`` for none.
        edges: (bins + 1,) ascending, equally spaced; values outside fall into the first or last bin.
    """
    bins = len(edges) - 1
    if values.size < MANY:
        found = axis.of(np.take_along_axis(values, np.maximum(columns, 0), axis=1))
        return _binned(found, np.not_equal(columns, PAD), edges)
    from negviz.compiled import _loops

    counts = np.zeros((_blocks(columns), bins), dtype=np.int64)
    _loops.histogram(values, *axis, columns, float(edges[0]), bins / float(edges[-1] - edges[0]), counts)
    return np.asarray(counts.sum(axis=0))


def whole_histogram(values: Scores, axis: Axis, counted: Bools | None, edges: Floats) -> npt.NDArray[np.int64]:
    """Count all values that a (queries, depth) mask names, without one all that are known; else as ``histogram``."""
    if values.size < MANY:
        found = axis.of(values)
        return _binned(found, np.isfinite(found) if counted is None else counted, edges)
    from negviz.compiled import _loops

    bins = len(edges) - 1
    counts = np.zeros((_blocks(values), bins), dtype=np.int64)
    scale = bins / float(edges[-1] - edges[0])
    if counted is None:
        _loops.known_histogram(values, *axis, float(edges[0]), scale, counts)
    else:
        _loops.whole_histogram(values, *axis, counted, float(edges[0]), scale, counts)
    return np.asarray(counts.sum(axis=0))


def banded(
    values: Scores, axis: Axis, order: Orders, counted: Bools, stops: Sequence[int], edges: Floats
) -> npt.NDArray[np.int64]:
    """Count values in bins, apart for bands of their rank.

    Args:
        values: (queries, depth); NaN is nowhere.
        axis: What of them is counted.
        order: (queries, depth) columns of each row, best first; the rank is the place therein.
        counted: (queries, depth) mask.
        stops: First rank beyond each band, ascending; the last band takes the rest.
        edges: (bins + 1,) ascending, equally spaced; values outside fall into the first or last bin.

    Returns:
        (bands, bins).
    """
    from negviz.compiled import _loops

    bins = len(edges) - 1
    last = np.array([*stops[:-1], max(values.shape[1], stops[-1]) + 1], dtype=np.int64)
    counts = np.zeros((_blocks(values), len(stops), bins), dtype=np.int64)
    scale = bins / float(edges[-1] - edges[0])
    _loops.banded(values, *axis, order, counted, last, float(edges[0]), scale, counts)
    return np.asarray(counts.sum(axis=0))


class Reach(NamedTuple):
    """From where to where a step accepts, and what of a candidate it compares with that.

    Attributes:
        kind: ``SCORE``, or the rank among all, the eligible or the survivors.
        low: (queries,) lower limits, minus infinity where there is none.
        high: (queries,) upper limits, infinity where there is none.
        stage: Code of the step.
        soft: Whether it only weighs, so that its side is measured and not recorded.
    """

    kind: int
    low: Floats
    high: Floats
    stage: int
    soft: bool


def nearest(
    scores: Scores, order: Orders, reasons: Codes, eligible: Bools, reach: Reach, count: int
) -> tuple[npt.NDArray[np.int64], Floats]:
    """Find the candidates nearest to the limits of a step, on both sides.

    Args:
        scores: (queries, depth).
        order: What ``score_order`` gave for them; empty where scores are compared.
        reasons: (queries, depth) code of what refused each candidate, ``OPEN`` where nothing did.
        eligible: (queries, depth), True for candidates without any leak.
        reach: The step.
        count: How many on each side.

    Returns:
        (2, found) places in the flattened table and how far beyond the limit each is; refused ones first, nearest
        first, ties in order of place, ``PAD`` where there are fewer.
    """
    from negviz.compiled import _loops

    shape = (_blocks(scores), 2, count)
    best, cells, distances = np.full(shape, np.inf), np.full(shape, PAD, dtype=np.int64), np.full(shape, np.nan)
    _loops.nearest(scores, order, reasons, eligible, *reach, best, cells, distances)
    # Blocks are in order of place, and so is what lies in each among equals: a stable sort keeps it.
    chosen = np.argsort(_by_side(best), axis=1, kind="stable")[:, :count]
    found = np.take_along_axis(_by_side(cells), chosen, axis=1)
    return found, np.take_along_axis(_by_side(distances), chosen, axis=1)


def span(values: Scores, axis: Axis, counted: Bools) -> tuple[float, float]:
    """Smallest and largest value on an axis among those counted; (inf, -inf) where nothing is known."""
    if values.size < MANY:
        found = axis.of(values)[counted]
        known = found[np.isfinite(found)]
        return float(known.min(initial=np.inf)), float(known.max(initial=-np.inf))
    from negviz.compiled import _loops

    ends = np.empty((_blocks(values), 2), dtype=np.float64)
    _loops.span(values, *axis, counted, ends)
    return float(ends[:, 0].min(initial=np.inf)), float(ends[:, 1].max(initial=-np.inf))


def count_below(values: Scores, axis: Axis, limit: Floats | float, counted: Bools) -> tuple[int, int]:
    """How many values on an axis lie below a limit, and how many are known.

    Args:
        values: (queries, depth), NaN where unknown.
        axis: What of them is compared.
        limit: One number, or (queries,); a NaN leaves its row out.
        counted: (queries, depth) mask.
    """
    limits = np.ascontiguousarray(np.broadcast_to(np.asarray(limit, dtype=np.float64), len(values)))
    if values.size < MANY:
        found = axis.of(values)
        known = counted & np.isfinite(found) & np.isfinite(limits)[:, None]
        return int((known & (found < limits[:, None])).sum()), int(known.sum())
    from negviz.compiled import _loops

    counts = np.zeros((_blocks(values), 2), dtype=np.int64)
    _loops.count_below(values, *axis, limits, counted, counts)
    below, known_count = counts.sum(axis=0)
    return int(below), int(known_count)


class Against(NamedTuple):
    """How the candidates of each row do against a level.

    Attributes:
        best: (queries,) largest value, NaN where none is known.
        above: (queries,) how many values lie above the level; 0 where it is unknown.
        known: (queries,) how many values are known.
    """

    best: Floats
    above: Ints
    known: Ints


def against(values: Scores, level: Floats, counted: Bools) -> Against:
    """Compare the values of each row with a level of its own.

    Args:
        values: (queries, depth), NaN where unknown.
        level: (queries,), NaN where unknown.
        counted: (queries, depth), which values count.
    """
    found = Against(np.full(len(values), np.nan), *(np.zeros(len(values), dtype=np.int32) for _ in range(2)))
    if values.size < MANY:
        known = counted & np.isfinite(values)
        best = np.where(known, values, -np.inf).max(axis=1, initial=-np.inf)
        above = (known & (values.astype(np.float64) > level[:, None])).sum(axis=1)
        found.best[:] = np.where(known.any(axis=1), best, np.nan)
        found.above[:], found.known[:] = above, known.sum(axis=1)
        return found
    from negviz.compiled import _loops

    _loops.against(values, level, counted, *found)
    return found


def count_in_rows(codes: Codes, code: int) -> Ints:
    """(queries,) how often a code stands in each row of (queries, depth) codes."""
    if codes.size < MANY:
        return np.asarray(np.equal(codes, code).sum(axis=1), dtype=np.int32)
    from negviz.compiled import _loops

    counts = np.empty(len(codes), dtype=np.int32)
    _loops.count_in_rows(codes, np.int8(code), counts)
    return counts


def any_bit(flags: Flags, bit: int) -> Bools:
    """(queries,), True where any of a row's (queries, depth) flags has a bit."""
    if flags.size < MANY:
        return np.asarray((flags & bit).any(axis=1))
    from negviz.compiled import _loops

    found = np.empty(len(flags), dtype=bool)
    _loops.any_bit(flags, np.uint16(bit), found)
    return found


def _binned(values: Floats, counted: Bools, edges: Floats) -> npt.NDArray[np.int64]:
    bins = len(edges) - 1
    known = values[counted & np.isfinite(values)]
    scaled = (known - float(edges[0])) * (bins / float(edges[-1] - edges[0]))
    return np.bincount(np.clip(scaled.astype(np.int64), 0, bins - 1), minlength=bins).astype(np.int64)


def _by_side(blocks: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """(2, blocks * count) of (blocks, 2, count)."""
    return blocks.transpose(1, 0, 2).reshape(2, -1)


def _blocks(rows: npt.NDArray[Any]) -> int:
    return (len(rows) + ROWS - 1) // ROWS
