"""Which retrievers brought the candidates, and which of them were taken."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from negviz.arrays import PAD, Bools, Ints
from negviz.diagnostics import DIAGNOSTICS
from negviz.pool import Pool

# Queries that are counted at a time.
BLOCK = 4096


@dataclass(frozen=True)
class Mixed:
    """Candidates that exactly these retrievers brought.

    Attributes:
        sources: Names, in the order asked.
        candidates: How many.
        taken: How many of them were taken.
    """

    sources: tuple[str, ...]
    candidates: int
    taken: int


@DIAGNOSTICS.register("Source mix", reference="UpSet plots, Lex et al. 2014")
def source_mix(pool: Pool, taken: Bools, names: Sequence[str]) -> list[Mixed]:
    """Count the candidates by the exact set of retrievers that brought them.

    Args:
        pool: Whose rank layers.
        taken: (queries, depth), True where taken.
        names: Retrievers to look at.

    Returns:
        The sets that occur, largest first; what none of them brought has no source. The counts add up.

    References:
        METHODS B8, B11.
    """
    all_, own = (np.zeros(2 ** len(names), dtype=np.int64) for _ in range(2))
    for start in range(0, len(pool), BLOCK):
        rows = slice(start, start + BLOCK)
        codes, present = _codes(pool, names, rows), np.not_equal(pool.documents[rows], PAD)
        all_ += np.bincount(codes[present], minlength=len(all_))
        own += np.bincount(codes[taken[rows] & present], minlength=len(own))
    found = [
        Mixed(tuple(name for bit, name in enumerate(names) if code >> bit & 1), int(all_[code]), int(own[code]))
        for code in np.flatnonzero(all_)
    ]
    return sorted(found, key=lambda mixed: (-mixed.candidates, mixed.sources))


def source_codes(pool: Pool, names: Sequence[str]) -> Ints:
    """(queries, depth) bits of the retrievers that brought each candidate, the first name being the lowest bit."""
    return _codes(pool, names, slice(None))


def _codes(pool: Pool, names: Sequence[str], rows: slice) -> Ints:
    codes = np.zeros(pool.documents[rows].shape, dtype=np.int32)
    for bit, name in enumerate(names):
        codes |= (pool.ranks[name][rows] >= 0).astype(np.int32) << bit
    return codes
