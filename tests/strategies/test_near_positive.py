"""SimANS: worked numbers and invariants (METHODS D4)."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from negviz.bells import sharpness
from negviz.select import select
from negviz.strategies.near_positive import near_positive
from tests.pools import NAN, SCORES, line, recipe

DOT = [82.0, 80.0, 78.0, 70.0]


def probabilities(scores, positive, survivors=None, **knobs):
    pool = line(scores, positive)
    left = pool.eligible if survivors is None else np.array([survivors])
    weights = near_positive(pool, scorer="dense", anchor="min", survivors=left, **knobs)[0]
    return weights / weights.sum()


def test_the_numbers_of_the_paper_s_form():
    found = probabilities(DOT, 80.0, a=0.5, b=0.0)
    assert found[:3] == pytest.approx([0.106507, 0.786986, 0.106507], abs=5e-7)
    assert found[3] == pytest.approx(np.exp(-50.0) * 0.786986, rel=1e-5)
    assert 1e-22 < found[3] < 2e-22


def test_b_moves_the_peak_by_the_sign_of_the_paper_and_not_of_the_code():
    above = probabilities(DOT, 80.0, a=0.5, b=1.0)
    assert above == pytest.approx([0.495463, 0.495463, 0.009075, 0.0], abs=5e-7)
    below = probabilities(DOT, 80.0, a=0.5, b=-1.0)
    assert below == pytest.approx([0.009075, 0.495463, 0.495463, 0.0], abs=5e-7)


@pytest.mark.parametrize(("width", "a"), [(0.05, 277.26), (0.1, 69.31), (1.1774, 0.5)])
def test_width_is_the_distance_at_which_the_weight_is_one_half(width, a):
    assert sharpness(width) == pytest.approx(a, rel=1e-3)
    pool = line([0.5, 0.5 + width, 0.5 - width], 0.5)
    weights = near_positive(pool, scorer="dense", anchor="min", survivors=pool.eligible, width=width)[0]
    assert weights == pytest.approx([1.0, 0.5, 0.5], rel=1e-4)


def test_the_paper_s_a_is_nearly_uniform_on_cosine():
    # METHODS D4 gives .2355 to .255 for distances from -.4 to .05; with these four they are .2361 to .2555.
    found = probabilities([0.85, 0.75, 0.65, 0.4], 0.8, a=0.5)
    assert found == pytest.approx([0.255472, 0.255472, 0.252930, 0.236127], abs=5e-6)
    assert found.max() / found.min() < 1.09


def test_a_of_zero_is_uniform_and_a_large_one_takes_the_nearest():
    assert probabilities(DOT, 79.4, a=0.0) == pytest.approx([0.25] * 4)
    assert probabilities(DOT, 79.4, a=1000.0) == pytest.approx([0.0, 1.0, 0.0, 0.0])


@pytest.mark.parametrize("away", [200.0, 2_000.0])
def test_far_positives_do_not_make_every_weight_vanish(away):
    # exp(-0.5 * 200^2) is 0 in double precision; its ratio to the next is not.
    found = probabilities([80.0, 79.999, 79.0], 80.0 + away, a=0.5)
    assert found[0] > found[1] > 0
    ratio = np.exp(-0.5 * ((away + np.float64(80 - np.float32(79.999))) ** 2 - away**2))
    assert found[1] / found[0] == pytest.approx(ratio, rel=1e-6)


def test_the_nearest_of_those_that_are_left_decides_the_shift():
    # The nearest candidate was refused by an earlier step; the others are all too far away for double precision.
    found = probabilities([280.0, 80.0, 79.999], 280.0, survivors=[False, True, True], a=0.5)
    assert found[1] > found[2] > 0
    pool = line([280.0, 80.0, 79.999], 280.0)
    taken = select(pool, recipe(("rank_window", {"start": 1}), ("near_positive", {"a": 0.5}), count=1, draw="sample"))
    assert taken.taken[0].sum() == 1


def test_unknown_scores_weigh_nothing_and_leave_the_others_alone():
    assert probabilities([82.0, NAN, 80.0], 80.0, a=0.5)[[0, 2]] == pytest.approx(probabilities([82.0, 80.0], 80.0))


QUARTERS = st.lists(SCORES.map(lambda value: value * 8), min_size=1, max_size=6)


@given(QUARTERS, SCORES, st.integers(-40, 40))
def test_adding_a_constant_to_all_scores_changes_nothing(scores, positive, shift):
    moved = probabilities([score + shift for score in scores], positive + shift, a=0.5)
    assert np.array_equal(moved, probabilities(scores, positive, a=0.5))


@given(QUARTERS, SCORES, st.sampled_from([0.25, 2.0, 8.0]))
def test_scaling_scores_by_c_and_a_by_one_over_c_squared_changes_nothing(scores, positive, scale):
    scaled = probabilities([score * scale for score in scores], positive * scale, a=0.5 / scale**2)
    assert np.array_equal(scaled, probabilities(scores, positive, a=0.5))


@given(SCORES, SCORES)
def test_above_and_below_the_positive_weigh_the_same(positive, distance):
    found = probabilities([positive + distance, positive - distance], positive, a=3.0)
    assert found[0] == found[1]


def test_a_width_whose_square_vanishes_leaves_the_nearest():
    found = probabilities([80.0, 79.0, 81.5], 80.25, width=1e-320)
    assert found == pytest.approx([1.0, 0.0, 0.0])
    assert found.min() > 0


def test_a_bell_has_no_edge_and_refuses_nothing_however_far_away():
    # METHODS T11: with as many draws as candidates all are taken. exp(-.5 * 50^2) is 0 in double precision.
    scores, steps = [80.0, 79.0, 30.0, -900.0], ("near_positive", {"a": 0.5})
    found = select(line(scores, 80.0), recipe(steps, draw="sample", count=4))
    assert found.taken.all()
    assert dict(found.refused_counts)["near_positive"] == 0
    assert found.weights[0] == pytest.approx([1.0, np.exp(-0.5), 0.0, 0.0])


def test_what_is_refused_already_does_not_scale_the_others():
    pool = line([79.0, -900.0], 80.0)
    left = np.array([[True, False]])
    weights = near_positive(pool, scorer="dense", anchor="min", survivors=left, a=0.5)
    assert weights[0, 0] == pytest.approx(np.exp(-0.5))


def test_what_is_beyond_double_precision_still_comes_in_the_order_of_its_weight():
    # Distances 10, 20 and 38 from a positive above the list weigh exp(-50), exp(-200) and exp(-722), of which float64
    # holds the last only after the others were scaled up: exp(-672) of the nearest, not 0.
    found = probabilities([70.0, 60.0, 42.0], 80.0, a=0.5)
    assert np.log(found) == pytest.approx([0.0, -150.0, -672.0])


def test_the_sign_of_the_code_puts_the_peak_on_the_other_side():
    # METHODS D4, code sign: exp(-a (s - p + b)^2).
    found = probabilities(DOT, 80.0, a=0.5, b=1.0, b_sign="code")
    assert found == pytest.approx([0.009075, 0.495463, 0.495463, 0.0], abs=5e-7)
    assert np.array_equal(found, probabilities(DOT, 80.0, a=0.5, b=-1.0))


def test_the_laplacian_of_the_passage_script():
    # METHODS D4, Laplace 3: exp(-3 |s - p|).
    found = probabilities(DOT, 80.0, a=3.0, shape="laplace")
    assert found == pytest.approx([0.002467, 0.995067, 0.002467, 0.0], abs=5e-7)
    assert found[3] == pytest.approx(np.exp(-30.0) * 0.995067, rel=1e-5)


@pytest.mark.parametrize("shape", ["gaussian", "laplace"])
def test_width_is_the_half_weight_distance_of_either_shape_and_replaces_a(shape):
    pool = line([0.5, 0.75, 0.25], 0.5)
    weights = [
        near_positive(pool, scorer="dense", anchor="min", survivors=pool.eligible, width=0.25, shape=shape, a=a)[0]
        for a in (0.5, 900.0)
    ]
    assert weights[0] == pytest.approx([1.0, 0.5, 0.5])
    assert np.array_equal(*weights)


@pytest.mark.parametrize("shape", ["gaussian", "laplace"])
def test_a_far_positive_leaves_ratios_of_either_shape(shape):
    found = probabilities([80.0, 79.5, 79.0], 2_080.0, a=3.0, shape=shape)
    assert found[0] > found[1]
    assert found.sum() == pytest.approx(1.0)
    if shape == "laplace":
        assert found[1] / found[0] == pytest.approx(np.exp(-1.5))
