"""Batches of one subject (METHODS C3)."""

import dataclasses

import numpy as np
import pytest

from negviz.batches.clustering import cluster_count, compose_clustered, query_clusters
from negviz.errors import MissingInputError
from negviz.pool import Pool
from tests.pools import make_dataset, make_pool, rich_pool


def subjects(sizes, seed=0) -> Pool:
    """Queries about a few subjects: vectors near one axis each; query i has document i as its positive."""
    total = sum(sizes)
    subject = np.repeat(np.arange(len(sizes)), sizes)
    vectors = np.eye(8)[subject] + np.random.default_rng(seed).normal(0, 0.05, (total, 8))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    embeddings = dataclasses.replace(rich_pool(2, 20, 5).embeddings, queries=vectors, documents=vectors)
    dataset = make_dataset(total, total, positives=[(f"q{row:02}", f"d{row:03}", 1) for row in range(total)])
    return make_pool(
        np.full((total, 1), 0.5), np.full((total, 1), 0.9), documents=(np.arange(total)[:, None] + 1) % total,
        positives=np.arange(total)[:, None], dataset=dataset, embeddings=embeddings,
    )  # fmt: skip


def test_one_cluster_for_each_200_queries_and_at_least_two():
    assert [cluster_count(queries) for queries in (1, 2, 176, 400, 1000, 400_000)] == [1, 2, 2, 2, 5, 2000]
    assert cluster_count(50, wanted=8) == 8
    assert cluster_count(5, wanted=8) == 5


def test_clusters_are_the_subjects():
    found = query_clusters(subjects([10, 6, 8]), 3, seed=0)
    groups = [set(part.tolist()) for part in np.split(found, [10, 16])]
    assert [len(group) for group in groups] == [1, 1, 1]
    assert len(set.union(*groups)) == 3


def test_clusters_follow_ids_and_not_places():
    pool = subjects([10, 6, 8])
    order = np.random.default_rng(1).permutation(len(pool))
    turned = dataclasses.replace(
        pool, queries=pool.queries[order], documents=pool.documents[order], positives=pool.positives[order],
        flags=pool.flags[order], ranks={}, scores={"dense": pool.scores["dense"][order]},
        positive_scores={"dense": pool.positive_scores["dense"][order]},
    )  # fmt: skip
    assert query_clusters(turned, 4, seed=3).tolist() == query_clusters(pool, 4, seed=3)[order].tolist()


def test_a_batch_is_of_one_cluster_until_that_has_nothing_left():
    pool = subjects([12, 12, 12])
    batches = compose_clustered(pool, seed=0, batch_size=4, clusters=3)
    cluster = query_clusters(pool, 3, seed=0)[batches.queries]
    assert sorted(batches.queries.tolist()) == list(range(36))
    for number in range(batches.total):
        rows = batches.rows_of(number)
        later = cluster[batches.starts[number + 1] :]
        if len(set(cluster[rows].tolist())) > 1:  # then the first of them had nothing left
            assert len(set(later.tolist())) < 3
    assert len(set(cluster[batches.rows_of(0)].tolist())) == 1


def test_a_batch_that_its_cluster_does_not_fill_takes_from_another():
    batches = compose_clustered(subjects([3, 13]), seed=0, batch_size=8, clusters=2)
    assert [len(batches.rows_of(number)) for number in range(batches.total)] == [8, 8]


def test_two_clusters_a_batch_halve_it():
    batches = compose_clustered(subjects([16, 16]), seed=0, batch_size=8, clusters=2, per_batch=2)
    shares = [(batches.queries[batches.rows_of(number)] < 16).sum() for number in range(2)]
    assert set(shares) <= {0, 4, 8}
    first = [
        compose_clustered(subjects([16, 16]), seed=seed, batch_size=8, clusters=2, per_batch=2) for seed in range(30)
    ]
    mixed = [(each.queries[each.rows_of(0)] < 16).sum() == 4 for each in first]
    assert 5 < sum(mixed) < 25  # both draws may fall on the same cluster


def test_clusters_are_drawn_uniformly_and_not_by_size():
    pool = subjects([4, 44])
    first = [compose_clustered(pool, seed=seed, batch_size=4, clusters=2).queries[0] < 4 for seed in range(200)]
    assert 70 < sum(first) < 130  # by size it would be 17


def test_a_query_is_at_most_once_in_a_batch(full):
    batches = compose_clustered(full, seed=0, batch_size=8)
    assert len(batches) == (full.positives >= 0).sum()
    for number in range(batches.total):
        queries = batches.queries[batches.rows_of(number)].tolist()
        assert len(queries) == len(set(queries)) <= 8


def test_without_vectors_the_way_to_get_them_is_named():
    with pytest.raises(MissingInputError, match="--retriever dense"):
        query_clusters(make_pool([[0.5]], [[0.9]]), 2, 0)
