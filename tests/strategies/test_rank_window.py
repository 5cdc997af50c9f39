"""Windows over three kinds of rank (METHODS B10, D1, D2, T7)."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from negviz.select import select
from negviz.strategies.rank_window import rank_window
from tests.pools import NAN, make_pool, pools, recipe


def window(pool, among, start, stop, survivors=None):
    left = pool.eligible if survivors is None else np.array([survivors])
    return (rank_window(pool, scorer="dense", survivors=left, start=start, stop=stop, among=among) > 0)[0].tolist()


@pytest.fixture
def ranking():
    """Ranking P, A, B, C, D of METHODS B10, P being the labelled positive."""
    return make_pool([[0.9, 0.8, 0.7, 0.6, 0.5]], [[0.9]], documents=[[0, 1, 2, 3, 4]], flags=[[1, 0, 0, 0, 0]])


def test_raw_ranks_count_the_labelled_positive_as_flagembedding_does(ranking):
    assert window(ranking, "all", 1, 4) == [False, True, True, True, False]
    taken = select(ranking, recipe(("rank_window", {"start": 0, "stop": 2, "among": "all"}), count=2))
    # Of ranks 0 and 1 only A is no positive; FlagEmbedding would add a random document here.
    assert taken.taken[0].tolist() == [False, True, False, False, False]


def test_eligible_ranks_do_not_count_the_labelled_positive_as_nv_retriever_does(ranking):
    assert window(ranking, "eligible", 1, 3) == [False, False, True, True, False]


def test_survivor_ranks_count_only_what_earlier_steps_left(ranking):
    assert window(ranking, "survivors", 1, 9, [False, True, False, True, True]) == [False, False, False, True, True]


def test_skipping_after_the_margin_is_what_sentence_transformers_does():
    # METHODS D2: scores .9P .85 .8 .7 .6, margin 5 percent, range_min 1 leaves .8 .7 .6.
    pool = make_pool([[0.85, 0.8, 0.7, 0.6]], [[0.9]])
    by_step = recipe("relative_margin", ("rank_window", {"start": 1, "among": "survivors"}), count=4)
    by_draw = recipe("relative_margin", count=4, draw=("top", {"skip": 1}))
    for found in (select(pool, by_step), select(pool, by_draw)):
        assert found.taken.tolist() == [[False, True, True, True]]


def test_without_knobs_the_first_hundred_of_all_candidates_count():
    # METHODS section 2: windows count raw ranks; SimANS' paper looks at 100.
    scores = np.linspace(0.9, 0.1, 120)
    pool = make_pool([scores], [[0.95]], flags=[[1] + [0] * 119])
    weights = rank_window(pool, scorer="dense", survivors=pool.eligible)
    assert np.flatnonzero(weights[0]).tolist() == list(range(100))


def test_unknown_scores_have_no_rank():
    pool = make_pool([[NAN, 0.5, 0.4]], [[0.9]])
    for among in ("all", "eligible", "survivors"):
        assert window(pool, among, 0, 1000) == [False, True, True]


def test_ties_go_to_the_smaller_id():
    pool = make_pool([[0.5, 0.5, 0.5]], [[0.9]])
    assert window(pool, "all", 0, 1) == [True, False, False]


@given(pool=pools(), count=st.integers(1, 5))
def test_the_first_n_survivors_are_the_window_from_zero_to_n(pool, count):
    survivors = ("rank_window", {"start": 0, "stop": count, "among": "survivors"})
    filtered = select(pool, recipe(("score_ceiling", {"ceiling": 0.5}), survivors, count=9))
    firsts = select(pool, recipe(("score_ceiling", {"ceiling": 0.5}), count=count))
    assert np.array_equal(filtered.taken, firsts.taken & np.isfinite(pool.scores["dense"]))


@given(pool=pools(leaks=False), start=st.integers(0, 4), width=st.integers(1, 4))
def test_the_three_windows_agree_where_nothing_is_refused(pool, start, width):
    found = [window(pool, among, start, start + width) for among in ("all", "eligible", "survivors")]
    assert found[0] == found[1] == found[2]


@given(pool=pools(), cut=st.integers(0, 6))
def test_two_windows_that_meet_share_nothing_and_miss_nothing(pool, cut):
    for among in ("all", "eligible", "survivors"):
        low, high = (np.array(window(pool, among, start, stop)) for start, stop in ((0, cut), (cut, 1000)))
        assert not (low & high).any()
        assert np.array_equal(low | high, window(pool, among, 0, 1000))
