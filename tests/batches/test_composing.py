"""Batches as a trainer composes them (METHODS A1, A4, B3, C1)."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from negviz.batches.composing import compose, first_fit
from tests.pools import make_dataset, make_pool, rich_pool


def rows_of(pool, batches):
    data = pool.dataset
    return [
        (data.query_id(pool.queries[query]), data.document_id(document), int(number), int(worker))
        for query, document, number, worker in zip(
            batches.queries, batches.documents, batches.numbers, batches.workers, strict=True
        )
    ]


def test_every_pair_of_query_and_positive_is_one_row_and_batches_are_full_but_the_last(full):
    batches = compose(full, seed=0, batch_size=5)
    pairs = {(query, document) for query, own in enumerate(full.positives) for document in own if document >= 0}
    assert sorted(pairs) == sorted(zip(batches.queries.tolist(), batches.documents.tolist(), strict=True))
    sizes = np.bincount(batches.numbers)
    assert (sizes[:-1] == 5).all()
    assert 0 < sizes[-1] <= 5
    assert batches.starts.tolist() == [0, *np.cumsum(sizes).tolist()]


def test_seeds_give_other_orders_and_epochs_too(full):
    one, other, later = (
        compose(full, seed=seed, epoch=epoch, batch_size=4) for seed, epoch in ((0, 0), (1, 0), (0, 1))
    )
    assert rows_of(full, one) == rows_of(full, compose(full, seed=0, batch_size=4))
    assert len({str(rows_of(full, each)) for each in (one, other, later)}) == 3


def test_a_batch_of_several_workers_is_their_batches_one_after_the_other(full):
    alone, gathered = compose(full, seed=0, batch_size=4), compose(full, seed=0, batch_size=4, workers=3)
    assert alone.queries.tolist() == gathered.queries.tolist()
    assert (alone.numbers // 3 == gathered.numbers).all()
    assert (alone.numbers % 3 == gathered.workers).all()


def test_rows_of_a_batch_that_is_not_full_can_be_left_out(full):
    total = len(compose(full, seed=0, batch_size=5))
    left = compose(full, seed=0, batch_size=5, drop_last=True)
    assert left.dropped == total % 5 > 0
    assert len(left) == total - left.dropped
    assert (np.bincount(left.numbers) == 5).all()


def test_no_text_comes_twice_in_a_batch_with_no_duplicates():
    # Every query has document 0 as its positive, so no two rows fit together.
    pool = make_pool([[0.5]] * 4, [[0.9]] * 4)
    assert compose(pool, seed=0, batch_size=4).total == 1
    assert compose(pool, seed=0, batch_size=4, no_duplicates=True).total == 4


def test_first_fit_is_the_sampler_that_goes_over_what_is_left_again():
    rows = [frozenset(text) for text in ("ab", "cd", "ax", "ey", "az", "cq")]
    assert first_fit(rows, 3).tolist() == [0, 0, 1, 0, 2, 1]


def again_and_again(rows, size):
    """The sampler as its documentation describes it: fill a batch from what is left, then the next one."""
    left, numbers, batch = list(range(len(rows))), [0] * len(rows), 0
    while left:
        taken, texts = [], set()
        for row in left:
            if len(taken) < size and not rows[row] & texts:
                taken.append(row)
                texts |= rows[row]
        for row in taken:
            numbers[row] = batch
        left = [row for row in left if row not in taken]
        batch += 1
    return numbers


@given(
    rows=st.lists(st.frozensets(st.sampled_from("abcdefgh"), min_size=1, max_size=3), max_size=20),
    size=st.integers(1, 5),
)
def test_first_fit_for_any_rows(rows, size):
    assert first_fit(rows, size).tolist() == again_and_again(rows, size)


def test_hard_negatives_come_from_the_best_candidates_without_leaks(full):
    batches = compose(full, seed=0, batch_size=8, hard=2, hard_depth=10)
    rank = np.where(full.eligible, full.scores["dense"], -np.inf)
    for query, drawn in zip(batches.queries, batches.hard, strict=True):
        best = full.documents[query][np.argsort(-rank[query], kind="stable")[:10]]
        assert set(drawn.tolist()) <= set(best.tolist())
        assert len(set(drawn.tolist())) == 2


def test_hard_negatives_are_drawn_uniformly():
    pool = rich_pool(queries=4, documents=60, depth=20)
    counts = np.zeros(60)
    for seed in range(400):
        batches = compose(pool, seed=seed, batch_size=8, hard=1, hard_depth=5)
        counts[batches.hard[batches.queries == 1, 0][0]] += 1
    drawn = counts[counts > 0]
    assert len(drawn) == 5
    assert (np.abs(drawn - 80) < 5 * np.sqrt(80 * 0.8)).all()


def test_every_epoch_draws_its_hard_negatives_anew(full):
    # METHODS B3: each step draws one of the 200; METHODS A2: a different member each epoch.
    drawn = []
    for epoch in (0, 1, 0):
        batches = compose(full, seed=0, batch_size=8, hard=1, epoch=epoch)
        order = np.lexsort((batches.documents, batches.queries))
        drawn.append(batches.hard[order, 0])
    assert np.array_equal(drawn[0], drawn[2])
    assert (drawn[0] != drawn[1]).mean() > 0.8


def test_a_query_with_fewer_candidates_has_fewer_hard_negatives():
    pool = make_pool([[0.5, 0.4]], [[0.9]], flags=[[1, 0]])
    assert compose(pool, seed=0, batch_size=4, hard=3).hard.tolist() == [[2, -1, -1]]


def test_queries_without_a_positive_have_no_row():
    dataset = make_dataset(2, 4, positives=[("q00", "d001", 1)])
    pool = make_pool([[0.5], [0.5]], [[0.9], [np.nan]], positives=[[1], [-1]], documents=[[2], [3]], dataset=dataset)
    batches = compose(pool, seed=0, batch_size=4)
    assert batches.queries.tolist() == [0]
    assert batches.row_of(1) is None


@pytest.mark.parametrize("hard", [0, 2])
def test_a_pool_without_queries_is_no_error(hard):
    pool = rich_pool(queries=4, documents=60, depth=20)
    none = make_pool(np.zeros((0, 3)), np.zeros((0, 1)), dataset=pool.dataset)
    batches = compose(none, seed=0, batch_size=4, hard=hard)
    assert (len(batches), batches.total) == (0, 0)
