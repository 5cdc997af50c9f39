"""The reuse cap: no document is a negative of too many queries."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from negviz.select import select
from negviz.strategies.reuse_cap import reuse_cap
from tests.pools import make_dataset, make_pool, pools, recipe

# Document 1 (first column) is the best of all three queries, and best of all for q01.
SCORES = [[0.8, 0.6, 0.5], [0.9, 0.7, 0.4], [0.8, 0.3, 0.2]]


def weigh(pool, **knobs):
    return reuse_cap(pool, scorer="dense", survivors=pool.eligible, **{"count": 1, "seed": 0, **knobs})


def three():
    return make_pool(SCORES, [[1.0]] * 3)


def test_a_document_stays_with_the_queries_it_is_nearest_to_and_equal_ones_go_by_id():
    # d001: q01 .9, then q00 and q02 .8 (q00 by id); d002: .7 and .6; d003: .5 and .4.
    assert weigh(three(), cap=2).tolist() == [[1, 1, 1], [1, 1, 1], [0, 0, 0]]


def test_only_the_best_count_where_that_is_asked_for_and_the_next_move_up():
    # All three want d001; it keeps q01. q00 and q02 want d002, which keeps q00 (.6); q02 takes d003.
    weights = weigh(three(), cap=1, counts="best")
    assert weights.tolist() == [[0, 1, 1], [1, 1, 1], [0, 0, 1]]
    taken = select(three(), recipe(("reuse_cap", {"cap": 1, "counts": "best"}), count=1)).taken
    assert taken.tolist() == [[False, True, False], [True, False, False], [False, False, True]]


def test_what_earlier_steps_refused_asks_for_nothing():
    pool = three()
    survivors = pool.eligible.copy()
    survivors[1, 0] = False
    weights = reuse_cap(pool, scorer="dense", survivors=survivors, count=1, seed=0, cap=2)
    assert weights[:, 0].tolist() == [1, 0, 1]


def test_noise_keeps_others_with_another_seed_and_the_same_with_the_same():
    pool = make_pool(np.linspace(0.9, 0.5, 12)[:, None], [[1.0]] * 12)
    drawn = [weigh(pool, cap=4, keeps="noise", seed=seed) for seed in (0, 0, 1)]
    assert np.array_equal(drawn[0], drawn[1])
    assert not np.array_equal(drawn[0], drawn[2])
    assert all(each.sum() == 4 for each in drawn)


@pytest.mark.parametrize("counts", ["all", "best"])
@pytest.mark.parametrize("keeps", ["nearest", "noise"])
@given(pool=pools(), cap=st.integers(1, 3), count=st.integers(1, 4))
def test_no_document_is_taken_more_often_than_the_cap(counts, keeps, pool, cap, count):
    step = ("reuse_cap", {"cap": cap, "counts": counts, "keeps": keeps})
    selection = select(pool, recipe(step, count=count))
    times = np.unique(pool.documents[selection.taken], return_counts=True)[1]
    assert times.max(initial=0) <= cap


@given(pool=pools(), count=st.integers(1, 4))
def test_counting_the_best_alone_never_takes_fewer_for_a_query(pool, count):
    taken = [
        select(pool, recipe(("reuse_cap", {"cap": 1, "counts": counts}), count=count)).taken.sum()
        for counts in ("best", "all")
    ]
    assert taken[0] >= taken[1]


@pytest.mark.parametrize("counts", ["all", "best"])
def test_the_order_of_the_queries_does_not_matter(counts):
    random = np.random.default_rng(4)
    scores = random.choice([0.2, 0.4, 0.6, 0.8], (9, 12)).astype(np.float32)
    pool = make_pool(scores, [[1.0]] * 9, dataset=make_dataset(9, 13))
    turned = replace(
        pool, queries=pool.queries[::-1].copy(), scores={"dense": scores[::-1].copy()}, stored_fingerprint=None
    )
    one, other = (weigh(each, cap=2, counts=counts, count=3) for each in (pool, turned))
    assert np.array_equal(one, other[::-1])
    assert 0 < one.sum() < one.size
