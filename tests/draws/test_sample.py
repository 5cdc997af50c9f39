"""The weighted draw without replacement (METHODS T11)."""

import itertools

import numpy as np
import pytest
from scipy import stats

from negviz.arrays import text_keys
from negviz.draws.sample import sample

SEEDS = 20_000
WEIGHTS = np.array([0.106507, 0.786986, 0.106507, 1e-22])


def keys_of(rows, depth):
    return text_keys([f"{row} {column}" for row in range(rows) for column in range(depth)]).reshape(rows, depth)


def draws(weights, count, rows=SEEDS, seed=0):
    table = np.tile(np.asarray(weights, dtype=np.float64), (rows, 1))
    scores = np.zeros(table.shape, dtype=np.float32)
    return sample(table, scores=scores, keys=keys_of(*table.shape), count=count, seed=seed)


@pytest.mark.parametrize("weights", [WEIGHTS[:3], [1.0, 2.0, 3.0, 4.0], [1e-5, 1e-4, 1e-4], [5.0] * 10])
def test_one_draw_follows_the_weights(weights):
    weights = np.asarray(weights)
    counts = np.bincount(draws(weights, 1)[:, 0], minlength=len(weights))
    assert stats.chisquare(counts, SEEDS * weights / weights.sum()).pvalue > 1e-4


def test_over_seeds_one_pair_follows_the_weights_too():
    weights = np.array([[1.0, 2.0, 3.0, 4.0]])
    scores = np.zeros((1, 4), np.float32)
    keys = keys_of(1, 4)
    taken = [sample(weights, scores=scores, keys=keys, count=1, seed=seed)[0, 0] for seed in range(4_000)]
    counts = np.bincount(taken, minlength=4)
    assert stats.chisquare(counts, 4_000 * weights[0] / 10).pvalue > 1e-4


def test_two_draws_are_the_sequential_draw_without_replacement():
    weights = np.array([1.0, 2.0, 3.0, 4.0]) / 10
    pairs = list(itertools.permutations(range(4), 2))
    expected = [weights[one] * weights[other] / (1 - weights[one]) for one, other in pairs]
    found = draws(weights, 2)
    counts = [int(((found[:, 0] == one) & (found[:, 1] == other)).sum()) for one, other in pairs]
    assert stats.chisquare(counts, SEEDS * np.array(expected)).pvalue > 1e-4


def test_drawing_all_takes_all_and_never_a_refused_one():
    found = draws([0.5, 0.0, 1e-300, 5e-324], 4, rows=50)
    assert np.array_equal(np.sort(found, axis=1), np.tile([-1, 0, 2, 3], (50, 1)))


def test_all_refused_gives_nothing_without_a_warning():
    assert draws([0.0, 0.0], 2, rows=3).tolist() == [[-1, -1]] * 3


def test_other_queries_and_seeds_do_not_disturb_a_query():
    table, scores, keys = np.ones((6, 9)), np.zeros((6, 9), np.float32), keys_of(6, 9)
    whole = sample(table, scores=scores, keys=keys, count=3, seed=5)
    part = sample(table[2:4], scores=scores[2:4], keys=keys[2:4], count=3, seed=5)
    assert np.array_equal(whole[2:4], part)
    other = sample(table, scores=scores, keys=keys, count=3, seed=6)
    assert not np.array_equal(whole, other)
