import itertools
import resource
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from negviz.training.paired import adjusted, difference, estimate

QUARTERS = st.lists(st.integers(-8, 8).map(lambda value: value / 8), min_size=1, max_size=10)


def flipped(gap):
    """p of the sign-flip test by trying all 2^n signs."""
    signs = np.array(list(itertools.product([-1, 1], repeat=len(gap))))
    means = np.abs((signs * gap).mean(axis=1))
    return float((means >= abs(np.mean(gap)) - 1e-12).mean())


def test_the_mean_of_the_differences():
    found = difference(np.array([0.5, 0.75, 1.0, 0.25]), np.array([0.25, 0.75, 0.5, 0.5]))
    assert found.mean == pytest.approx(0.125)
    # Gaps .25, 0, .5, -.25: of 16 signs those with a mean of at least .125 either way are 12.
    assert found.p == pytest.approx(12 / 16)
    assert not found.found


def test_five_gains_of_five_are_two_of_thirty_two():
    found = difference(np.array([0.5, 0.6, 0.7, 0.8, 0.9]), np.array([0.1, 0.1, 0.1, 0.1, 0.1]))
    assert found.p == pytest.approx(2 / 32)
    assert found.low > 0
    assert found.found


@given(gap=QUARTERS)
def test_p_is_exact_where_all_signs_can_be_tried(gap):
    values = np.array(gap)
    found = difference(values, np.zeros(len(values)))
    assert found.p == pytest.approx(flipped(values) if values.any() else 1.0, abs=1e-12)


@given(gap=QUARTERS)
def test_the_other_way_round_is_the_negative(gap):
    values = np.array(gap)
    there, back = difference(values, 0 * values), difference(0 * values, values)
    assert there.mean == -back.mean
    assert there.p == pytest.approx(back.p)
    assert there.found == back.found or abs(there.low) < 1e-9 or abs(there.high) < 1e-9


def test_p_of_many_queries_is_near_that_of_a_normal_test():
    from scipy.stats import ttest_rel

    random = np.random.default_rng(3)
    one = random.normal(0.52, 0.2, 120)
    other = one - random.normal(0.03, 0.15, 120)
    found = difference(one, other)
    assert found.p == pytest.approx(ttest_rel(one, other).pvalue, abs=0.01)


def test_equal_systems_do_not_differ():
    found = difference(np.array([0.1, 0.7]), np.array([0.1, 0.7]))
    assert (found.mean, found.low, found.high, found.p, found.found) == (0, 0, 0, 1, False)


def test_a_difference_that_is_the_same_everywhere_has_no_width():
    found = difference(np.full(6, 0.75), np.full(6, 0.5))
    assert (found.mean, found.low, found.high) == (0.25, 0.25, 0.25)
    assert found.p == pytest.approx(2 / 64)


def test_differences_that_are_the_same_but_for_rounding_are_said_without_a_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = difference(np.array([0.3, 0.5, 0.7, 0.9]), np.array([0.2, 0.4, 0.6, 0.8]))
    assert [found.low, found.high] == pytest.approx([0.1, 0.1])
    assert found.p == pytest.approx(2 / 16)


@pytest.mark.parametrize("odd", range(3))
def test_all_queries_equal_but_one_have_an_interval(odd):
    values = np.zeros(12)
    values[odd] = 1.0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = estimate(values)
    assert found.mean == pytest.approx(1 / 12)
    assert found.low <= found.mean <= found.high
    assert found.high > found.low


def test_one_query_has_a_mean_but_no_interval():
    found = estimate(np.array([0.4]))
    assert found.mean == 0.4
    assert np.isnan([found.low, found.high]).all()
    gap = difference(np.array([0.4]), np.array([0.1]))
    assert gap.mean == pytest.approx(0.3)
    assert gap.p == 1.0
    assert np.isnan([gap.low, gap.high]).all()
    assert not gap.found


def test_seeds_are_averaged_first():
    seeds = np.array([[0.0, 0.5, 1.0, 0.25], [0.5, 0.5, 0.0, 0.75]])
    assert estimate(seeds) == estimate(seeds.mean(axis=0))
    other = np.full((3, 4), 0.25)
    assert difference(seeds, other) == difference(seeds.mean(axis=0), other.mean(axis=0))
    # A wide spread over seeds alone leaves no interval: it speaks of queries.
    spread = np.array([[0.0] * 5, [1.0] * 5])
    assert (estimate(spread).low, estimate(spread).high) == (0.5, 0.5)


def test_it_is_the_same_every_time():
    values = np.random.default_rng(1).random(30)
    assert estimate(values) == estimate(values.copy())
    assert difference(values, values[::-1]) == difference(values.copy(), values[::-1].copy())


def test_the_interval_covers_the_mean_about_as_often_as_it_says():
    """Skewed values as of nDCG, 40 queries; 300 draws have a standard error of 1.3 %."""
    random = np.random.default_rng(20)
    inside = 0
    for _ in range(300):
        found = estimate(random.beta(0.6, 0.9, 40))
        inside += found.low <= 0.6 / 1.5 <= found.high
    assert 0.90 <= inside / 300 <= 0.985


def test_a_true_null_is_rejected_about_as_often_as_five_in_a_hundred():
    random = np.random.default_rng(21)
    rejected = sum(difference(*random.random((2, 10))).p <= 0.05 for _ in range(300))
    assert 0.015 <= rejected / 300 <= 0.085


def test_thousands_of_queries_take_no_gigabytes():
    random = np.random.default_rng(0)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    difference(random.random(2_500), random.random(2_500))
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024 < 400


def test_adjusted_by_hand():
    """Benjamini and Hochberg: .01 * 3 / 1, .02 * 3 / 2, .04 * 3 / 3, made monotone."""
    assert adjusted([0.04, 0.01, 0.02]) == pytest.approx([0.04, 0.03, 0.03])
    assert adjusted([0.2]) == [0.2]
    assert adjusted([]) == []
