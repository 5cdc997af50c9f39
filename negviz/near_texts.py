"""Near texts: which of many texts are copies of each other but for a few words, without comparing all with all.

Texts are compared by their pieces of a few characters, which works for every script. Each text keeps the smallest
hashes of its pieces (a bottom-k sketch); texts that share one are looked at, first by their sketches, then by all
their pieces.
"""

import numpy as np
import numpy.typing as npt

from negviz.arrays import Floats, Ints, Keys, mix
from negviz.text import normalise

SKETCH = 32
ALIKE = 0.8
# How far below the limit an estimate from a sketch may lie: three standard errors of a share of 0.8 among 32.
SLACK = 0.22
# A text is known by its beginning; what follows costs memory and tells little.
LONGEST = 20_000
BLOCK = 65_536


class Pieces:
    """Hashes of the pieces of some texts, made when asked for; and their sketches."""

    def __init__(self, texts: list[str], size: int) -> None:
        """Take texts in their normal form.

        Args:
            texts: As they are.
            size: Characters of a piece.
        """
        self._texts = texts
        self._size = size
        self.sketches = np.full((len(texts), SKETCH), np.iinfo(np.uint64).max, dtype=np.uint64)
        for row in range(len(texts)):
            least = self[row][:SKETCH]
            self.sketches[row, : len(least)] = least

    def __getitem__(self, row: int) -> Keys:
        """(pieces,) distinct hashes of a text, ascending."""
        text = normalise(self._texts[row][:LONGEST])
        codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32).astype(np.uint64)
        if not len(codes):
            return np.zeros(0, dtype=np.uint64)
        windows = np.lib.stride_tricks.sliding_window_view(codes, min(self._size, len(codes)))
        found = np.zeros(len(windows), dtype=np.uint64)
        for place in range(windows.shape[1]):
            found = mix(found ^ windows[:, place])
        return np.unique(found)


def near_pairs(
    texts: list[str], others: list[str] | None = None, *, size: int, alike: float = ALIKE
) -> tuple[Ints, Floats]:
    """Pairs of texts that share most of their pieces.

    In a crowd of alike texts each is compared with the first and with the one before it, not with all, so the pairs
    connect the crowd without being all of its pairs.

    Args:
        texts: Texts.
        others: Other texts to compare them with; None compares them with each other.
        size: Characters of a piece; 9 for documents, 5 for questions.
        alike: Smallest share of pieces that two texts have in common, of those that either has.

    Returns:
        (pairs, 2) places, the first among ``texts``, the second among ``others`` (of one list the smaller first), in
        order; and (pairs,) the shares. Blank texts are like none.

    References:
        Broder 1997, "On the resemblance and containment of documents" (bottom-k sketches); the limit of 0.8 is that
        of Lee et al. 2022, "Deduplicating training data makes language models better".
    """
    pieces = Pieces([*texts, *(others or ())], size)
    asked = _sharing(pieces.sketches, None if others is None else len(texts))
    likely = [asked[start : start + BLOCK] for start in range(0, len(asked), BLOCK)]
    likely = [block[_estimates(pieces.sketches, block) >= alike - SLACK] for block in likely]
    kept = np.concatenate([np.zeros((0, 2), np.int64), *likely])
    shares = np.array([_share(pieces[one], pieces[other]) for one, other in kept.tolist()], dtype=np.float64)
    kept, shares = kept[shares >= alike], shares[shares >= alike]
    found = kept - np.array([0, 0 if others is None else len(texts)])
    return found.astype(np.int32).reshape(-1, 2), shares


def _sharing(sketches: Keys, border: int | None) -> npt.NDArray[np.int64]:
    """(pairs, 2) texts that share a hash: each with the first that has it, and with the one before; sorted, distinct.

    Args:
        sketches: (texts, SKETCH).
        border: Where the second list starts; only pairs across it count. None where there is one list.
    """
    rows = np.repeat(np.arange(len(sketches)), SKETCH)
    hashes = sketches.ravel()
    known = hashes < np.iinfo(np.uint64).max
    rows, hashes = rows[known], hashes[known]
    order = np.lexsort((rows, hashes))
    rows, hashes = rows[order], hashes[order]
    again = np.flatnonzero(hashes[1:] == hashes[:-1]) + 1
    # Where the run of equal hashes that a place belongs to begins.
    fresh = np.ones(len(rows), dtype=bool)
    fresh[again] = False
    starts = np.maximum.accumulate(np.where(fresh, np.arange(len(rows)), 0))
    if border is None:
        first = np.concatenate([rows[starts[again]], rows[again - 1]])
        second = np.concatenate([rows[again], rows[again]])
    else:
        first, second = _across(rows, starts, again, border)
    pairs = np.stack([first, second], axis=1).reshape(-1, 2).astype(np.int64)
    return np.unique(pairs, axis=0) if len(pairs) else pairs


def _across(
    rows: npt.NDArray[np.int64], starts: npt.NDArray[np.int64], again: npt.NDArray[np.int64], border: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Each text of the second list with the first and the last of the first list that share its hash."""
    last = np.maximum.accumulate(np.where(rows < border, np.arange(len(rows)), -1))
    mine = again[rows[again] >= border]
    mine = mine[last[mine] >= starts[mine]]
    first = np.concatenate([rows[starts[mine]], rows[last[mine]]])
    return first, np.concatenate([rows[mine], rows[mine]])


def _estimates(sketches: Keys, pairs: npt.NDArray[np.int64]) -> Floats:
    """(pairs,) share of pieces in common as sketches tell it: of the smallest hashes of both, how many both have."""
    both = np.sort(np.concatenate([sketches[pairs[:, 0]], sketches[pairs[:, 1]]], axis=1), axis=1)
    known = both < np.iinfo(np.uint64).max
    twice = (both[:, 1:] == both[:, :-1]) & known[:, 1:]
    fresh = known.copy()
    fresh[:, 1:] &= ~twice
    place = np.cumsum(fresh, axis=1)
    sizes = np.minimum(place[:, -1], SKETCH)
    common = (twice & (place[:, 1:] <= SKETCH)).sum(axis=1)
    return np.asarray(common / np.maximum(sizes, 1))


def _share(one: Keys, other: Keys) -> float:
    common = len(np.intersect1d(one, other, assume_unique=True))
    return common / max(len(one) + len(other) - common, 1)
