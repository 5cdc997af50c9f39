"""The loops of searching: words counted and weighed, the best documents of a query, sums over pairs of vectors.

``negviz.lexical`` says what a score is, ``negviz.embeddings`` in which order vectors are summed.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit, prange

from negviz.arrays import PAD, Ints
from negviz.compiled._loops import FAST

# Queries that a thread takes at a time, with one row of scores between them.
TOGETHER = 32
# Scores that are passed over at once where none is above the limit.
STRETCH = 64
# Where a query's words have fewer entries than one in so many documents, these are visited and not all documents.
RARE = 8
NEWLINE = np.uint8(10)
FNV_START, FNV_PRIME = np.uint64(0xCBF29CE484222325), np.uint64(0x100000001B3)  # Fowler, Noll and Vo, 64 bits
ROOM = 1 << 16

Bytes = npt.NDArray[np.uint8]
Longs = npt.NDArray[np.int64]


class WordTable:
    """Words numbered in order of their first occurrence, and how often each document has them.

    A text comes as bytes in which words are runs of a-z, 0-9 and bytes from 128; capitals are taken as small letters.
    """

    def __init__(self) -> None:
        """Start without words."""
        self.documents = 0
        self.frequencies: npt.NDArray[Any] = np.zeros(ROOM, dtype=np.int64)
        self._used = np.zeros(2, dtype=np.int64)  # words, bytes of the arena
        self._arena: npt.NDArray[Any] = np.empty(ROOM, dtype=np.uint8)
        self._starts: npt.NDArray[Any] = np.zeros(ROOM + 1, dtype=np.int64)
        self._hashes: npt.NDArray[Any] = np.empty(ROOM, dtype=np.uint64)
        self._slots = np.full(4 * ROOM, -1, dtype=np.int32)
        # The last document that had the word, and where that is noted.
        self._seen: npt.NDArray[Any] = np.full((ROOM, 2), -1, dtype=np.int64)

    def add(self, texts: list[bytes]) -> tuple[Ints, Ints, Longs, Longs]:
        """Count further documents.

        Args:
            texts: The documents.

        Returns:
            (entries,) word and (entries,) how often, document by document in order of the words' first occurrence;
            (texts,) entries and (texts,) words of each document.
        """
        together = np.frombuffer(b"".join(texts), dtype=np.uint8)
        lengths = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts))
        most = len(together) // 2 + len(texts)  # a word takes a byte and one between, or is the last of its text
        self._make_room(most, 2 * len(together) + len(texts))
        words, times = np.empty(most, dtype=np.int32), np.empty(most, dtype=np.int32)
        entries, total = np.zeros(len(texts), dtype=np.int64), np.zeros(len(texts), dtype=np.int64)
        found = count(
            together, np.cumsum(lengths), self.documents, LETTERS, self._used, self._arena, self._starts, self._hashes,
            self._slots, self._seen, self.frequencies, words, times, entries, total,
        )  # fmt: skip
        self.documents += len(texts)
        return words[:found].copy(), times[:found].copy(), entries, total

    @property
    def count(self) -> int:
        """How many words there are."""
        return int(self._used[0])

    def words(self) -> list[str]:
        """The words by number."""
        used = self._arena[: self._used[1]].tobytes().decode("utf-8", "surrogatepass")
        return used.split("\n")[:-1]

    def _make_room(self, words: int, characters: int) -> None:
        """Room for so many words and bytes more."""
        wanted = int(self._used[0]) + words
        if wanted > len(self._hashes):
            size = max(wanted, 2 * len(self._hashes))
            self._starts = _grown(self._starts, size + 1)
            self._hashes = _grown(self._hashes, size)
            self._seen = _grown(self._seen, size, -1)
            self.frequencies = _grown(self.frequencies, size, 0)
            self._slots = np.full(1 << int(2 * size - 1).bit_length(), -1, dtype=np.int32)
            put_all(self._hashes[: self._used[0]], self._slots)
        if int(self._used[1]) + characters > len(self._arena):
            self._arena = _grown(self._arena, max(int(self._used[1]) + characters, 2 * len(self._arena)))


def _grown(array: npt.NDArray[Any], size: int, value: int | None = None) -> npt.NDArray[Any]:
    larger = np.empty((size, *array.shape[1:]), dtype=array.dtype)
    larger[: len(array)] = array
    if value is not None:
        larger[len(array) :] = value
    return larger


def _letters() -> Bytes:
    """What each byte counts as: itself, a capital as its small letter, 0 where it is no part of a word."""
    kept = np.arange(256, dtype=np.uint8)
    for code in range(128):
        kept[code] = ord(chr(code).lower()) if chr(code).isalnum() else 0
    return kept


LETTERS = _letters()


@njit(**FAST)
def put_all(hashes, slots):
    """Number the words anew in a larger table of slots."""
    mask = np.uint64(slots.shape[0] - 1)
    for word in range(hashes.shape[0]):
        slot = (hashes[word] ^ (hashes[word] >> np.uint64(32))) & mask
        while slots[slot] >= 0:
            slot = (slot + np.uint64(1)) & mask
        slots[slot] = word


@njit(**FAST)
def same_bytes(arena, one, other, length):
    same = True
    for place in range(length):
        same &= arena[one + place] == arena[other + place]
    return same


@njit(**FAST)
def number_of(key, length, used, arena, starts, hashes, slots):
    """Number of the word at the end of the arena; a new one stays there."""
    mask = np.uint64(slots.shape[0] - 1)
    slot = (key ^ (key >> np.uint64(32))) & mask
    while True:
        word = slots[slot]
        if word < 0:
            break
        if hashes[word] == key and starts[word + 1] - starts[word] == length + 1 \
                and same_bytes(arena, starts[word], used[1], length):  # fmt: skip
            return word
        slot = (slot + np.uint64(1)) & mask
    word = np.int32(used[0])
    slots[slot] = word
    hashes[word] = key
    arena[used[1] + length] = NEWLINE
    used[0] += 1
    used[1] += length + 1
    starts[word + 1] = used[1]
    return word


@njit(**FAST)
def count(text, stops, first, letters, used, arena, starts, hashes, slots, seen, frequencies,
          words, times, entries, total):  # fmt: skip
    """Number and count the words of documents; gives how many entries there are."""
    found, place = 0, 0
    for document in range(stops.shape[0]):
        key, length, begin = FNV_START, 0, found
        while place <= stops[document]:
            letter = letters[text[place]] if place < stops[document] else np.uint8(0)
            if letter:
                arena[used[1] + length] = letter
                key = (key ^ np.uint64(letter)) * FNV_PRIME
                length += 1
            elif length:
                word = number_of(key, length, used, arena, starts, hashes, slots)
                total[document] += 1
                if seen[word, 0] == first + document:
                    times[seen[word, 1]] += 1
                else:
                    seen[word, 0], seen[word, 1] = first + document, found
                    words[found], times[found] = word, 1
                    frequencies[word] += 1
                    found += 1
                key, length = FNV_START, 0
            place += 1
        place = stops[document]
        entries[document] = found - begin
    return found


@njit(**FAST)
def weigh(words, times, entries, total, first, rarity, mean, k1, b, heads, weights, documents):
    """Put the weights of counted words into the lists of their words, document by document."""
    entry = 0
    for place in range(entries.shape[0]):
        damping = k1 * ((1.0 - b) + b * total[place] / mean)
        for _ in range(entries[place]):
            word, often = words[entry], np.float64(times[entry])
            weights[heads[word]] = np.float32(np.float64(rarity[word]) * (often / (damping + often)))
            documents[heads[word]] = first + place
            heads[word] += 1
            entry += 1


@njit(**FAST)
def worse(score, row, other_score, other_row):
    return score < other_score or (score == other_score and row > other_row)


@njit(**FAST)
def sink(scores, rows, length, score, row):
    """Put one in the place of the worst of a heap."""
    place = 0
    while True:
        below = 2 * place + 1
        if below >= length:
            break
        if below + 1 < length and worse(scores[below + 1], rows[below + 1], scores[below], rows[below]):
            below += 1
        if not worse(scores[below], rows[below], score, row):
            break
        scores[place], rows[place] = scores[below], rows[below]
        place = below
    scores[place], rows[place] = score, row


@njit(**FAST)
def offer(scores, rows, filled, score, row):
    """Keep the best; the worst of those kept lies first. Gives how many are kept."""
    if filled == scores.shape[0]:
        if worse(scores[0], rows[0], score, row):
            sink(scores, rows, filled, score, row)
        return filled
    place = filled
    while place > 0 and worse(score, row, scores[(place - 1) >> 1], rows[(place - 1) >> 1]):
        scores[place], rows[place] = scores[(place - 1) >> 1], rows[(place - 1) >> 1]
        place = (place - 1) >> 1
    scores[place], rows[place] = score, row
    return filled + 1


@njit(**FAST)
def put_in_order(scores, rows, filled):
    """Best first; absent ones behind."""
    for last in range(filled - 1, 0, -1):
        score, row = scores[last], rows[last]
        scores[last], rows[last] = scores[0], rows[0]
        sink(scores, rows, last, score, row)
    scores[filled:] = np.nan
    rows[filled:] = PAD


@njit(**FAST)
def best_of_all(row, scores, rows):
    """The best of a whole row of scores above 0, which is cleared."""
    filled, total = 0, row.shape[0]
    for start in range(0, total, STRETCH):
        stop = min(start + STRETCH, total)
        limit = scores[0] if filled == scores.shape[0] else np.float32(0.0)
        above = False
        for place in range(start, stop):
            above |= row[place] > limit
        if above:
            for place in range(start, stop):
                if row[place] > 0:
                    filled = offer(scores, rows, filled, row[place], np.int32(place))
    row[:] = 0
    return filled


@njit(parallel=True, **FAST)
def top(asked, stops, weights, documents, starts, total, best, scores):
    queries = best.shape[0]
    for block in prange((queries + TOGETHER - 1) // TOGETHER):
        row = np.zeros(total, dtype=np.float32)
        for query in range(block * TOGETHER, min(queries, (block + 1) * TOGETHER)):
            words = asked[stops[query] : stops[query + 1]]
            entries = 0
            for word in words:
                entries += starts[word + 1] - starts[word]
                for entry in range(starts[word], starts[word + 1]):
                    row[documents[entry]] += weights[entry]
            if entries * RARE > total:
                filled = best_of_all(row, scores[query], best[query])
            else:
                filled = 0
                for word in words:
                    for entry in range(starts[word], starts[word + 1]):
                        place = documents[entry]
                        if row[place] > 0:
                            filled = offer(scores[query], best[query], filled, row[place], np.int32(place))
                            row[place] = 0
            put_in_order(scores[query], best[query], filled)


@njit(**FAST)
def found_at(documents, start, stop, wanted):
    """Where a document stands in a list of ascending ones, or where it would."""
    while start < stop:
        middle = (start + stop) >> 1
        if documents[middle] < wanted:
            start = middle + 1
        else:
            stop = middle
    return start


@njit(parallel=True, **FAST)
def score(asked, stops, weights, documents, starts, wanted, scores):
    for query in prange(wanted.shape[0]):
        for column in range(wanted.shape[1]):
            if wanted[query, column] == PAD:
                scores[query, column] = np.nan
                continue
            document, summed = np.uint32(wanted[query, column]), np.float32(0.0)
            for word in asked[stops[query] : stops[query + 1]]:
                place = found_at(documents, starts[word], starts[word + 1], document)
                if place < starts[word + 1] and documents[place] == document:
                    summed += weights[place]
            scores[query, column] = summed


@njit(**FAST)
def four_products(one, two, three, four, vector, products):
    """Inner products of four vectors with one, each by two sums: of the even and of the odd places.

    Eight components are added at a time from the last pair to the first, which is the order in which NumPy's einsum
    adds on processors with vectors of two float64. Four at once, as each sum waits for its last addition.
    """
    dims = vector.shape[0]
    whole = dims - dims % 8
    even_1 = odd_1 = even_2 = odd_2 = even_3 = odd_3 = even_4 = odd_4 = 0.0
    for start in range(0, whole, 8):
        for pair in range(6, -1, -2):
            place = start + pair
            even, odd = vector[place], vector[place + 1]
            even_1 += np.float64(one[place]) * even
            odd_1 += np.float64(one[place + 1]) * odd
            even_2 += np.float64(two[place]) * even
            odd_2 += np.float64(two[place + 1]) * odd
            even_3 += np.float64(three[place]) * even
            odd_3 += np.float64(three[place + 1]) * odd
            even_4 += np.float64(four[place]) * even
            odd_4 += np.float64(four[place + 1]) * odd
    for place in range(whole, dims, 2):
        even, odd = vector[place], 0.0
        even_1 += np.float64(one[place]) * even
        even_2 += np.float64(two[place]) * even
        even_3 += np.float64(three[place]) * even
        even_4 += np.float64(four[place]) * even
        if place + 1 < dims:
            odd = vector[place + 1]
            odd_1 += np.float64(one[place + 1]) * odd
            odd_2 += np.float64(two[place + 1]) * odd
            odd_3 += np.float64(three[place + 1]) * odd
            odd_4 += np.float64(four[place + 1]) * odd
    products[0], products[1], products[2], products[3] = even_1 + odd_1, even_2 + odd_2, even_3 + odd_3, even_4 + odd_4


@njit(parallel=True, **FAST)
def similarities(queries, documents, rows, wanted, scores):
    columns = wanted.shape[1]
    for place in prange(wanted.shape[0]):
        vector, products = queries[rows[place]].astype(np.float64), np.empty(4)
        row = wanted[place]
        for first in range(0, columns, 4):
            second, third, fourth = (
                min(first + 1, columns - 1),
                min(first + 2, columns - 1),
                min(first + 3, columns - 1),
            )
            # The last document stands in where there is none, as an index of -1 says.
            four_products(documents[row[first]], documents[row[second]], documents[row[third]],
                          documents[row[fourth]], vector, products)  # fmt: skip
            for column in range(first, min(first + 4, columns)):
                known = row[column] != PAD
                scores[place, column] = np.float32(products[column - first]) if known else np.float32(np.nan)
