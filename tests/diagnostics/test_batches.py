"""What is said about batches: worked numbers of METHODS A1, A3, A4, B3, B5, C1, C3, E2."""

import dataclasses

import numpy as np
import pytest

from negviz.batches import Batches, remembered
from negviz.batches.composing import compose
from negviz.dataset import Dataset
from negviz.diagnostics.batch_view import batch_view, disputed_zone
from negviz.diagnostics.cache_ages import score_staleness
from negviz.diagnostics.cache_loss import cache_loss, effective_sample_size, staleness
from negviz.diagnostics.gathered_columns import gathered_columns
from negviz.diagnostics.hardest_in_batch import hardest_in_batch
from negviz.diagnostics.hinge_pairs import hinge_pairs
from negviz.diagnostics.in_batch_collisions import collision_curve, expected_share, in_batch_collisions
from negviz.diagnostics.in_batch_scores import in_batch_scores
from negviz.diagnostics.margin_balance import margin_balance
from negviz.diagnostics.pair_losses import pair_losses
from negviz.recipe import published
from negviz.select import select
from tests.pools import make_dataset, make_pool, recipe, unit_embeddings

PLAIN = [True, True, True]


def sharing(owners, documents=None):
    """Pool in which query i has the positive of ``owners[i]``; vectors are random."""
    total = len(owners)
    documents = documents or [(f"d{row:03}", "", f"text {row}") for row in range(max(owners) + 1)]
    dataset = Dataset.build(
        name="sharing",
        format="test",
        queries=[(f"q{query:03}", f"question {query}") for query in range(total)],
        documents=documents,
        positives=[(f"q{query:03}", f"d{own:03}", 1) for query, own in enumerate(owners)],
    )
    rows = np.array(owners)[:, None]
    return make_pool(
        np.full((total, 1), 0.5), np.full((total, 1), 0.9), documents=rows, positives=rows, dataset=dataset,
        embeddings=unit_embeddings(total, len(documents)),
    )  # fmt: skip


def test_a1_collisions_are_other_rows_with_a_labelled_positive_of_the_query():
    pool = sharing([0, 0, 0, 1, 2])
    batches = compose(pool, seed=0, batch_size=5)
    found = dict(zip(batches.queries.tolist(), in_batch_collisions(pool, batches).tolist(), strict=True))
    assert found == {0: 2, 1: 2, 2: 2, 3: 0, 4: 0}
    alone = compose(pool, seed=0, batch_size=1)
    assert not in_batch_collisions(pool, alone).any()


def test_a1_a_copy_of_a_positive_is_a_collision_too():
    pool = sharing([0, 1], [("d000", "", "The same text"), ("d001", "", "the  SAME text"), ("d002", "", "other")])
    assert in_batch_collisions(pool, compose(pool, seed=0, batch_size=2)).tolist() == [1, 1]


def test_a1_rows_of_one_query_collide():
    dataset = make_dataset(1, 3, positives=[("q00", "d000", 1), ("q00", "d001", 1)])
    pool = make_pool([[0.5]], [[0.9, 0.8]], documents=[[2]], positives=[[0, 1]], dataset=dataset)
    assert in_batch_collisions(pool, compose(pool, seed=0, batch_size=2)).tolist() == [1, 1]


def test_a1_expected_share():
    # A positive shared by m = 3 of N = 101 queries, in a batch of 11: 1 - (1 - 2/100)^10.
    assert expected_share(np.full(101, 2), 101, 11) == pytest.approx(1 - 0.98**10)
    assert expected_share(np.array([0, 2]), 2, 1) == 0
    assert expected_share(np.array([1, 1]), 2, 64) == 1
    assert expected_share(np.zeros(0), 0, 8) == 0


