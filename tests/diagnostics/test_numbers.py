"""Small diagnostics, with numbers worked by hand."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from negviz.arrays import PAD
from negviz.compiled import Axis
from negviz.diagnostics.binned import binned, even_edges
from negviz.diagnostics.distribution import distribution
from negviz.diagnostics.effective_number import effective_number
from negviz.diagnostics.half_height_zone import half_height_zone


def test_equal_weights_count_as_their_number_and_a_dominating_one_as_one():
    weights = np.array([[1.0, 1, 1, 1], [5, 5, 0, 0], [7, 0, 0, 0], [0, 0, 0, 0]])
    assert effective_number(weights) == pytest.approx([4, 2, 1, 0])


def test_uneven_weights_count_as_exp_of_the_entropy():
    # Shares 1/2, 1/4, 1/4: entropy = 1.5 ln 2, so 2 ** 1.5.
    assert effective_number(np.array([[2.0, 1, 1]])) == pytest.approx([2**1.5])


@given(arrays(np.float64, (3, 5), elements=st.floats(0, 100)))
def test_effective_number_lies_between_one_and_the_number_of_candidates(weights):
    number = effective_number(weights)
    some = weights.sum(axis=1) > 0
    assert (number[some] >= 1 - 1e-9).all()
    assert (number[some] <= (weights[some] > 0).sum(axis=1) + 1e-9).all()
    assert (number[~some] == 0).all()


def test_shares_below_count_strictly_and_leave_unknown_values_out():
    values = np.array([[0.125, 0.25, 0.5], [np.nan, 0.75, 1.0]], dtype=np.float32)
    axis = Axis(np.zeros(2), np.ones(2))
    found = distribution(values, values[:, :1], axis, np.isfinite(values))
    assert found.below(0.5) == pytest.approx(2 / 5)
    assert found.below(np.array([0.25, 1.0])) == pytest.approx(2 / 5)
    assert found.below(np.array([np.nan, 1.0])) == 0.5
    assert found.positives_below(0.5) == 1.0
    assert math.isnan(distribution(values, values[:, :1], axis, np.zeros_like(values, dtype=bool)).below(0.5))


def test_a_distribution_counts_on_its_axis_and_finds_what_lies_in_a_bin():
    values = np.array([[0.25, 0.5], [0.5, 1.0]], dtype=np.float32)
    ratio = Axis(np.zeros(2), np.array([2.0, 1.0]))
    found = distribution(values, np.array([[0.5], [1.0]], dtype=np.float32), ratio, np.ones((2, 2), dtype=bool), bins=2)
    assert found.edges.tolist() == [0.5, 0.75, 1.0]
    assert found.counts.tolist() == [2, 2]
    assert found.positive_counts.tolist() == [0, 2]
    assert found.at(np.array([[1], [PAD]], dtype=np.int32)).tolist() == [0, 1]
    assert found.among(np.array([[True, False], [False, False]])).tolist() == [1, 0]
    assert found.inside(0.9, 1.0).tolist() == [[False, True], [False, True]]


def test_half_height_zone_of_the_paper():
    # METHODS D4: a = 0.5 halves at 1.177; a width of 0.1 is a = 69.3.
    assert half_height_zone(0.5, 0.0) == pytest.approx((-1.17741, 1.17741), abs=1e-5)
    assert half_height_zone(69.3147, 0.05) == pytest.approx((-0.05, 0.15), abs=1e-6)
    assert half_height_zone(0.0, 0.0) == (-math.inf, math.inf)


@pytest.mark.parametrize(("a", "b"), [(0.5, 0.0), (277.0, -0.1)])
def test_weight_is_one_half_at_both_ends(a, b):
    for end in half_height_zone(a, b):
        assert math.exp(-a * (end - b) ** 2) == pytest.approx(0.5)


def test_bins_count_everything_once_and_subsets_by_mask():
    values = np.array([[0.0, 0.49, 0.5], [1.0, np.nan, 0.9]])
    made = binned(values, np.array([[True, True, True], [True, True, False]]), np.linspace(0, 1, 3))
    assert made.counts().tolist() == [2, 2]
    assert made.counts(np.array([[True, False, False], [True, True, True]])).tolist() == [1, 1]


@given(arrays(np.float64, (4, 6), elements=st.floats(-50, 50)))
def test_bins_agree_with_numpy_away_from_edges(values):
    edges = even_edges(values, bins=7)
    made = binned(values, np.ones(values.shape, dtype=bool), edges)
    assert made.counts().sum() == values.size
    expected = np.histogram(values, edges)[0]
    nearest = np.abs(values.ravel()[:, None] - edges).min(axis=1)
    if (nearest > 1e-9 * max(1.0, np.abs(edges).max())).all():
        assert made.counts().tolist() == expected.tolist()


def test_edges_of_nothing_and_of_one_value_are_usable():
    assert even_edges(np.array([np.nan]))[[0, -1]].tolist() == [0, 1]
    assert even_edges(np.array([0.3, 0.3]))[[0, -1]].tolist() == pytest.approx([0.3, 1.3])
