"""Loops over rows, compiled: what a slider needs from many candidates in one pass over the stored arrays.

A chain of NumPy expressions reads and writes every array several times, as float64; at millions of candidates that is
what a slider waits for. These loops read the float32 scores once, write one byte a candidate, and give the same result
whatever the number of threads. numba compiles them at first use, in a second or two, and keeps what it compiled.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from negviz.arrays import Bools, Floats, Ints, Scores
from negviz.compiled import _loops
from negviz.compiled._loops import OPEN, RANK_OF_ALL, RANK_OF_ELIGIBLE, RANK_OF_SURVIVORS, ROWS, SCORE

__all__ = [
    "OPEN", "RANK_OF_ALL", "RANK_OF_ELIGIBLE", "RANK_OF_SURVIVORS", "SCORE", "Sieved", "Steps", "count_below",
    "histogram", "score_order", "sieve", "span", "tally", "whole_histogram",
]  # fmt: skip

Codes = npt.NDArray[np.int8]
Orders = npt.NDArray[np.uint16]

WIDEST = int(np.iinfo(np.uint16).max)


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
    queries, depth = scores.shape
    reasons = np.empty((queries, depth), dtype=np.int8)
    columns = np.empty((queries, count), dtype=np.int32)
    survivors = np.empty(queries, dtype=np.int32)
    refused = np.zeros(((queries + ROWS - 1) // ROWS, len(steps.kinds)), dtype=np.int64)
    last = limit if limit else depth
    _loops.sieve(scores, order, guard, eligible, *steps, first, skip, last, reasons, columns, survivors, refused)
    return Sieved(reasons, columns, refused.sum(axis=0), survivors)


def tally(codes: Codes, lowest: int, highest: int) -> list[int]:
    """Count each code from ``lowest`` to ``highest`` in (queries, depth) codes."""
    counts = np.zeros(((len(codes) + ROWS - 1) // ROWS, highest - lowest + 1), dtype=np.int64)
    _loops.tally(codes, lowest, counts)
    return [int(count) for count in counts.sum(axis=0)]


def histogram(values: Scores, shift: Floats, columns: Ints, edges: Floats) -> Ints:
    """Count values at some columns of each row in bins of equal width.

    Args:
        values: (queries, depth); NaN is nowhere.
        shift: (queries,) what to subtract from a row's values; NaN leaves the row out.
        columns: (queries, any) columns to count, ``PAD`` for none.
        edges: (bins + 1,) ascending, equally spaced; values outside fall into the first or last bin.
    """
    low, scale = float(edges[0]), (len(edges) - 1) / float(edges[-1] - edges[0])
    counts = np.zeros(((len(columns) + ROWS - 1) // ROWS, len(edges) - 1), dtype=np.int64)
    _loops.histogram(values, shift, columns, low, scale, counts)
    return np.asarray(counts.sum(axis=0), dtype=np.int32)


def whole_histogram(values: Scores, shift: Floats, counted: Bools, edges: Floats) -> npt.NDArray[np.int64]:
    """Count all values that a mask names in bins of equal width; otherwise as ``histogram``."""
    low, scale = float(edges[0]), (len(edges) - 1) / float(edges[-1] - edges[0])
    counts = np.zeros(((len(values) + ROWS - 1) // ROWS, len(edges) - 1), dtype=np.int64)
    _loops.whole_histogram(values, shift, counted, low, scale, counts)
    return np.asarray(counts.sum(axis=0))


def span(values: Scores, shift: Floats, counted: Bools) -> tuple[float, float]:
    """Smallest and largest value less its row's shift among those counted; (inf, -inf) where nothing is known."""
    ends = np.empty(((len(values) + ROWS - 1) // ROWS, 2), dtype=np.float64)
    _loops.span(values, shift, counted, ends)
    return float(ends[:, 0].min(initial=np.inf)), float(ends[:, 1].max(initial=-np.inf))


def count_below(values: Scores, limit: Floats, counted: Bools) -> tuple[int, int]:
    """How many values lie below their row's limit, and how many are known.

    Args:
        values: (queries, depth), NaN where unknown.
        limit: (queries,); a NaN leaves its row out.
        counted: (queries, depth) mask.
    """
    counts = np.zeros(((len(values) + ROWS - 1) // ROWS, 2), dtype=np.int64)
    _loops.count_below(values, limit, counted, counts)
    below, known = counts.sum(axis=0)
    return int(below), int(known)
