"""Bins of equal width (METHODS C3)."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from negviz.batches.margin_bins import bin_counts, margin_bins


def bins_of(margins, bins=10, counted=None):
    values = np.array([margins], dtype=np.float64)
    return margin_bins(values, np.ones(values.shape, dtype=bool) if counted is None else np.array([counted]), bins)[
        0
    ].tolist()


def test_c3_worked_numbers():
    assert bins_of([1, 2, 3, 5, 11]) == [0, 1, 2, 4, 9]
    assert bins_of([1, 1, 1, 1, 11]) == [0, 0, 0, 0, 9]


def test_equal_margins_are_one_bin_and_unknown_ones_none():
    assert bins_of([2, 2, 2]) == [0, 0, 0]
    assert bins_of([2, np.nan, 4]) == [0, -1, 9]
    assert bins_of([0, 5, 10], counted=[False, True, True]) == [-1, 0, 9]
    assert bins_of([np.nan, np.nan]) == [-1, -1]


def test_a_margin_at_a_limit_is_in_the_upper_bin_in_spite_of_rounding():
    margins = (np.float32(0.9) - np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.0, -0.1], np.float32)).astype(
        float
    )
    assert bins_of(margins) == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9]


@given(
    margins=st.lists(st.integers(-40, 40), min_size=1, max_size=12), bins=st.integers(1, 12), shift=st.integers(-9, 9)
)
def test_a_shift_changes_no_bin_and_a_larger_margin_is_in_no_smaller_bin(margins, bins, shift):
    found = bins_of([value / 8 for value in margins], bins)
    assert bins_of([value / 8 + shift for value in margins], bins) == found
    ordered = [place for _, place in sorted(zip(margins, found, strict=True))]
    assert ordered == sorted(ordered)


def test_counts():
    places = np.array([[0, 0, 2, -1], [1, 1, 1, 1]], dtype=np.int32)
    assert bin_counts(places, 3).tolist() == [[2, 0, 1], [0, 4, 0]]
    assert bin_counts(places, 3).sum() == pytest.approx(7)
