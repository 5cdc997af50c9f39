"""Numbers behind the plots of checkpoints, ranks and sources (METHODS B1, B7, B8, B9, B11)."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from negviz.diagnostics.by_rank import by_rank, rank_edges
from negviz.diagnostics.irrelevance_by_rank import irrelevance_by_rank, middles
from negviz.diagnostics.jaccard import jaccard
from negviz.diagnostics.rank_quadrants import rank_quadrants
from negviz.diagnostics.score_change import replacement_block, score_change
from negviz.diagnostics.source_mix import source_mix
from negviz.diagnostics.staleness import list_depth, staleness, still_near
from negviz.judged import Judged
from negviz.select import select
from tests.pools import make_pool, recipe

NAN = float("nan")


def rows(*lists):
    return np.array(lists, dtype=np.int32)


def test_overlap_of_two_lists_is_shared_over_either():
    one = rows([1, 2, 3, 4], [5, 6, -1, -1], [-1, -1, -1, -1], [7, 8, -1, -1])
    other = rows([4, 3, 9], [6, 5, -1], [-1, -1, -1], [-1, -1, -1])
    assert jaccard(one, other).tolist() == pytest.approx([2 / 5, 1.0, NAN, 0.0], nan_ok=True)


def test_repeats_count_once_and_no_queries_give_nothing():
    assert jaccard(rows([1, 1, 2]), rows([2, 2, 3])).tolist() == pytest.approx([1 / 3])
    assert jaccard(np.empty((0, 3), np.int32), np.empty((0, 1), np.int32)).shape == (0,)


@given(st.lists(st.tuples(st.sets(st.integers(0, 9), max_size=5), st.sets(st.integers(0, 9), max_size=5)), max_size=4))
def test_overlap_is_that_of_the_sets(pairs):
    def padded(sets):
        return np.array([[*found, *([-1] * (5 - len(found)))] for found in sets], np.int32).reshape(len(sets), 5)

    found = jaccard(padded([one for one, _ in pairs]), padded([other for _, other in pairs]))
    wanted = [len(one & other) / len(one | other) if one | other else NAN for one, other in pairs]
    assert found.tolist() == pytest.approx(wanted, nan_ok=True)


def checkpoints(*names):
    """One query, four candidates; each checkpoint's list is a turn of the one before."""
    ranks = {name: rows([(column + turn) % 4 for column in range(4)]) for turn, name in enumerate(reversed(names))}
    return make_pool([[0.9, 0.8, 0.7, 0.6]], [[0.9]], ranks=ranks, origin={"checkpoints": list(names)})


def test_staleness_compares_with_the_checkpoint_before_and_five_before():
    pool = checkpoints("a", "b", "c", "d", "e", "f", "dense")
    near, far = staleness(pool, [1, 2, 4])
    assert (near.older, near.steps, far.older, far.steps) == ("f", 1, "b", 5)
    # Newest top 2: columns 0 and 1; one turn earlier 3 and 0; five turns are one turn of four.
    assert near.overlap.tolist() == pytest.approx([0, 1 / 3, 1])
    assert far.overlap.tolist() == pytest.approx([0, 1 / 3, 1])


def test_fewer_checkpoints_compare_with_the_oldest_and_one_with_nothing():
    assert [each.older for each in staleness(checkpoints("a", "b", "dense"), [1])] == ["b", "a"]
    assert [each.older for each in staleness(checkpoints("a", "dense"), [1])] == ["a"]
    assert staleness(checkpoints("dense"), [1]) == []


def test_taken_negatives_that_are_still_near():
    pool = checkpoints("a", "dense")
    taken = np.array([[True, False, True, True]])
    assert still_near(pool, taken, "dense", 2) == pytest.approx(1 / 3)
    assert np.isnan(still_near(pool, ~np.ones((1, 4), bool), "dense", 2))


def test_a_checkpoint_without_a_list_of_its_own_is_ranked_by_its_scores():
    pool = dataclasses.replace(checkpoints("a", "dense"), ranks={})
    assert still_near(pool, np.array([[True, True, False, False]]), "dense", 1) == 0.5
    assert list_depth(pool, 200) == 200


