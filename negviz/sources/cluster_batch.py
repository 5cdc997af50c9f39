"""Documents of the other rows of a batch of queries about one subject."""

from typing import Annotated

from negviz.batches.clustering import cluster_count, compose_clustered
from negviz.hints import Range
from negviz.pool import Pool
from negviz.sources import SOURCES
from negviz.sources._batches import need_inputs, pool_of


@SOURCES.register(
    "Other rows of a topical batch", reference="Hofstätter et al. 2021 (TAS-Balanced), arXiv:2104.06967", across=True
)
def cluster_batch(
    pool: Pool,
    *,
    scorer: str,
    seed: int,
    batch_size: Annotated[int, Range(2, 8192, 1, keeps="more", scale="count")] = 32,
    clusters: Annotated[int, Range(0, 10_000, 1, keeps="either", scale="count")] = 0,
    per_batch: Annotated[int, Range(1, 64, 1, keeps="either", scale="count")] = 1,
    hard: Annotated[int, Range(0, 16, 1, keeps="more", scale="count")] = 0,
    hard_depth: Annotated[int, Range(1, 1000, 1, keeps="either", scale="rank")] = 200,
    mask_positives: bool = False,
) -> Pool:
    """Cluster the queries and fill each batch from one cluster, so that the other rows are about the same subject.

    A cluster is drawn uniformly, not in proportion to its size, so small clusters come up more often than their share;
    a batch that it does not fill takes from another. Each row is used once, where the authors' code draws without end.

    Args:
        pool: Queries with their vectors, labelled positives and, for hard negatives, candidates.
        scorer: Whose scores tell which candidates are hard.
        seed: Seed of the clusters, the draws and the order.
        batch_size: Rows of a batch.
        clusters: How many clusters; 0 makes one for each 200 queries, and at least two.
        per_batch: Clusters that a batch is filled from.
        hard: Hard negatives that each row brings along, drawn uniformly from its query's best candidates.
        hard_depth: How many of a query's best candidates its hard negatives are drawn from.
        mask_positives: Whether the trainer masks labelled positives of the query; negviz never takes them.

    Returns:
        A pool of the same queries with the rank layers ``in_batch``, ``hard`` and ``own_hard`` (places in the batch).

    Raises:
        MissingInputError: If vectors or labelled positives are missing.
        RecipeError: If the table would not fit into memory.

    References:
        METHODS C3.
    """
    pool.vectors("cluster_batch")
    need_inputs(pool, scorer, "cluster_batch")
    batches = compose_clustered(
        pool, seed=seed, batch_size=batch_size, clusters=clusters, per_batch=per_batch, masked=mask_positives,
        hard=hard, hard_depth=hard_depth, scorer=scorer,
    )  # fmt: skip
    facts = {"batch_size": batch_size, "clusters": cluster_count(len(pool), clusters), "per_batch": per_batch}
    return pool_of(pool, batches, scorer=scorer, user="cluster_batch", facts=facts)
