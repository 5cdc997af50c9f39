"""What approximate search has to tell: how much of the exact lists it finds, measured on some of the queries."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import numpy as np

from negviz.arrays import Ints, text_keys, uniform
from negviz.dataset import Dataset
from negviz.nearest import recall

MEASURED = 100


class Shop(Protocol):
    """Where facts about a search are left."""

    facts: dict[str, Any]


def measured(dataset: Dataset) -> Ints:
    """Rows of the queries on which recall is measured, drawn by their ids among those with a labelled positive.

    Args:
        dataset: Queries and their ids.

    Returns:
        (queries,) ``MEASURED`` rows, or fewer where there are not so many.
    """
    rows = np.unique(dataset.positives.queries).astype(np.int32)
    noise = uniform(text_keys([dataset.query_id(row) for row in rows]), 0)
    return np.sort(rows[np.argsort(noise, kind="stable")[:MEASURED]])


def told(found: Ints, exact: Ints, **knobs: int) -> dict[str, Any]:
    """What a pool keeps of a search that is not exact.

    Args:
        found: (queries, depth) rows, ``PAD`` where there is none.
        exact: (queries, depth) rows of the exact search.
        knobs: What the search was asked to do.
    """
    return {"queries": len(exact), "depth": exact.shape[1], "recall": recall(found, exact), **knobs}


@contextmanager
def one_thread() -> Iterator[None]:
    """FAISS works in one thread meanwhile."""
    import faiss

    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)
