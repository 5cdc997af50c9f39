"""Loops over rows, compiled: what a slider needs from many candidates in one pass over the stored arrays.

A chain of NumPy expressions reads and writes every array several times, as float64; at millions of candidates that is
what a slider waits for. These loops read the float32 scores once, write one byte a candidate, and give the same result
whatever the number of threads. numba compiles them at first use, in some seconds, and keeps what it compiled; where
there is little to count NumPy does, which needs no start.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from negviz.arrays import PAD, Bools, Floats, Ints, Scores

Codes = npt.NDArray[np.int8]
Orders = npt.NDArray[np.uint16]

OPEN = -1
ROWS = 256
SCORE, RANK_OF_ALL, RANK_OF_ELIGIBLE, RANK_OF_SURVIVORS = range(4)
WIDEST = int(np.iinfo(np.uint16).max)
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


class Sieved(NamedTuple):
    """What a pass found.

    Attributes:
        reasons: (queries, depth) code of what refused each candidate, ``OPEN`` where nothing did.
        columns: (queries, count) columns taken, best score first, ``PAD`` where there were fewer.
        refused: (steps,) candidates that each step refused.
        survivors: (queries,) candidates that nothing refused.
    """

    reasons: Codes
    columns: Ints
    refused: npt.NDArray[np.int64]
    survivors: Ints


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
) -> Sieved:  # fmt: skip
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

    queries, depth = scores.shape
    reasons = np.empty((queries, depth), dtype=np.int8)
    columns = np.empty((queries, count), dtype=np.int32)
    survivors = np.empty(queries, dtype=np.int32)
    refused = np.zeros(((queries + ROWS - 1) // ROWS, len(steps.kinds)), dtype=np.int64)
    last = limit if limit else depth
    _loops.sieve(scores, order, guard, eligible, *steps, first, skip, last, reasons, columns, survivors, refused)
    return Sieved(reasons, columns, refused.sum(axis=0), survivors)


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
    if columns.size < MANY:
        found = axis.of(np.take_along_axis(values, np.maximum(columns, 0), axis=1))
        return _binned(found, np.not_equal(columns, PAD), edges)
    from negviz.compiled import _loops

    counts = np.zeros((_blocks(columns), bins), dtype=np.int64)
    _loops.histogram(values, *axis, columns, float(edges[0]), bins / float(edges[-1] - edges[0]), counts)
    return np.asarray(counts.sum(axis=0))


def whole_histogram(values: Scores, axis: Axis, counted: Bools, edges: Floats) -> npt.NDArray[np.int64]:
    """Count all values that a (queries, depth) mask names; otherwise as ``histogram``."""
    if values.size < MANY:
        return _binned(axis.of(values), counted, edges)
    from negviz.compiled import _loops

    bins = len(edges) - 1
    counts = np.zeros((_blocks(values), bins), dtype=np.int64)
    _loops.whole_histogram(values, *axis, counted, float(edges[0]), bins / float(edges[-1] - edges[0]), counts)
    return np.asarray(counts.sum(axis=0))


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


def _binned(values: Floats, counted: Bools, edges: Floats) -> npt.NDArray[np.int64]:
    bins = len(edges) - 1
    known = values[counted & np.isfinite(values)]
    scaled = (known - float(edges[0])) * (bins / float(edges[-1] - edges[0]))
    return np.bincount(np.clip(scaled.astype(np.int64), 0, bins - 1), minlength=bins).astype(np.int64)


def _blocks(rows: npt.NDArray[Any]) -> int:
    return (len(rows) + ROWS - 1) // ROWS
