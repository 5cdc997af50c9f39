"""The loops themselves, as numba compiles them; ``negviz.compiled`` says what goes in and what comes out.

They work on rows (one query each), in blocks of rows that threads share out. Types are those of the arguments, so there
are no annotations here.
"""

from typing import Any

import numpy as np
from numba import njit, prange

from negviz.arrays import PAD, RELATIVE_TOLERANCE
from negviz.compiled import OPEN, RANK_OF_ALL, RANK_OF_ELIGIBLE, RANK_OF_SURVIVORS, ROWS, SCORE

# Below this size two scores count as equal by their difference and not by its share (``negviz.arrays.below``).
SMALL = 0.25
# On which side of a limit a value lies is sure beyond this share of it; nearer, rounding decides.
EDGE = 1e-5
LARGEST = np.float32(np.finfo(np.float32).max)
# Without fastmath: it would take NaN for a number, even where only reordering of sums is allowed.
FAST: dict[str, Any] = {"error_model": "numpy", "cache": True}


@njit(**FAST)
def nearly(value, limit, inclusive):
    slack = RELATIVE_TOLERANCE * max(abs(value), abs(limit), SMALL)
    return value <= limit + slack if inclusive else value < limit - slack


@njit(**FAST)
def up(value):
    return np.nextafter(value, np.float32(np.inf))


@njit(**FAST)
def largest_below(limit, inclusive):
    """Largest float32 that ``negviz.arrays.below`` keeps: the comparison is then one of float32 with float32."""
    if limit == np.inf:
        return LARGEST
    if not np.isfinite(limit):
        return np.float32(-np.inf)
    # From where it must be to rounding, so that a step or two lead there; near 0 float32 has billions of steps.
    slack = RELATIVE_TOLERANCE * max(abs(limit), SMALL)
    edge = np.float32(limit + slack if inclusive else limit - slack)
    while nearly(np.float64(up(edge)), limit, inclusive):
        edge = up(edge)
    while not nearly(np.float64(edge), limit, inclusive):
        edge = np.nextafter(edge, np.float32(-np.inf))
    return edge


@njit(**FAST)
def refuse_scores(scores, low, high, code, out):
    refused = 0
    for column in range(scores.shape[0]):
        inside = (scores[column] >= low) & (scores[column] <= high)
        out[column] = out[column] if inside | (out[column] != OPEN) else code
    for column in range(scores.shape[0]):
        refused += out[column] == code
    return refused


@njit(**FAST)
def refuse_uncounted(scores, guard, eligible, kind, code, out):
    """A window that leaves out no rank still refuses what has none."""
    refused = 0
    for column in range(scores.shape[0]):
        counted = guard[column] >= OPEN if kind == RANK_OF_ALL else eligible[column] | (kind == RANK_OF_SURVIVORS)
        outside = (out[column] == OPEN) & (not (counted & np.isfinite(scores[column])))
        out[column] = code if outside else out[column]
        refused += outside
    return refused


@njit(**FAST)
def refuse_ranks(scores, order, guard, eligible, kind, low, high, code, out):
    if low <= 0 and high >= order.shape[0]:
        return refuse_uncounted(scores, guard, eligible, kind, code, out)
    rank = 0
    refused = 0
    for place in range(order.shape[0]):
        column = order[place]
        open_ = out[column] == OPEN
        if kind == RANK_OF_ALL:
            counted = guard[column] >= OPEN
        elif kind == RANK_OF_ELIGIBLE:
            counted = eligible[column]
        else:
            counted = open_
        if open_ and not (counted and np.isfinite(scores[column]) and low <= rank < high):
            out[column] = code
            refused += 1
        rank += counted
    return refused


@njit(**FAST)
def take(scores, order, reasons, skip, last, columns, values):
    """Columns and scores of the best that are open; gives how many there are."""
    taken = 0
    seen = 0
    count = columns.shape[0]
    for place in range(order.shape[0]):
        if taken == count or seen == last:
            break
        column = order[place]
        if reasons[column] == OPEN:
            if seen >= skip and np.isfinite(scores[column]):
                columns[taken] = column
                values[taken] = scores[column]
                taken += 1
            seen += 1
    for place in range(taken, count):
        columns[place] = PAD
        values[place] = np.nan
    return taken


