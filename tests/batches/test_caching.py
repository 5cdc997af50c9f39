"""The cache of Negative Cache (METHODS B5)."""

import dataclasses

import numpy as np

from negviz.arrays import PAD
from negviz.batches.caching import EMPTY, _used, fill, nearest, oldest
from negviz.batches.composing import compose
from negviz.embeddings import Embeddings
from tests.pools import make_dataset, make_pool


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


def in_line(seed=0):
    """Five rows in batches of one, and a pool whose documents lie on axes; the row's query is put where it is told."""
    dataset = make_dataset(5, 5, positives=[(f"q{row:02}", f"d{row:03}", 1) for row in range(5)])
    pool = make_pool([[0.5]] * 5, [[0.9]] * 5, positives=[[row] for row in range(5)], dataset=dataset)
    batches = compose(pool, seed=seed, batch_size=1)
    nearest_to = [0, 0, 1, 0, 2]  # the n-th query to come is nearest to this one of the documents to come
    axes = np.zeros((5, 5), dtype=np.float32)
    axes[batches.documents] = np.eye(5)
    asked = np.zeros((5, 5), dtype=np.float32)
    asked[batches.queries] = np.eye(5)[nearest_to]
    vectors = Embeddings(asked, axes, "cosine", "made by hand", "0" * 32)
    return dataclasses.replace(pool, embeddings=vectors), batches


def test_b5_by_hand_an_entry_that_is_used_is_as_young_as_a_new_one():
    # Three places. Documents 0, 1, 2 fill them; 0, used at steps 1 and 3, outlives 1 at step 3 and goes at step 4, when
    # 2 is used. First in, first out would have lost 0 at step 3 and 1 at step 4.
    pool, batches = in_line()
    told = {"size": 3, "top_k": 8, "scale": 1e6, "seed": 0}
    used, old = (fill(pool, [batches], policy=policy, **told) for policy in ("lru", "fifo"))
    assert used.documents.tolist() == batches.documents[[4, 3, 2]].tolist()
    assert used.ages.tolist() == [0, 1, 0]
    assert used.refreshed == 4
    assert old.documents.tolist() == batches.documents[[3, 4, 2]].tolist()
    assert old.ages.tolist() == [1, 0, 2]


def test_b5_what_is_used_is_one_draw_from_the_softmax_over_the_nearest():
    # METHODS B5: logits 1 apart give .731059 and .268941; the third is not among the nearest two.
    scores = np.array([0.1, 0.15, 0.05], dtype=np.float32)
    vectors = np.stack([scores, np.sqrt(1 - scores**2)], axis=1)
    embeddings = Embeddings(np.float32([[1, 0]]), vectors, "cosine", "made by hand", "0" * 32)
    pool = make_pool([[0.5]], [[0.9]], dataset=make_dataset(1, 3), embeddings=embeddings)
    rows, cached = np.array([0], np.int32), np.arange(3, dtype=np.int32)
    drawn = [_used(pool, rows, cached, (2, 20.0, seed), 1)[0] for seed in range(4_000)]
    counts = np.bincount(drawn, minlength=3)
    assert counts[2] == 0
    assert abs(counts[1] / 4_000 - 0.731059) < 4 * np.sqrt(0.731059 * 0.268941 / 4_000)


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
