"""Batches of one subject: queries are clustered, and a batch is filled from one cluster (TAS-Balanced)."""

import numpy as np

from negviz.arrays import Floats, Ints
from negviz.batches import Batches
from negviz.batches.composing import gathered, hard_negatives, labelled_rows, seeded
from negviz.pool import Pool

PER_CLUSTER = 200
FEWEST = 2
ROUNDS = 20
MOST_SEED = 2**31 - 1


def cluster_count(queries: int, wanted: int = 0) -> int:
    """How many clusters to make: as many as wanted, or one for each 200 queries and at least two.

    The paper's 2,000 clusters are of about 200 queries each (not verified).
    """
    usual = max(FEWEST, round(queries / PER_CLUSTER))
    return max(1, min(wanted or usual, queries))


def query_clusters(pool: Pool, count: int, seed: int) -> Ints:
    """Cluster the queries of a pool by k-means on the sphere, by inner product.

    One thread, and queries in order of their ids: the same clusters whatever the machine and the order of the pool.

    Args:
        pool: Its queries and vectors.
        count: Clusters, at most as many as queries.
        seed: Where the centres start.

    Returns:
        (queries,) cluster of each query of the pool.

    Raises:
        MissingInputError: If the pool has no vectors.
    """
    vectors = pool.vectors("cluster_batch").queries[pool.queries]
    ids = [pool.dataset.query_ids[row] for row in pool.queries]
    order = np.array(sorted(range(len(ids)), key=ids.__getitem__), dtype=np.int64)
    if count <= 1 or len(ids) <= count:
        return (np.argsort(order) % max(count, 1)).astype(np.int32)
    found = np.zeros(len(ids), dtype=np.int32)
    found[order] = _nearest_centres(np.ascontiguousarray(vectors[order], dtype=np.float32), count, seed)
    return found


def _nearest_centres(vectors: "np.typing.NDArray[np.float32]", count: int, seed: int) -> Ints:
    import faiss
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        index = faiss.IndexFlatIP(vectors.shape[1])
        clustering = faiss.Clustering(vectors.shape[1], count)
        clustering.niter, clustering.spherical = ROUNDS, True
        clustering.seed = seed % MOST_SEED
        clustering.min_points_per_centroid = 1
        clustering.max_points_per_centroid = len(vectors)
        clustering.train(vectors, index)
        return np.asarray(index.search(vectors, 1)[1][:, 0], dtype=np.int32)


def compose_clustered(
    pool: Pool,
    *,
    seed: int,
    batch_size: int,
    clusters: int = 0,
    per_batch: int = 1,
    masked: bool = False,
    hard: int = 0,
    hard_depth: int = 200,
    scorer: str = "dense",
) -> Batches:
    """Compose the batches of one epoch, each from as few clusters of queries as fill it.

    A cluster is drawn uniformly among those that have rows left, whatever their size; up to ``batch_size / per_batch``
    of its rows are taken; while the batch is not full, another cluster is drawn. A query is at most once in a batch.

    Args:
        pool: Queries with their vectors, labelled positives and, for hard negatives, candidates.
        seed: Seed of the clusters, the draws and the order.
        batch_size: Rows of a batch.
        clusters: How many; 0 makes one for each 200 queries, at least two.
        per_batch: Clusters that a batch is filled from.
        masked: Whether the trainer masks labelled positives.
        hard: Hard negatives a row.
        hard_depth: How many of the best candidates hard negatives are drawn from.
        scorer: Whose scores tell which candidates are hard.

    Raises:
        MissingInputError: If the pool has no vectors.

    References:
        METHODS C3; matchmaker tas_balanced_training_loader.py, whose batches have no end; here each row comes once.
    """
    places, documents, keys = labelled_rows(pool, seed)
    of_query = query_clusters(pool, cluster_count(len(pool), clusters), seed)
    left = _queues(places, of_query)
    share = max(1, -(-batch_size // per_batch))
    parts = np.zeros(len(places), dtype=np.int32)
    batch = draw = 0
    while left:
        taken: list[int] = []
        inside: set[int] = set()
        closed: set[int] = set()
        while len(taken) < batch_size and len(closed) < len(left):
            open_ones = [name for name in sorted(left) if name not in closed]
            chosen = open_ones[int(_noise(draw, seed) * len(open_ones))]
            draw += 1
            rows = _take(left[chosen], places, inside, min(share, batch_size - len(taken)))
            taken += rows
            closed |= {chosen} if not rows or not left[chosen] else set()
        parts[taken] = batch
        batch += 1
        left = {name: rows for name, rows in left.items() if rows}
    drawn = hard_negatives(pool, places, keys, scorer=scorer, count=hard, depth=hard_depth, seed=seed)
    return gathered((places, documents, drawn), parts, batch_size=batch_size, workers=1, drop_last=False, masked=masked)


def _noise(draw: int, seed: int) -> float:
    values: Floats = seeded([f"cluster of draw {draw}"], seed)
    return float(values[0])


def _queues(places: Ints, of_query: Ints) -> dict[int, list[int]]:
    """Rows of each cluster, in the order of the rows."""
    queues: dict[int, list[int]] = {}
    for row, place in enumerate(places):
        queues.setdefault(int(of_query[place]), []).append(row)
    return queues


def _take(queue: list[int], places: Ints, inside: set[int], wanted: int) -> list[int]:
    """Take rows out of a queue, passing over those whose query is in the batch already."""
    rows: list[int] = []
    for row in queue:
        if len(rows) == wanted:
            break
        if int(places[row]) not in inside:
            inside.add(int(places[row]))
            rows.append(row)
    chosen = set(rows)
    queue[:] = [row for row in queue if row not in chosen]
    return rows
