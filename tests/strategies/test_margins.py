"""Worked numbers of the ceilings and margins (METHODS D1, D2, D3)."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from negviz.recipe import published
from negviz.select import select
from negviz.strategies.absolute_margin import absolute_margin
from negviz.strategies.ambiguous_zone import ambiguous_zone
from negviz.strategies.relative_margin import relative_margin
from negviz.strategies.score_ceiling import score_ceiling
from negviz.strategies.score_floor import score_floor
from tests.pools import NAN, SCORES, kept, line, make_pool

BY_HAND = [0.79, 0.77, 0.75, 0.72, 0.69]
DENSE = {"scorer": "dense"}
MIN = {"scorer": "dense", "anchor": "min"}


@pytest.mark.parametrize("inclusive", [True, False])
def test_95_percent_of_080_is_076(inclusive):
    pool = line(BY_HAND, 0.8)
    weights = relative_margin(pool, **MIN, margin=0.05, inclusive=inclusive)
    assert kept(pool, weights) == [0.75, 0.72, 0.69]


def test_080_minus_005_is_075_in_spite_of_rounding():
    pool = line(BY_HAND, 0.8)
    assert kept(pool, absolute_margin(pool, **MIN, margin=0.05, inclusive=False)) == [0.72, 0.69]
    assert kept(pool, absolute_margin(pool, **MIN, margin=0.05, inclusive=True)) == [0.75, 0.72, 0.69]


def test_ceiling_of_070():
    pool = line(BY_HAND, 0.8)
    assert kept(pool, score_ceiling(pool, **DENSE, ceiling=0.7)) == [0.69]


def test_a_negative_positive_pushes_the_relative_limit_down_and_not_up():
    pool = line([-0.19, -0.195, -0.2, -0.205, -0.22], -0.2)
    # Multiplying by 0.95 would give -0.19 and keep documents above the positive.
    assert kept(pool, relative_margin(pool, **MIN, margin=0.05)) == [-0.22]


def test_sentence_transformers_keeps_a_score_equal_to_the_limit():
    pool = line([0.855, 0.85, 0.8, 0.7, 0.6, 0.86], 0.9)
    assert kept(pool, relative_margin(pool, **MIN, margin=0.05, inclusive=True)) == [0.855, 0.85, 0.8, 0.7, 0.6]
    assert kept(pool, relative_margin(pool, **MIN, margin=0.05, inclusive=False)) == [0.85, 0.8, 0.7, 0.6]


# Exactly representable, so equality at the limit is no matter of rounding.
@pytest.mark.parametrize(
    ("strategy", "knobs"),
    [
        (score_ceiling, {**DENSE, "ceiling": 0.5}),
        (absolute_margin, {**MIN, "margin": 0.25}),
        (relative_margin, {**MIN, "margin": 1 / 3}),
    ],
)
def test_equality_at_the_limit_is_decided_by_inclusive_alone(strategy, knobs):
    pool = line([0.75, 0.5, 0.25], 0.75)
    assert kept(pool, strategy(pool, **knobs, inclusive=True)) == [0.5, 0.25]
    assert kept(pool, strategy(pool, **knobs, inclusive=False)) == [0.25]


def test_floor_equality_is_decided_by_inclusive_alone():
    pool = line([0.75, 0.5, 0.25], 1.0)
    assert kept(pool, score_floor(pool, **DENSE, floor=0.5, inclusive=True)) == [0.75, 0.5]
    assert kept(pool, score_floor(pool, **DENSE, floor=0.5, inclusive=False)) == [0.75]
    # METHODS D2 step 10 drops s < min_score, so what equals it is kept unless told otherwise.
    assert kept(pool, score_floor(pool, **DENSE, floor=0.5)) == [0.75, 0.5]


@pytest.mark.parametrize("scale", [1.0, 64.0, 2.0**-6])
def test_near_equality_follows_the_size_of_the_scores(scale):
    limit = np.float32(0.75 * scale)
    above = float(limit * np.float32(1.0001))
    pool = line([above, float(limit), float(limit * np.float32(0.9999))], 1.0)
    assert (score_ceiling(pool, **DENSE, ceiling=float(limit)) > 0).tolist() == [[False, False, True]]
    assert (score_ceiling(pool, **DENSE, ceiling=float(limit), inclusive=True) > 0).tolist() == [[False, True, True]]


def test_the_best_positive_is_a_looser_anchor_than_the_weakest():
    # METHODS D3: positives .9 and .6; Arctic's cut is .855, sentence-transformers' .57.
    pool = line([0.7], [0.9, 0.6])
    assert kept(pool, relative_margin(pool, scorer="dense", anchor="max", margin=0.05)) == [0.7]
    assert kept(pool, relative_margin(pool, scorer="dense", anchor="min", margin=0.05)) == []


def test_margins_without_margin_keep_what_equals_the_positive_only_if_inclusive():
    pool = line([0.5], 0.5)
    for strategy in (absolute_margin, relative_margin):
        assert kept(pool, strategy(pool, **MIN, margin=0.0, inclusive=True)) == [0.5]
        assert kept(pool, strategy(pool, **MIN, margin=0.0, inclusive=False)) == []


def test_zone_is_closed_on_both_sides():
    pool = line([1.0, 0.875, 0.75, 0.5, 0.25, 0.125, NAN], 0.5)
    assert kept(pool, ambiguous_zone(pool, **MIN, width=0.25)) == [0.75, 0.5, 0.25]


def test_every_query_has_its_own_limit_but_one_ceiling():
    pool = make_pool([[0.6, 0.4], [0.6, 0.4]], [[0.9], [0.5]])
    assert (absolute_margin(pool, **MIN, margin=0.05) > 0).tolist() == [[True, True], [False, True]]
    assert (score_ceiling(pool, **DENSE, ceiling=0.5) > 0).tolist() == [[False, True], [False, True]]


def test_percent_is_the_absolute_margin_of_its_share_where_the_positive_is_above_zero():
    pool = line(BY_HAND, 0.8)
    for ratio in (0.8, 0.9, 0.95, 1.0):
        percent = relative_margin(pool, **MIN, margin=1 - ratio)
        assert np.array_equal(percent, absolute_margin(pool, **MIN, margin=(1 - ratio) * 0.8))


def test_range_min_of_sentence_transformers_passes_over_survivors():
    # METHODS D2: [.9P, .85, .8, .7, .6], cut .855; range_min = 1 leaves .8, .7, .6.
    pool = make_pool([[0.9, 0.85, 0.8, 0.7, 0.6]], [[0.9]], documents=[range(5)], flags=[[1, 0, 0, 0, 0]])
    found = published()["sentence_transformers"]
    assert select(pool, found.with_knob("draw", "skip", 0)).columns.tolist() == [[1, 2, 3]]
    assert select(pool, found.with_knob("draw", "skip", 1)).columns.tolist() == [[2, 3, 4]]


@given(st.lists(SCORES, min_size=1, max_size=8), SCORES, st.integers(0, 20), st.integers(0, 20))
def test_a_smaller_share_of_the_positive_keeps_a_part_of_what_a_larger_one_keeps(scores, positive, one, other):
    # METHODS D1: kept(r1) is a subset of kept(r2) for r1 < r2.
    pool = line(scores, positive)
    small, large = (relative_margin(pool, **MIN, margin=1 - ratio / 20) for ratio in sorted([one, other]))
    assert not (small > large).any()
