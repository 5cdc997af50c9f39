"""The loops of sampling: draws in proportion to a bell, compiled; ``negviz.compiled.draw_near`` says what they give.

A draw without replacement takes the largest of log-weight plus Gumbel noise, or, which is the same, the smallest of
waiting time over weight with waiting time ``-log u``. Since ``1 - u <= -log u <= (1 - u) / u``, one quick exponential
bounds that of each candidate from both sides, and few are left whose logarithms must be known. Comparisons go over the
bits of positive numbers as integers where LLVM would not vectorise those of floats, because of NaN.
"""

import numpy as np
from numba import njit, prange

from negviz.arrays import PAD
from negviz.compiled import OPEN, ROWS
from negviz.compiled._loops import FAST

# The largest number of 52 bits, and what one of them is worth in (0, 1).
LAST_BITS = np.uint64(2**52 - 1)
UNIT = 2.0**-52
# The leading 24 of them, which float32 holds exactly.
LOW_BITS, COARSE = np.uint64(28), np.float32(2.0**-24)
# How far the quick logarithms and exponentials may be off, with room to spare; what is nearer is worked out in full.
NEARLY, LESS, MORE = 0.002, np.float32(0.9999), np.float32(1.0001)
# As in negviz.bells, the first as bits: no weight is smaller; and farther the quick exponential does not go.
UNDERFLOW = np.float64(690.0).view(np.int64)
LOG_SMALLEST = float(np.log(1e-300))
FARTHEST = np.float32(80.0)
UNKNOWN, LONGEST = np.int64(0x7FF0000000000000), np.int64(2**63 - 1)
INFINITE = np.int32(0x7F800000)
# Among so many times those drawn it is quicker to keep a sorted list than to compare each with each.
CROWD = 8


