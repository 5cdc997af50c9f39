"""What the Compare page counts: overlaps, differences, hardness, intervals; by hand, and by chance against sets."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from negviz.arrays import PAD
from negviz.diagnostics.distinct_documents import distinct_documents
from negviz.diagnostics.hardness_summary import hardness_summary
from negviz.diagnostics.likely_false_negatives import likely_false_negatives
from negviz.diagnostics.measured_false_negatives import measured_false_negatives
from negviz.diagnostics.selection_overlap import selection_overlap
from negviz.diagnostics.taken_differences import taken_differences
from negviz.diagnostics.wilson_interval import wilson_interval
from negviz.recipe import Recipe
from negviz.select import select
from negviz.selection import Selection
from negviz.taken_pairs import columns_of, pairs_of, taken_keys
from tests.pools import NAN, make_pool, random_pool, recipe


def chosen(pool, *rows, count=3):
    """Selection that takes the given columns of each query."""
    taken = np.zeros(pool.documents.shape, dtype=bool)
    columns = np.full((len(pool), count), PAD, dtype=np.int32)
    for row, own in enumerate(rows):
        taken[row, list(own)] = True
        columns[row, : len(own)] = sorted(own)
    reasons = np.where(pool.present, -1, -2).astype(np.int8)
    return Selection(pool, Recipe("by hand", count=count), taken.astype(float), reasons, columns, ())


@pytest.fixture
def four():
    """Two queries with four candidates each; documents 1 to 4."""
    return make_pool([[0.9, 0.8, 0.6, 0.4], [0.9, 0.8, 0.6, 0.4]], [[0.8], [0.5]])


def test_jaccard_index_of_two_sets_worked_by_hand(four):
    # Query 0: {1,2} and {2,3} share 1 of 3. Query 1: {1} and {1} share all. Together 2 of 4.
    found = selection_overlap([chosen(four, [0, 1], [0]), chosen(four, [1, 2], [0])])
    assert found.over_pairs[0, 1] == found.over_pairs[1, 0] == pytest.approx(2 / 4)
    assert found.per_query[0, 1] == pytest.approx((1 / 3 + 1) / 2)
    assert np.diag(found.over_pairs).tolist() == [1, 1]
    assert found.sizes.tolist() == [3, 3]


def test_queries_for_which_neither_takes_any_are_left_out_of_the_mean(four):
    found = selection_overlap([chosen(four, [0, 1], []), chosen(four, [0], [])])
    assert found.per_query[0, 1] == pytest.approx(1 / 2)
    empty = selection_overlap([chosen(four, [], []), chosen(four, [], [])])
    assert np.isnan(empty.over_pairs).all()
    assert np.isnan(empty.per_query).all()
    assert (empty.union, empty.intersections) == (0, ())


def test_exclusive_intersections_worked_by_hand(four):
    a, b, c = chosen(four, [0, 1], []), chosen(four, [1, 2], []), chosen(four, [1, 3], [0])
    found = selection_overlap([a, b, c])
    assert [(part.members, part.count) for part in found.intersections] == [
        ((2,), 2), ((0,), 1), ((1,), 1), ((0, 1, 2), 1)
    ]  # fmt: skip
    assert found.union == 5


def pairs(selection):
    return {(int(place), int(row)) for place, row in pairs_of(selection.pool, taken_keys(selection))}


RECIPES = [recipe(count=count, draw=draw, seed=count) for count in (1, 3) for draw in ("top", "sample")]


@given(st.integers(0, 10_000))
def test_overlap_and_differences_are_those_of_sets(seed):
    pool = random_pool(seed)
    selections = [select(pool, each) for each in RECIPES]
    sets = [pairs(selection) for selection in selections]
    found = selection_overlap(selections)
    assert found.union == len(set.union(*sets)) == sum(part.count for part in found.intersections)
    assert found.sizes.tolist() == [len(own) for own in sets]
    for place, own in enumerate(sets):
        assert sum(part.count for part in found.intersections if place in part.members) == len(own)
    for one, other in itertools.product(range(len(sets)), repeat=2):
        either = sets[one] | sets[other]
        expected = len(sets[one] & sets[other]) / len(either) if either else math.nan
        assert found.over_pairs[one, other] == pytest.approx(expected, nan_ok=True)
        apart = taken_differences(selections[one], selections[other])
        assert {tuple(pair) for pair in apart.only_first.tolist()} == sets[one] - sets[other]
        assert {tuple(pair) for pair in apart.only_second.tolist()} == sets[other] - sets[one]
        assert {tuple(pair) for pair in apart.both.tolist()} == sets[one] & sets[other]
        per_query = 1 - apart.distance[~np.isnan(apart.distance)]
        mean = per_query.mean() if len(per_query) else math.nan
        assert found.per_query[one, other] == pytest.approx(mean, nan_ok=True)


@given(st.integers(0, 10_000))
def test_a_pair_is_found_in_another_pool_of_the_same_queries_or_not_at_all(seed):
    pool = random_pool(seed)
    rows = np.array(list(itertools.product(range(len(pool)), range(len(pool.dataset.documents)))), dtype=np.int32)
    for (place, document), column in zip(rows.tolist(), columns_of(pool, rows).tolist(), strict=True):
        here = np.flatnonzero(pool.documents[place] == document)
        assert column == (here[0] if len(here) else -1)


def test_the_most_different_query_comes_first_and_equal_ones_in_order(four):
    found = taken_differences(chosen(four, [0], [0, 1]), chosen(four, [0], [2, 3]))
    assert found.most_different.tolist() == [1, 0]
    assert found.distance.tolist() == [0, 1]
    assert found.differing.tolist() == [0, 4]


def test_hardness_is_score_minus_positive_over_the_taken():
    # Query 0 takes 0.9 and 0.6 with the positive at 0.8: +0.1, -0.2; query 1 takes an unknown score.
    pool = make_pool([[0.9, 0.8, 0.6], [NAN, 0.8, 0.6]], [[0.8], [0.5]])
    found = hardness_summary(chosen(pool, [0, 2], [0]), "dense", "min")
    assert found.mean == pytest.approx(-0.05)
    assert found.median == pytest.approx(-0.05)
    assert found.deciles[0] == pytest.approx(-0.17)
    assert (found.known, found.unknown) == (2, 1)
    nothing = hardness_summary(chosen(pool, [], [0]), "dense", "min")
    assert math.isnan(nothing.mean)
    assert (nothing.known, nothing.unknown) == (0, 1)


def test_negatives_near_the_positive_worked_by_hand():
    # METHODS E2: with the positive at 0.8 the zone is (0.76, 0.9]; 0.95 lies above it, 0.70 below, 0.76 is its end.
    pool = make_pool([[0.95, 0.85, 0.76, 0.70]], [[0.8]])
    found = likely_false_negatives(chosen(pool, [0, 1, 3]), "dense", "min")
    assert (found.above, found.disputed, found.scored) == (2, 1, 3)
    foreign = make_pool([[0.95, 0.85, 0.76, 0.70]], [[0.8]], scale="bm25")
    assert likely_false_negatives(chosen(foreign, [0, 1]), "dense", "min").disputed is None


def test_documents_are_counted_once_and_weighed_by_how_often_they_come(four):
    # Document 1 twice, 2 and 3 once: shares 1/2, 1/4, 1/4 are 2 ** 1.5 documents.
    found = distinct_documents(chosen(four, [0, 1], [0, 2]))
    assert found.distinct == 3
    assert found.effective == pytest.approx(2**1.5)
    assert distinct_documents(chosen(four, [], [])).effective == 0


@pytest.mark.parametrize(
    ("hits", "total", "low", "high"),
    # By the closed form with z = 1.959964; 0 of 10 is the textbook case in which a normal interval has no width.
    [(0, 10, 0.0, 0.27753), (10, 10, 0.72247, 1.0), (5, 10, 0.23659, 0.76341), (81, 263, 0.25529, 0.36621)],
)
def test_wilson_interval_of_known_cases(hits, total, low, high):
    assert wilson_interval(hits, total) == pytest.approx((low, high), abs=2e-5)


@given(st.integers(1, 500).flatmap(lambda total: st.tuples(st.integers(0, total), st.just(total))))
def test_wilson_interval_is_the_closed_form(counts):
    hits, total = counts
    z, share = 1.959963984540054, hits / total
    middle = (share + z * z / (2 * total)) / (1 + z * z / total)
    half = z * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total)) / (1 + z * z / total)
    assert wilson_interval(hits, total) == pytest.approx((middle - half, middle + half), abs=1e-9)


def test_only_judged_negatives_are_counted():
    relevant, judged = np.array([True, True, False, False]), np.array([True, False, True, True])
    found = measured_false_negatives(relevant, judged)
    assert (found.false_negatives, found.judged, found.taken) == (1, 3, 4)
    assert found.rate == pytest.approx(1 / 3)
    nothing = measured_false_negatives(relevant, np.zeros(4, dtype=bool))
    assert math.isnan(nothing.rate)
    assert math.isnan(nothing.low)
