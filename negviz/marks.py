"""Marks: pairs (query, candidate) that somebody picked in a plot; other plots, tables and the queue follow them."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from negviz.arrays import Bools
from negviz.pool import Pool

Cells = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Marks:
    """Pairs of one pool.

    Attributes:
        pool: Fingerprint of the pool.
        shape: (queries, depth) of the pool.
        cells: (pairs,) ascending places in the flattened (queries, depth) table.
        about: What was picked, for people, such as ``score 0.70 to 0.75``.
    """

    pool: str
    shape: tuple[int, int]
    cells: Cells
    about: str

    def __len__(self) -> int:
        """Number of pairs."""
        return len(self.cells)

    @cached_property
    def mask(self) -> Bools:
        """(queries, depth), True where marked."""
        mask = np.zeros(self.shape[0] * self.shape[1], dtype=bool)
        mask[self.cells] = True
        return mask.reshape(self.shape)

    @cached_property
    def queries(self) -> npt.NDArray[np.int64]:
        """Rows of the pool with at least one mark, ascending."""
        # The cells ascend, so rows need no sorting: with whole queries marked there are millions of them.
        rows = self.cells // max(self.shape[1], 1)
        return rows[np.diff(rows, prepend=-1) > 0]

    def pairs(self, pool: Pool) -> npt.NDArray[np.int32]:
        """(pairs, 2) rows of the dataset's queries and documents.

        Args:
            pool: The pool that the marks are of.
        """
        rows, columns = np.divmod(self.cells, max(self.shape[1], 1))
        return np.stack([pool.queries[rows], pool.documents[rows, columns]], axis=1).astype(np.int32)


def marks_of(pool: Pool, mask: Bools, about: str) -> Marks:
    """Marks at the candidates of a mask; padding is never marked.

    Args:
        pool: Whose candidates.
        mask: (queries, depth).
        about: What was picked, for people.
    """
    return Marks(pool.fingerprint, pool.documents.shape, np.flatnonzero(mask & pool.present), about)


def marks_of_queries(pool: Pool, queries: npt.NDArray[np.integer], about: str) -> Marks:
    """Marks at all candidates of some queries.

    Args:
        pool: Whose candidates.
        queries: Rows of the pool.
        about: What was picked, for people.
    """
    rows = np.unique(queries).astype(np.int64)
    places, columns = np.nonzero(pool.present[rows])
    return Marks(pool.fingerprint, pool.documents.shape, rows[places] * pool.depth + columns, about)
