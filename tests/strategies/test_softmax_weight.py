"""Softmax of the scores: worked numbers (METHODS B5) and the draw."""

import numpy as np
import pytest

from negviz.select import select
from negviz.strategies.softmax_weight import softmax_weight
from tests.pools import NAN, line, make_pool, recipe


def probabilities(scores, survivors=None, **knobs):
    pool = line(scores, 2.0)
    left = pool.eligible if survivors is None else np.array([survivors])
    weights = softmax_weight(pool, scorer="dense", survivors=left, **knobs)[0] * left[0]
    return weights / weights.sum()


def test_b5_sampling_probabilities():
    assert probabilities([1, 0], scale=1.0) == pytest.approx([0.731059, 0.268941], abs=5e-7)


def test_the_scale_is_that_of_the_loss():
    assert probabilities([0.8, 0.75], scale=20.0) == pytest.approx(probabilities([1, 0], scale=1.0), abs=1e-5)


def test_what_is_refused_does_not_make_the_rest_vanish():
    found = probabilities([900, 1, 0], survivors=[False, True, True], scale=1.0)
    assert found[1:] == pytest.approx([0.731059, 0.268941], abs=5e-7)


def test_a_hopeless_candidate_is_unlikely_and_not_refused():
    weights = softmax_weight(line([80.0, 0.0, NAN], 90.0), scorer="dense", survivors=np.ones((1, 3), bool), scale=20.0)
    assert weights[0, 0] == 1
    assert 0 < weights[0, 1] < 1e-200
    assert weights[0, 2] == 0


def test_one_draw_is_a_sample_of_the_softmax():
    total = 4000
    pool = make_pool(np.tile(np.float32([0.15, 0.1, 0.0]), (total, 1)), np.full((total, 1), 0.9))
    found = select(pool, recipe(("softmax_weight", {"scale": 20.0}), draw="sample", count=1)).columns[:, 0]
    expected = total * np.exp([3, 2, 0]) / np.exp([3, 2, 0]).sum()
    chi = ((np.bincount(found, minlength=3) - expected) ** 2 / expected).sum()
    assert chi < 13.8  # 0.1 percent point of chi-square with two degrees of freedom
