"""Taken pairs as keys, so that selections from differently made pools of the same queries can be compared."""

import numpy as np
import numpy.typing as npt

from negviz.arrays import Bools, Ints
from negviz.pool import Pool
from negviz.selection import Selection

PairKeys = npt.NDArray[np.int64]


def keys_where(pool: Pool, mask: Bools) -> PairKeys:
    """Keys of the marked candidates, ascending: place of the query times the number of documents, plus document row.

    Args:
        pool: Candidates; each row in order of document row, as every pool has them.
        mask: (queries, depth).
    """
    places, columns = np.nonzero(mask)
    return np.sort(places.astype(np.int64) * _width(pool) + pool.documents[places, columns])


def taken_keys(selection: Selection) -> PairKeys:
    """Keys of the pairs that a selection takes, ascending."""
    return keys_where(selection.pool, selection.taken)


def pairs_of(pool: Pool, keys: PairKeys) -> Ints:
    """(pairs, 2) place of the query in the pool and document row of each key."""
    return np.stack(np.divmod(keys, _width(pool)), axis=1).astype(np.int32).reshape(-1, 2)


def columns_of(pool: Pool, pairs: Ints) -> Ints:
    """Column of each pair in a pool, -1 where it is no candidate there.

    Args:
        pool: Candidates.
        pairs: (pairs, 2) place of the query and document row.
    """
    width = _width(pool) + 1
    # Padding lies behind a row's candidates, so it gets the largest number of the row.
    rows = np.where(pool.present, pool.documents, width - 1) + np.arange(len(pool), dtype=np.int64)[:, None] * width
    wanted = pairs[:, 0].astype(np.int64) * width + pairs[:, 1]
    cells = np.minimum(np.searchsorted(rows.ravel(), wanted), max(rows.size - 1, 0))
    found = np.equal(rows.ravel()[cells], wanted) if rows.size else np.zeros(len(pairs), dtype=bool)
    return np.where(found, cells - pairs[:, 0].astype(np.int64) * pool.depth, -1).astype(np.int32)


def column_of(pool: Pool, place: int, document: int) -> int:
    """Column of one pair in a pool, -1 where it is no candidate there; looks at that query alone."""
    found = np.flatnonzero(np.equal(pool.documents[place], document))
    return int(found[0]) if len(found) else -1


def _width(pool: Pool) -> int:
    return len(pool.dataset.documents)
