"""The cache of Negative Cache (METHODS B5)."""

import numpy as np

from negviz.arrays import PAD
from negviz.batches.caching import EMPTY, fill, nearest, oldest
from negviz.batches.composing import compose


def filled(pool, size, policy="fifo", epochs=1, batch_size=4, seed=0):
    rounds = [compose(pool, seed=seed, batch_size=batch_size, epoch=epoch) for epoch in range(epochs)]
    return rounds, fill(pool, rounds, size=size, policy=policy, top_k=8, scale=20.0, seed=seed)


def test_b5_the_oldest_is_overwritten_and_of_equals_the_first():
    assert oldest(np.array([5, 7, 7], dtype=np.int32), 1).tolist() == [1]
    assert oldest(np.array([5, 7, 7], dtype=np.int32), 2).tolist() == [1, 2]
    assert oldest(np.array([3, EMPTY, 9], dtype=np.int32), 2).tolist() == [1, 2]


def test_first_in_first_out_holds_documents_of_the_last_batches(full):
    (batches,), cached = filled(full, size=10)
    last = batches.total - 1
    # Which documents of a batch go first is a tie, and the smallest place decides; how many of which age is not.
    assert sorted(cached.ages.tolist()) == sorted((last - batches.numbers[-10:]).tolist())
    for document, age in zip(cached.documents, cached.ages, strict=True):
        assert document in batches.documents[batches.rows_of(last - int(age))]
    assert (cached.steps, cached.entered, cached.refreshed) == (batches.total, len(batches), 0)


def test_using_an_entry_makes_it_young(full):
    _, old = filled(full, size=20)
    _, used = filled(full, size=20, policy="lru")
    assert used.refreshed > 0
    assert used.ages.mean() < old.ages.mean()
    assert used.filled == old.filled == 20


def test_a_cache_larger_than_what_goes_by_is_not_full(full):
    (batches,), cached = filled(full, size=1000)
    assert cached.filled == len(batches)
    assert (cached.documents[cached.filled :] == PAD).all()


def test_a_batch_larger_than_the_cache_leaves_it_full(full):
    _, cached = filled(full, size=3, batch_size=8)
    assert cached.filled == 3
    assert (cached.ages == 0).all()


def test_the_nearest_are_found_once_each_with_the_age_of_the_youngest_copy(full):
    _, cached = filled(full, size=1000, epochs=2)
    documents, ages = nearest(full, cached, top_k=5)
    youngest = {}
    for document, age in zip(cached.documents, cached.ages, strict=True):
        if document != PAD:
            youngest[int(document)] = min(int(age), youngest.get(int(document), EMPTY))
    vectors = full.embeddings
    for query, (row, old) in enumerate(zip(documents, ages, strict=True)):
        scores = {document: float(vectors.queries[query] @ vectors.documents[document]) for document in youngest}
        assert row.tolist() == sorted(scores, key=lambda document: -scores[document])[:5]
        assert old.tolist() == [youngest[int(document)] for document in row]