@njit(**FAST)
def mixed(key):
    """``negviz.arrays.mix`` of one key."""
    key = key + np.uint64(0x9E3779B97F4A7C15)
    key = (key ^ (key >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    key = (key ^ (key >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return key ^ (key >> np.uint64(31))


@njit(**FAST)
def draw_bits(query_key, document_keys, documents, start, bits):
    """52 random bits of each pair: ``negviz.arrays.uniform`` before it becomes a number."""
    for column in range(documents.shape[0]):
        bits[column] = mixed(mixed(query_key ^ document_keys[documents[column]]) ^ start) >> np.uint64(12)


@njit(**FAST)
def falls(scores, peak, sharpness, gaussian, code, out, fall):
    """Minus the logarithm of each weight, as ``negviz.bells.bell`` has it before its shift; the unknown are refused.

    Gives how many were refused, and the shift: 0, or the smallest fall where some weight would be 0 in float64.
    """
    refused = 0
    for column in range(scores.shape[0]):
        away = abs(np.float64(scores[column]) - peak)
        fall[column] = abs(sharpness * (away * away if gaussian else away))
    least, most = LONGEST, np.int64(0)
    for column in range(scores.shape[0]):
        bits = np.float64(fall[column]).view(np.int64)
        open_ = out[column] == OPEN
        known = (bits & UNKNOWN) != UNKNOWN
        out[column] = code if open_ & (not known) else out[column]
        refused += open_ & (not known)
        least = min(least, bits if open_ & known else LONGEST)
        most = max(most, bits if open_ & known else np.int64(0))
    shift = np.int64(least).view(np.float64) if most > UNDERFLOW else np.float64(0.0)
    return refused, shift


@njit(**FAST)
def quick_exp(value):
    """e^value for a float32 from 0 to 80, to some 1e-5 (minimax polynomial of 2^x on [0, 1))."""
    power = value * np.float32(1.44269504)
    whole = np.int32(power)
    part = power - np.float32(whole)
    series = np.float32(0.051690358205) + np.float32(0.013697664475) * part
    series = np.float32(0.24163844572) + series * part
    series = np.float32(0.69296612266) + series * part
    series = np.float32(1.0000037044) + series * part
    return series * np.int32((whole + 127) << 23).view(np.float32)


@njit(**FAST)
def quick_log(value):
    """Natural logarithm of a positive float32 to some 1e-6 (Abramowitz and Stegun 1964, 4.1.44)."""
    bits = np.float32(value).view(np.int32)
    exponent = (bits >> 23) - 127
    more = np.int32((bits & 0x7FFFFF) | 0x3F800000).view(np.float32) - np.float32(1.0)
    series = np.float32(0.0360884937) - more * np.float32(0.0064535442)
    series = np.float32(0.1676540711) + more * (np.float32(-0.0953293897) + more * series)
    series = np.float32(0.3317990258) + more * (np.float32(-0.2407338084) + more * series)
    series = np.float32(0.9999964239) + more * (np.float32(-0.4998741238) + more * series)
    return np.float32(exponent) * np.float32(0.6931471806) + more * series


@njit(**FAST)
def races(bits, fall, shift, out, soonest, latest):
    """Between which bounds each candidate's waiting time over its weight lies; infinite where refused."""
    for column in range(bits.shape[0]):
        height = np.float32(fall[column] - shift)
        far = height > FARTHEST
        slow = quick_exp(FARTHEST if far else height)
        # One minus the uniform number keeps its digits near 0, where the noise is large.
        coarse = np.float32(np.int32((LAST_BITS - bits[column]) >> LOW_BITS))
        less, more = coarse * COARSE, (coarse + np.float32(1.0)) * COARSE
        open_ = out[column] == OPEN
        soonest[column] = less * slow * LESS if open_ else np.float32(np.inf)
        latest[column] = more * slow * MORE / (np.float32(1.0) - more) if open_ & (not far) else np.float32(np.inf)


@njit(**FAST)
def sure_limit(latest, firsts, count):
    """Not less than the last of those drawn: the same rank among the smallest of each group.

    ``firsts`` is where the groups' smallest are put; candidate i belongs to group i modulo their number.
    """
    groups, depth = firsts.shape[0], latest.shape[0]
    if groups < count:
        return np.float32(np.inf)
    firsts[:] = INFINITE
    for start in range(0, depth, groups):
        for group in range(min(groups, depth - start)):
            firsts[group] = min(firsts[group], np.float32(latest[start + group]).view(np.int32))
    found = np.int32(0)
    for group in range(groups):
        before = np.int32(0)
        for other in range(groups):
            before += np.int32(firsts[other] < firsts[group])
        found = max(found, firsts[group] if before < count else np.int32(0))
    return np.int32(found).view(np.float32)


@njit(**FAST)
def within(soonest, out, limit, some):
    """Columns that may be among those drawn, in their order; gives how many."""
    found = 0
    for column in range(soonest.shape[0]):
        some[found] = column
        found += (out[column] == OPEN) & (soonest[column] <= limit)
    return found


@njit(**FAST)
def near_noise(bits, fall, shift, some, found, near):
    """Log-weight plus Gumbel noise of some columns, to some 1e-4."""
    for place in range(found):
        column = some[place]
        small = np.float32((np.float64(np.int64(LAST_BITS - bits[column])) + 0.5) * UNIT)
        series = small * (np.float32(1.0) + small * (np.float32(0.5) + small * np.float32(0.33333333)))
        waiting = -quick_log(np.float32(1.0) - small) if small > np.float32(0.01) else series
        near[place] = np.float32(max(shift - fall[column], LOG_SMALLEST)) - quick_log(waiting)


@njit(**FAST)
def in_order(near, found, ahead):
    """How many are larger than each."""
    for place in range(found):
        larger = np.int32(0)
        for other in range(found):
            larger += np.int32(near[other] > near[place])
        ahead[place] = larger


@njit(**FAST)
def sure(near, found, ahead, count):
    """Whether those with fewer than ``count`` ahead of them are so many, and far enough from the next."""
    drawn, least, most = 0, np.float32(np.inf), np.float32(-np.inf)
    for place in range(found):
        if ahead[place] < count:
            drawn += 1
            least = min(least, near[place])
        else:
            most = max(most, near[place])
    return drawn <= count and not np.float64(least) - np.float64(most) <= NEARLY * (1.0 + abs(np.float64(least)))


@njit(**FAST)
def insert(value, place, values, places, filled):
    """Keep the largest values, first come first among equals; gives how many are kept."""
    count = values.shape[0]
    if filled == count and not value > values[count - 1]:
        return filled
    at = filled if filled < count else count - 1
    while at > 0 and values[at - 1] < value:
        values[at], places[at] = values[at - 1], places[at - 1]
        at -= 1
    values[at], places[at] = value, place
    return filled + 1 if filled < count else filled


@njit(**FAST)
def draw_exactly(bits, fall, shift, some, found, values, places):
    """The columns of the largest log-weights plus noise, worked out in full for all that may be among them."""
    filled = 0
    for place in range(found):
        column = some[place]
        noise = -np.log(-np.log((np.float64(np.int64(bits[column])) + 0.5) * UNIT))
        log_weight = max(shift - fall[column], LOG_SMALLEST)
        filled = insert(log_weight + noise, column, values, places, filled)
    return filled


@njit(**FAST)
def kept(some, found, ahead, count, places):
    """Columns with fewer than ``count`` ahead of them; gives how many."""
    filled = 0
    for place in range(found):
        if ahead[place] < count:
            places[filled] = some[place]
            filled += 1
    return filled


@njit(**FAST)
def arrange(scores, places, filled, near, columns, values):
    """Columns and their scores, best first, ties by column; ``PAD`` behind the end. ``near`` is room for scores."""
    for place in range(filled):
        near[place] = scores[places[place]]
    for place in range(filled):
        column, score = places[place], near[place]
        rank = np.int32(0)
        for other in range(filled):
            rank += np.int32((near[other] > score) | ((near[other] == score) & (places[other] < column)))
        columns[rank], values[rank] = column, score
    columns[filled:] = PAD
    values[filled:] = np.nan


@njit(parallel=True, **FAST)
def draw_near(scores, documents, query_keys, document_keys, start, peak, sharpness, gaussian, code, groups, guard,
              reasons, columns, values, taken, refused):  # fmt: skip
    queries, depth = scores.shape
    count = columns.shape[1]
    for block in prange(refused.shape[0]):
        bits, fall = np.empty(depth, np.uint64), np.empty(depth, np.float64)
        soonest, latest, near = np.empty(depth, np.float32), np.empty(depth, np.float32), np.empty(depth, np.float32)
        some, ahead, firsts = np.empty(depth + 1, np.int32), np.empty(depth, np.int32), np.empty(groups, np.int32)
        weights, places = np.empty(count, np.float64), np.empty(count, np.int32)
        for query in range(block * ROWS, min(queries, (block + 1) * ROWS)):
            out = reasons[query]
            out[:] = guard[query]
            unknown, shift = falls(scores[query], peak[query], sharpness, gaussian, code, out, fall)
            refused[block] += unknown
            draw_bits(query_keys[query], document_keys, documents[query], start, bits)
            races(bits, fall, shift, out, soonest, latest)
            found = within(soonest, out, sure_limit(latest, firsts, count), some)
            crowded = found > CROWD * count
            if not crowded:
                near_noise(bits, fall, shift, some, found, near)
                in_order(near, found, ahead)
            if found <= count or (not crowded and sure(near, found, ahead, count)):
                # Who is in is sure, and the order drawn in is not kept.
                filled = kept(some, found, ahead, count, places)
            else:
                filled = draw_exactly(bits, fall, shift, some, found, weights, places)
            arrange(scores[query], places, filled, near, columns[query], values[query])
            taken[query] = filled
