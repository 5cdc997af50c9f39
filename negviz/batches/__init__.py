"""Batches: which rows a trainer would put together, so which documents each query meets.

Sources make candidates of a composition, diagnostics and plots look at the same one: it stays beside the pool that was
made of it.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import cast

import numpy as np

from negviz.arrays import Ints
from negviz.pool import Pool

# 25 million cells took 4.6 GB and half a minute to fill when this was measured.
MOST_CELLS = 25_000_000


@dataclass(frozen=True, eq=False)
class Batches:
    """Rows of training, each a query with one labelled positive, in the order in which they are trained on.

    Attributes:
        queries: (rows,) row in the pool of each row's query.
        documents: (rows,) row in the dataset of each row's positive.
        hard: (rows, hard) rows in the dataset of each row's own hard negatives, ``PAD`` where there are fewer.
        numbers: (rows,) batch of each row, ascending: all rows whose documents a trainer gathers.
        workers: (rows,) which worker of its batch holds a row.
        batch_size: Rows of a worker.
        total_workers: Workers whose documents are gathered.
        masked: Whether the trainer masks labelled positives of a row's query.
        dropped: Rows left out because their batch was not full.
    """

    queries: Ints
    documents: Ints
    hard: Ints
    numbers: Ints
    workers: Ints
    batch_size: int
    total_workers: int = 1
    masked: bool = True
    dropped: int = 0

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.queries)

    @cached_property
    def starts(self) -> Ints:
        """(batches + 1,) first row of each batch, and the number of rows."""
        marks = np.searchsorted(self.numbers, np.arange(self.total + 1))
        return np.asarray(marks, dtype=np.int32)

    @property
    def total(self) -> int:
        """Number of batches."""
        return int(self.numbers[-1]) + 1 if len(self.numbers) else 0

    @cached_property
    def sizes(self) -> Ints:
        """(rows,) rows in the batch of each row."""
        return np.asarray(np.diff(self.starts)[self.numbers] if self.total else self.numbers, dtype=np.int32)

    def rows_of(self, number: int) -> Ints:
        """Rows of a batch."""
        return np.arange(self.starts[number], self.starts[number + 1], dtype=np.int32)

    def row_of(self, query: int) -> int | None:
        """First row of a query, None where it has none."""
        found = np.flatnonzero(np.equal(self.queries, query))
        return int(found[0]) if len(found) else None


def remember(pool: Pool, batches: Batches) -> Pool:
    """Keep a composition beside the pool that was made of it."""
    pool.__dict__["_batches"] = batches
    return pool


def remembered(pool: Pool) -> Batches | None:
    """The composition that a pool was made of, None where it was made otherwise."""
    return cast("Batches | None", pool.__dict__.get("_batches"))