@njit(parallel=True, **FAST)
def sieve(scores, order, guard, eligible, kinds, low, high, inclusive, first, skip, last,
           reasons, columns, values, taken, refused):  # fmt: skip
    queries = scores.shape[0]
    for block in prange(refused.shape[0]):
        for query in range(block * ROWS, min(queries, (block + 1) * ROWS)):
            out = reasons[query]
            out[:] = guard[query]
            for step in range(kinds.shape[0]):
                code = np.int8(first + step)
                below, above = low[step, query], high[step, query]
                if kinds[step] == SCORE:
                    top = largest_below(above, inclusive[step, 1])
                    bottom = -largest_below(-below, inclusive[step, 0])
                    refused[block, step] += refuse_scores(scores[query], bottom, top, code, out)
                else:
                    refused[block, step] += refuse_ranks(
                        scores[query], order[query], guard[query], eligible[query], kinds[step], below, above, code, out
                    )
            taken[query] = take(scores[query], order[query], out, skip, last, columns[query], values[query])


@njit(parallel=True, **FAST)
def tally(codes, lowest, counts):
    queries = codes.shape[0]
    for block in prange(counts.shape[0]):
        for query in range(block * ROWS, min(queries, (block + 1) * ROWS)):
            for place in range(counts.shape[1]):
                counts[block, place] += count_of(codes[query], np.int8(lowest + place))


@njit(**FAST)
def count_of(codes, code):
    found = 0
    for column in range(codes.shape[0]):
        found += codes[column] == code
    return found