def test_lists_are_compared_as_deep_as_they_were_retrieved():
    assert list_depth(checkpoints("a", "dense"), 200) == 4
    assert list_depth(checkpoints("a", "dense"), 3) == 3


def test_by_rank_counts_candidates_taken_and_weight():
    pool = make_pool([[0.9, 0.8, 0.7, 0.6]] * 2, [[0.9]] * 2, flags=[[1, 0, 0, 0], [0, 0, 0, 0]])
    found = by_rank(select(pool, recipe(count=1)), "dense", 4, bins=2)
    assert found.edges.tolist() == [0, 2, 4]
    assert found.candidates.tolist() == [3, 4]
    assert found.taken.tolist() == [2, 0]
    # Each of 3 and of 4 candidates weighs the same: ranks 0 and 1 have 1/3 + 2/4 over 2 queries and 2 ranks.
    assert found.weight.tolist() == pytest.approx([(1 / 3 + 2 / 4) / 4, (2 / 3 + 2 / 4) / 4])


@given(st.integers(1, 500), st.integers(1, 40))
def test_edges_cover_every_rank_once(stop, bins):
    edges = rank_edges(stop, bins)
    assert (edges[0], edges[-1]) == (0, stop)
    assert (np.diff(edges) >= 1).all()
    assert len(edges) <= bins + 1


def test_irrelevance_comes_with_wilson_s_interval():
    found = Judged(np.repeat([0, 5], 10).astype(np.int32), np.array([True] * 2 + [False] * 8 + [True] * 10))
    shown = irrelevance_by_rank(found, rank_edges(9, 3))
    assert shown.judged.tolist() == [10, 10, 0]
    assert shown.share.tolist() == pytest.approx([0.2, 1.0, NAN], nan_ok=True)
    # Wilson 1927 for 2 of 10: .0567 to .5098.
    assert (shown.low[0], shown.high[0]) == pytest.approx((0.0567, 0.5098), abs=1e-4)
    assert np.isnan(shown.low[2])
    assert shown.pi[0] == pytest.approx(2.5 / 11)
    assert shown.pi[-1] == pytest.approx(10.5 / 11)
    assert middles(shown.edges).tolist() == [1.0, 4.0, 7.0]


SOURCES = make_pool(
    [[0.9, 0.8, 0.7, 0.6]],
    [[0.9]],
    flags=[[0, 0, 0, 1]],
    ranks={"a": rows([0, 1, -1, 2]), "b": rows([-1, 30, -1, 0]), "c": rows([-1, -1, 0, -1])},
)


def test_the_mix_counts_each_candidate_once_under_its_exact_sources():
    found = source_mix(SOURCES, np.array([[True, True, False, False]]), ["a", "b"])
    assert [(part.sources, part.candidates, part.taken) for part in found] == [
        (("a", "b"), 2, 1),
        ((), 1, 0),
        (("a",), 1, 1),
    ]


def test_the_mix_adds_up(full):
    taken = select(full, recipe(count=5)).taken
    found = source_mix(full, taken, sorted(full.ranks))
    assert sum(part.candidates for part in found) == full.present.sum()
    assert sum(part.taken for part in found) == taken.sum()


def test_quadrants_count_judged_and_false_negatives_and_leave_leaks_out():
    verdicts = np.array([[1, 2, 0, 1]], np.int8)
    found = rank_quadrants(SOURCES, np.array([[False, True, True, False]]), verdicts, ("a", "b"), 20)
    counted = [(part.candidates, part.taken, part.judged, part.false_negatives) for part in found]
    assert counted == [(0, 0, 0, 0), (2, 1, 2, 1), (0, 0, 0, 0), (1, 1, 0, 0)]


def test_change_counts_magnitudes():
    old = np.array([[0.5, 0.5, -0.5, NAN]], np.float32)
    pool = make_pool([[0.4, 0.6, -0.7, 0.1]], [[0.9]], more_scores={"old": old})
    change = score_change(pool, "old", "dense", pool.eligible, np.array([[True, False, False, True]]))
    assert (change.known, change.easier, change.harder, change.replaced) == (3, 1, 2, 1)


def test_the_second_block_of_eight_is_ranks_18_to_26_as_in_the_card():
    assert replacement_block(2, 8) == (18, 26)
    assert replacement_block(1, 8) == (10, 18)
