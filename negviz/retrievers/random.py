"""Documents by chance: the baseline of every comparison, and easy negatives."""

from typing import Annotated

import numpy as np

from negviz.arrays import PAD, Floats, Ints, mix, text_keys, uniform
from negviz.dataset import Dataset
from negviz.hints import Range
from negviz.retrievers import RETRIEVERS

DENSE_ENOUGH = 4


@RETRIEVERS.register("Random", reference="Karpukhin et al. 2020, DPR, arXiv:2004.04906 (random negatives)")
def random(
    *,
    dataset: Dataset,
    queries: Ints,
    depth: int,
    seed: int,
    most: Annotated[int, Range(1, 1000, 1, keeps="more", scale="count")] = 20,
) -> Ints:
    """Bring documents drawn uniformly, each at most once a query, the same for the same seed.

    A query's draw depends on its own id, the seed and the number of documents, not on the other queries.

    Args:
        dataset: The documents.
        queries: (queries,) rows.
        depth: Documents a query.
        seed: Seed of the draw.
        most: Most documents a query gets.

    Returns:
        (queries, depth) document rows in the order drawn, ``PAD`` beyond the last.
    """
    found = np.full((len(queries), depth), PAD, dtype=np.int32)
    total = len(dataset.contents)
    count = min(depth, most, total)
    keys = text_keys([dataset.query_ids[query] for query in queries])
    for place in range(len(queries) if count else 0):
        found[place, :count] = _drawn(keys[place], total, count, seed)
    return found


def _drawn(key: np.uint64, total: int, count: int, seed: int) -> Ints:
    """``count`` distinct rows below ``total``: the first distinct ones of a stream of uniform rows."""
    if total <= DENSE_ENOUGH * count:  # few rows would be left to hit, so all are shuffled instead
        return np.argsort(_noise(key, 0, total, seed), kind="stable")[:count].astype(np.int32)
    rows = np.empty(0, dtype=np.int32)
    drawn = 0
    while len(rows) < count:
        fresh = (_noise(key, drawn, 2 * count, seed) * total).astype(np.int32)
        drawn += len(fresh)
        stream = np.concatenate([rows, fresh])
        rows = stream[np.sort(np.unique(stream, return_index=True)[1])]
    return rows[:count]


def _noise(key: np.uint64, start: int, count: int, seed: int) -> Floats:
    counter = np.arange(start, start + count, dtype=np.uint64)
    return uniform(mix(counter) ^ key, seed)