def test_a1_expected_and_counted_agree_on_average():
    owners = [row // 2 for row in range(120)]
    pool = sharing(owners)
    curves = [collision_curve(pool, [8, 32], seed) for seed in range(60)]
    for place in range(2):
        counted = np.mean([curve.counted[place] for curve in curves])
        assert counted == pytest.approx(curves[0].expected[place], rel=0.15)


def test_a1_a_batch_of_everything_has_every_collision():
    curve = collision_curve(sharing([0, 0, 1, 2]), [2, 4], seed=0)
    assert curve.counted[1] == 0.5
    assert curve.collisions[1] == 2


def test_a3_active_pairs():
    scores = np.array([[3.0, 1.5, 2.5]])
    found = hinge_pairs(scores, np.array([[True, False, False]]), np.array([[False, True, True]]))
    assert sorted(found.differences.tolist()) == [0.5, 1.5]
    assert (found.active, found.share) == (1, 0.5)
    # The hinge of the card: 0 and 0.5 over three documents.
    assert np.maximum(0, 1 - found.differences).sum() / 3 == pytest.approx(0.1667, abs=5e-5)


def test_a3_unknown_scores_and_masked_pairs_do_not_count():
    scores = np.array([[3.0, np.nan, 2.5, 2.9]])
    found = hinge_pairs(scores, np.array([[True, False, False, True]]), np.array([[False, True, True, False]]))
    assert sorted(np.round(found.differences, 4).tolist()) == [0.4, 0.5]
    assert np.isnan(hinge_pairs(scores, np.zeros((1, 4), bool), np.ones((1, 4), bool)).share)


def test_c1_columns_of_the_positives_across_workers():
    # Worker w holds B positives, then B negatives: 2Bw + i.
    assert gathered_columns(3, 1, workers=2).tolist() == [0, 1, 2, 6, 7, 8]
    assert gathered_columns(2, 0, workers=3).tolist() == [0, 1, 2, 3, 4, 5]


def gradient(queries, documents, weights, chunk):
    """InfoNCE over a linear encoder, its gradient by GradCache's three steps (METHODS A4)."""
    starts = range(0, len(queries), chunk)
    # Encode in chunks without a graph.
    left = np.concatenate([queries[start : start + chunk] @ weights for start in starts])
    right = np.concatenate([documents[start : start + chunk] @ weights for start in starts])
    # The loss of the whole batch, and its derivative by the representations, is what is cached.
    logits = left @ right.T
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    error = (shares - np.eye(len(queries))) / len(queries)
    by_left, by_right = error @ right, error.T @ left
    # Encode each chunk again and push the cached derivatives through it.
    total = np.zeros_like(weights)
    for start in starts:
        part = slice(start, start + chunk)
        total += queries[part].T @ by_left[part] + documents[part].T @ by_right[part]
    return total


def loss(queries, documents, weights):
    logits = (queries @ weights) @ (documents @ weights).T
    return float((np.log(np.exp(logits).sum(axis=1)) - np.diag(logits)).mean())


def test_a4_chunks_give_the_gradient_of_the_whole_batch():
    random = np.random.default_rng(0)
    queries, documents, weights = (random.normal(0, 0.5, shape) for shape in ((6, 5), (6, 5), (5, 4)))
    whole = gradient(queries, documents, weights, 6)
    for chunk in (1, 2):
        assert np.abs(gradient(queries, documents, weights, chunk) - whole).max() < 1e-6
    step = np.zeros_like(weights)
    step[2, 1] = 1e-5
    numeric = (loss(queries, documents, weights + step) - loss(queries, documents, weights - step)) / 2e-5
    assert whole[2, 1] == pytest.approx(numeric, abs=1e-6)
    # Batches of the chunk's size have another gradient: that is what GradCache is for.
    parts = [gradient(queries[at : at + 2], documents[at : at + 2], weights, 2) for at in (0, 2, 4)]
    assert np.abs(sum(parts) / 3 - whole).max() > 1e-2


def test_a4_the_hardest_grows_with_the_batch(full):
    found = hardest_in_batch(full, "dense", [4, 8, 64], seed=0)
    assert (np.diff(found.score) >= 0).all()
    assert (np.diff(found.percentile) >= 0).all()
    assert found.percentile[-1] > 90
    assert found.rows == (full.positives >= 0).sum()


def test_b3_pairs_of_three_rows_with_one_hard_negative_each():
    scores, own = np.zeros((3, 6)), np.zeros(3)
    owners, hard = np.array([0, 1, 2, 0, 1, 2]), np.array([False] * 3 + [True] * 3)
    negative = ~(np.equal(owners[None, :], np.arange(3)[:, None]) & ~hard)
    found = pair_losses(scores, own, negative, owners, hard)
    assert found.pairs.tolist() == [6, 6, 3]  # 6 in-batch pairs, 9 hard ones
    assert found.loss == pytest.approx(np.log(2))


def test_b3_pairs_of_256_rows():
    rows = np.arange(256)
    owners, hard = np.concatenate([rows, rows]), np.repeat([False, True], 256)
    negative = ~(np.equal(owners[None, :], rows[:, None]) & ~hard)
    found = pair_losses(np.zeros((256, 512)), np.zeros(256), negative, owners, hard)
    assert found.pairs[0] == 65_280
    assert found.pairs[1] + found.pairs[2] == 65_536
    assert found.pairs[2] == 256


def test_b3_a_labelled_positive_of_the_batch_is_masked():
    dataset = make_dataset(2, 3, positives=[("q00", "d000", 1), ("q00", "d001", 1), ("q01", "d001", 1)])
    pool = make_pool(
        [[0.5], [0.5]], [[0.9, 0.8], [0.9, np.nan]], documents=[[2], [2]], positives=[[0, 1], [1, -1]], dataset=dataset,
        embeddings=unit_embeddings(2, 3),
    )  # fmt: skip
    batches = Batches(
        np.array([0, 1], np.int32), np.array([0, 1], np.int32), np.full((2, 0), -1, np.int32),
        np.zeros(2, np.int32), np.zeros(2, np.int32), 2,
    )  # fmt: skip
    view = batch_view(select(pool, recipe()), batches, 0)
    assert view.collision.tolist() == [[False, True], [False, False]]
    assert view.negative.tolist() == [[False, False], [True, False]]


def test_b5_worked_numbers():
    found = cache_loss(2.0, np.array([1.0, 0.0]))
    assert found.positive == pytest.approx(0.665241, abs=5e-7)
    assert found.negatives == pytest.approx([0.244728, 0.090031], abs=5e-7)
    assert 1 - found.positive == pytest.approx(0.334759, abs=5e-7)
    assert found.drawn == pytest.approx([0.731059, 0.268941], abs=5e-7)
    assert found.gradient == pytest.approx([0.244728, 0.090031], abs=5e-7)
    assert found.gradient == pytest.approx(found.negatives)
    assert found.loss == pytest.approx(0.407606, abs=5e-7)


def test_b5_effective_sample_size():
    found = effective_sample_size(np.array([[1.0, 1.0, 0.0, 1.0], [5.0, 0.0, 0.0, 0.0], [0.0] * 4, [3.0, 1.0, 0, 0]]))
    assert found == pytest.approx([3, 1, 0, 1.6])


def test_b5_staleness():
    fresh = np.array([[3.0, 4.0], [1.0, 0.0]])
    assert staleness(fresh, fresh).tolist() == [0, 0]
    assert staleness(np.array([[3.0, 3.0], [0.0, 1.0]]), fresh).tolist() == [1 / 25, 2.0]


def test_b5_staleness_of_scores_between_two_checkpoints():
    pool = make_pool([[0.5, 0.4, 0.0]], [[0.9]], more_scores={"old": np.float32([[0.25, np.nan, 0.1]])})
    found = score_staleness(pool, "old", "dense")
    assert found[0, 0] == pytest.approx(0.25)
    assert np.isnan(found[0, 1:]).all()


def test_c3_balance_of_the_card_s_margins():
    margins = np.array([1.0, 1.0, 1.0, 1.0, 11.0])
    found = margin_balance(margins, np.ones(5, bool), np.array([0.125] * 4 + [0.5]), 10)
    assert found.counts.tolist() == [4, 0, 0, 0, 0, 0, 0, 0, 0, 1]
    assert found.before[[0, 9]] == pytest.approx([0.8, 0.2])
    assert found.after[[0, 9]] == pytest.approx([0.5, 0.5])
    assert found.largest == 0.5
    assert found.edges[[0, -1]].tolist() == [1, 11]
    assert margin_balance(margins, np.zeros(5, bool), np.zeros(5), 10) is None


def test_e2_disputed_zone_reaches_from_above_95_percent_to_a_tenth_above():
    scores = np.array([[0.57, 0.5701, 0.6, 0.7, 0.7001, np.nan]])
    assert disputed_zone(scores, np.array([0.6])).tolist() == [[False, True, True, True, False, False]]


def test_scores_of_in_batch_negatives_leave_positives_out():
    pool = sharing([0, 0, 1])
    batches = compose(pool, seed=0, batch_size=3)
    # Six pairs with other rows, two of which have the same positive.
    assert len(in_batch_scores(pool, batches, "dense")) == 4
    assert len(in_batch_scores(pool, compose(pool, seed=0, batch_size=2), "dense", most=1)) <= 2


def test_a_batch_is_seen_as_it_was_composed(full):
    found = select(full, published()["star"])
    batches = remembered(found.pool)
    view = batch_view(found, batches, 5, most=100)
    assert view.whole
    assert view.rows.tolist() == batches.rows_of(int(batches.numbers[batches.row_of(5)])).tolist()
    assert batches.queries[view.rows[view.chosen]] == 5
    assert view.positive.sum(axis=1).tolist() == [1] * len(view.rows)
    assert view.documents[np.argmax(view.positive, axis=1)].tolist() == batches.documents[view.rows].tolist()
    assert not (view.collision & view.positive).any()
    assert view.hard.sum() == (batches.hard[view.rows] >= 0).sum()


def test_of_a_large_batch_the_nearest_rows_are_shown(full):
    found = select(full, published()["in_batch"])
    batches = remembered(found.pool)
    view = batch_view(found, batches, 5, most=6)
    whole = batch_view(found, batches, 5, most=100)
    assert (len(view.rows), view.size, view.whole) == (6, len(batches), False)
    scores = np.where(whole.positive[whole.chosen], -np.inf, whole.scores[whole.chosen])
    nearest = whole.rows[np.argsort(-scores, kind="stable")[:5]]
    assert set(view.rows.tolist()) == {*nearest.tolist(), int(whole.rows[whole.chosen])}


def test_pairs_that_a_step_refuses_are_masked(full):
    ceiling = recipe(("score_ceiling", {"ceiling": 0.1}), count=50)
    found = select(full, dataclasses.replace(ceiling, source=published()["in_batch"].source))
    view = batch_view(found, remembered(found.pool), 5)
    free = ~view.positive & ~view.collision
    high = free & (view.scores >= 0.1)
    assert high.any()
    assert (view.masked & ~high).sum() == 0
    # Other leaks are refused before the step is asked.
    assert view.masked.sum() > 0.9 * high.sum()


def test_a_query_without_a_row_has_no_batch(full):
    found = select(full, published()["in_batch"])
    batches = remembered(found.pool)
    keep = batches.queries != 5
    fewer = dataclasses.replace(
        batches, queries=batches.queries[keep], documents=batches.documents[keep], hard=batches.hard[keep],
        numbers=batches.numbers[keep], workers=batches.workers[keep],
    )  # fmt: skip
    assert batch_view(found, fewer, 5) is None
