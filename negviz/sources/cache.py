"""Documents of a cache that training fills."""

from typing import Annotated

import numpy as np

from negviz.arrays import PAD
from negviz.assembly import assemble, cells_of, with_layer
from negviz.batches import MOST_CELLS, remember
from negviz.batches.caching import Policy, fill, nearest, remember_cache
from negviz.batches.composing import compose
from negviz.errors import MissingInputError, RecipeError
from negviz.hints import Range
from negviz.pool import Pool
from negviz.sources import SOURCES
from negviz.sources._batches import need_inputs

LAYER = "cache_age"


@SOURCES.register("Cached documents", reference="Lindgren et al. 2021 (Negative Cache), NeurIPS 34", across=True)
def cache(
    pool: Pool,
    *,
    scorer: str,
    seed: int,
    size: Annotated[int, Range(1, 1_000_000, 1, keeps="more", scale="count")] = 131_072,
    policy: Policy = "lru",
    top_k: Annotated[int, Range(1, 1000, 1, keeps="more", scale="count")] = 64,
    scale: Annotated[float, Range(0.0, 1000.0, 1.0, keeps="either", scale="none")] = 20.0,
    batch_size: Annotated[int, Range(2, 8192, 1, keeps="either", scale="count")] = 128,
    hard: Annotated[int, Range(0, 16, 1, keeps="more", scale="count")] = 0,
    epochs: Annotated[int, Range(1, 20, 1, keeps="either", scale="count")] = 1,
) -> Pool:
    """Let training batches go by, keep their documents in a cache, and bring each query's nearest cached documents.

    The documents of a batch overwrite the oldest entries; with ``lru`` an entry that a query draws becomes young. The
    cache is simulated with the pool's vectors: nothing is trained, so ages are real and embeddings do not change.

    Args:
        pool: Queries, labelled positives, vectors and, for hard negatives, candidates.
        scorer: The recipe's scorer.
        seed: Seed of the batches and of the draws that refresh entries.
        size: Places of the cache; where fewer documents go by, it does not get full.
        policy: "lru" makes an entry young when it is used, "fifo" does not.
        top_k: How many of the nearest cached documents are a query's candidates, and are drawn from in training.
        scale: Factor of the scores in the draws that refresh entries; give ``softmax_weight`` the same.
        batch_size: Rows of a batch; a row is a query with one labelled positive.
        hard: Hard negatives that each row brings into the cache, drawn from its query's 200 best candidates.
        epochs: How many times all rows go by.

    Returns:
        A pool of the same queries with the rank layer ``cache`` and the layer ``cache_age`` (steps since the vector of
        a document was computed).

    Raises:
        MissingInputError: If vectors or labelled positives are missing.
        RecipeError: If the table would not fit into memory.

    References:
        METHODS B5; google-research negative_cache.
    """
    if scorer != "dense":
        raise MissingInputError(
            f"'cache' finds a query's nearest cached documents by vectors, but the recipe's scorer is '{scorer}'; set "
            "it to dense."
        )
    need_inputs(pool, scorer, "cache")
    if len(pool) * top_k > MOST_CELLS:
        raise RecipeError(
            f"'cache' would make a table of {len(pool):,} queries by {top_k:,} documents, and {MOST_CELLS:,} cells are "
            "the most that fit; make top_k smaller."
        )
    rounds = [
        compose(pool, seed=seed, batch_size=batch_size, masked=False, hard=hard, scorer=scorer, epoch=epoch)
        for epoch in range(epochs)
    ]
    # Beyond what goes by, places stay empty and cost nothing to leave out.
    coming = sum(len(batches) * (1 + batches.hard.shape[1]) for batches in rounds)
    cached = fill(pool, rounds, size=max(min(size, coming), 1), policy=policy, top_k=top_k, scale=scale, seed=seed)
    documents, ages = nearest(pool, cached, top_k)
    facts = {"name": "cache", "size": size, "filled": cached.filled, "steps": cached.steps, "policy": policy}
    made = assemble(pool, {"cache": documents}, scorer=scorer, origin={"source": facts})
    layer = np.full(made.documents.shape, np.nan, dtype=np.float32)
    rows, places = np.nonzero(np.not_equal(documents, PAD))
    layer.ravel()[cells_of(made.documents, rows, documents[rows, places])] = ages[rows, places]
    unknown = np.full(made.positives.shape, np.nan, dtype=np.float32)
    made = with_layer(made, LAYER, layer, unknown, "steps")
    return remember(remember_cache(made, cached), rounds[-1])