@njit(parallel=True, **FAST)
def order(scores, present, order):
    queries, depth = scores.shape
    for block in prange((queries + ROWS - 1) // ROWS):
        keys = np.empty(depth, dtype=np.float32)
        for query in range(block * ROWS, min(queries, (block + 1) * ROWS)):
            for column in range(depth):
                score = scores[query, column]
                # Of what has no score the known cells come before the absent ones; -0.0 is made 0.0 by the subtraction.
                unknown = np.float32(np.inf) if not present[query, column] else LARGEST
                keys[column] = np.float32(0.0) - score if present[query, column] and np.isfinite(score) else unknown
            order[query] = np.argsort(keys, kind="mergesort").astype(np.uint16)


@njit(**FAST)
def bin_of(value, low, scale, bins):
    return min(max(np.int64((value - low) * scale), 0), bins - 1)


@njit(parallel=True, **FAST)
def histogram(values, shift, factor, columns, low, scale, counts):
    queries, wide = columns.shape
    bins = counts.shape[1]
    for block in prange(counts.shape[0]):
        for query in range(block * ROWS, min(queries, (block + 1) * ROWS)):
            for place in range(wide):
                column = columns[query, place]
                if column != PAD:
                    value = (np.float64(values[query, column]) - shift[query]) * factor[query]
                    if np.isfinite(value):
                        counts[block, bin_of(value, low, scale, bins)] += 1


@njit(parallel=True, **FAST)
def whole_histogram(values, shift, factor, counted, low, scale, counts):
    queries, depth = values.shape
    bins = counts.shape[1]
    for block in prange(counts.shape[0]):
        for query in range(block * ROWS, min(queries, (block + 1) * ROWS)):
            for column in range(depth):
                value = (np.float64(values[query, column]) - shift[query]) * factor[query]
                if counted[query, column] and np.isfinite(value):
                    counts[block, bin_of(value, low, scale, bins)] += 1


@njit(parallel=True, **FAST)
def known_histogram(values, shift, factor, low, scale, counts):
    queries, wide = values.shape
    bins = counts.shape[1]
    for block in prange(counts.shape[0]):
        for query in range(block * ROWS, min(queries, (block + 1) * ROWS)):
            for column in range(wide):
                value = (np.float64(values[query, column]) - shift[query]) * factor[query]
                if np.isfinite(value):
                    counts[block, bin_of(value, low, scale, bins)] += 1


@njit(parallel=True, **FAST)
def span(values, shift, factor, counted, ends):
    queries, depth = values.shape
    for block in prange(ends.shape[0]):
        smallest, largest = np.inf, -np.inf
        for query in range(block * ROWS, min(queries, (block + 1) * ROWS)):
            for column in range(depth):
                value = (np.float64(values[query, column]) - shift[query]) * factor[query]
                if counted[query, column] and np.isfinite(value):
                    smallest, largest = min(smallest, value), max(largest, value)
        ends[block, 0], ends[block, 1] = smallest, largest


@njit(parallel=True, **FAST)
def count_below(values, shift, factor, limit, counted, counts):
    queries, depth = values.shape
    for block in prange(counts.shape[0]):
        below, known = 0, 0
        for query in range(block * ROWS, min(queries, (block + 1) * ROWS)):
            if np.isfinite(limit[query]):
                for column in range(depth):
                    value = (np.float64(values[query, column]) - shift[query]) * factor[query]
                    here = counted[query, column] & np.isfinite(value)
                    known += here
                    below += here & (value < limit[query])
        counts[block, 0], counts[block, 1] = below, known


@njit(parallel=True, **FAST)
def against(values, level, counted, best, above, known):
    queries, depth = values.shape
    for block in prange((queries + ROWS - 1) // ROWS):
        for query in range(block * ROWS, min(queries, (block + 1) * ROWS)):
            limit = level[query]
            largest, higher, seen = np.float32(-np.inf), 0, 0
            for column in range(depth):
                value = values[query, column]
                here = counted[query, column] & np.isfinite(value)
                seen += here
                higher += here & (value > limit)
                largest = max(largest, value) if here else largest
            best[query] = np.float64(largest) if seen else np.nan
            above[query], known[query] = higher, seen


@njit(parallel=True, **FAST)
def count_in_rows(codes, code, counts):
    queries = codes.shape[0]
    for block in prange((queries + ROWS - 1) // ROWS):
        for query in range(block * ROWS, min(queries, (block + 1) * ROWS)):
            counts[query] = count_of(codes[query], code)


@njit(parallel=True, **FAST)
def any_bit(flags, bit, found):
    queries, depth = flags.shape
    for block in prange((queries + ROWS - 1) // ROWS):
        for query in range(block * ROWS, min(queries, (block + 1) * ROWS)):
            bits = np.uint16(0)
            for column in range(depth):
                bits |= flags[query, column]
            found[query] = bits & bit != 0


@njit(parallel=True, **FAST)
def banded(values, shift, factor, order, counted, stops, low, scale, counts):
    queries, depth = values.shape
    bins = counts.shape[2]
    for block in prange(counts.shape[0]):
        for query in range(block * ROWS, min(queries, (block + 1) * ROWS)):
            band = 0
            for rank in range(depth):
                while rank >= stops[band]:
                    band += 1
                column = order[query, rank]
                value = (np.float64(values[query, column]) - shift[query]) * factor[query]
                if counted[query, column] and np.isfinite(value):
                    counts[block, band, bin_of(value, low, scale, bins)] += 1


@njit(**FAST)
def keep_nearest(away, cell, distance, best, cells, distances):
    """Put one into a list that is sorted by how far away it is; of equal ones the first that came stays first."""
    last = best.shape[0] - 1
    if not away < best[last]:
        return
    place = last
    while place > 0 and away < best[place - 1]:
        best[place], cells[place], distances[place] = best[place - 1], cells[place - 1], distances[place - 1]
        place -= 1
    best[place], cells[place], distances[place] = away, cell, distance


@njit(parallel=True, **FAST)
def nearest(scores, order, reasons, eligible, kind, low, high, stage, soft, best, cells, distances):
    queries, depth = scores.shape
    for block in prange(best.shape[0]):
        values = np.empty(depth, dtype=np.float64)
        worst, worst_inside = np.inf, np.inf
        for query in range(block * ROWS, min(queries, (block + 1) * ROWS)):
            if kind == SCORE:
                for column in range(depth):
                    values[column] = scores[query, column]
            else:
                rank = 0
                for place in range(depth):
                    column = order[query, place]
                    reason = reasons[query, column]
                    if kind == RANK_OF_ALL:
                        counted = reason >= OPEN
                    elif kind == RANK_OF_ELIGIBLE:
                        counted = eligible[query, column]
                    else:
                        counted = reason == OPEN or reason >= stage
                    values[column] = rank if counted else np.nan
                    rank += counted
            for column in range(depth):
                distance = max(values[column] - high[query], low[query] - values[column])
                # Nearly all are farther away than those already found on their side; NaN is never nearer.
                away, edge = abs(distance), EDGE * (1.0 + abs(values[column]))
                if not ((distance > -edge and away < worst) or (distance < edge and away < worst_inside)):
                    continue
                reason = reasons[query, column]
                if (reason == OPEN or reason >= stage) and abs(distance) < np.inf:
                    refused = distance > 0 if soft else reason == stage
                    if refused or not soft or reason == OPEN:
                        side = 0 if refused else 1
                        keep_nearest(abs(distance), query * depth + column, distance,
                                     best[block, side], cells[block, side], distances[block, side])  # fmt: skip
                        worst, worst_inside = best[block, 0, -1], best[block, 1, -1]
