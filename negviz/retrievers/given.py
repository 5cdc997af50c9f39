"""Negatives that somebody already mined: brought to be audited."""

import numpy as np

from negviz.arrays import PAD, Ints
from negviz.dataset import Dataset
from negviz.retrievers import RETRIEVERS


@RETRIEVERS.register("Given negatives", needs="given")
def given(*, dataset: Dataset, queries: Ints, depth: int) -> Ints:
    """Bring the negatives that came with the data.

    Args:
        dataset: With its given negatives.
        queries: (queries,) rows.
        depth: Documents a query.

    Returns:
        (queries, depth) document rows in order of document id, ``PAD`` where fewer were given.
    """
    found = np.full((len(queries), depth), PAD, dtype=np.int32)
    for place, query in enumerate(queries):
        rows = dataset.given.of_query(int(query))[:depth]
        found[place, : len(rows)] = rows
    return found
