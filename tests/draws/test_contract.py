"""Every draw that exists."""

import inspect

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from negviz.draws import DRAWS
from tests.pools import make_pool

NAMES = DRAWS.names()
SHAPES = st.tuples(st.integers(1, 3), st.integers(1, 6))


@st.composite
def cells(draw):
    shape = draw(SHAPES)
    weights = draw(arrays.arrays(np.float64, shape, elements=st.sampled_from([0.0, 0.0, 1e-300, 0.25, 1.0])))
    scores = draw(arrays.arrays(np.float32, shape, elements=st.sampled_from([0.25, 0.5, 0.75, np.nan])))
    keys = np.arange(weights.size, dtype=np.uint64).reshape(shape)
    return weights, scores, keys


def drawn(name, weights, scores, keys, count, seed=0, **knobs):
    entry = DRAWS.get(name)
    ranks = {"dense": np.where(np.arange(weights.shape[1]) % 2, 0, -1) + np.zeros(weights.shape, int)}
    pool = make_pool(np.zeros(weights.shape), np.zeros((len(weights), 1)), ranks=ranks)
    context = {"pool": pool, "scores": scores, "keys": keys, "count": count, "seed": seed}
    return entry.function(weights, **{key: context[key] for key in context if key in entry.wants}, **knobs)


@pytest.mark.parametrize("name", NAMES)
def test_module_function_and_key_have_one_name(name):
    entry = DRAWS.get(name)
    assert entry.function.__name__ == entry.name == entry.function.__module__.rpartition(".")[2]
    assert next(iter(inspect.signature(entry.function).parameters)) == "weights"
    assert all(knob.help for knob in entry.knobs)


@pytest.mark.parametrize("name", NAMES)
@given(case=cells(), count=st.integers(1, 8))
def test_each_column_is_allowed_and_taken_once_and_as_many_as_there_are(name, case, count):
    weights, scores, keys = case
    columns = drawn(name, weights, scores, keys, count)
    assert columns.shape == (len(weights), count)
    assert columns.dtype == np.int32
    for row, found in enumerate(columns):
        taken = found[found >= 0]
        allowed = (weights[row] > 0) & (np.isfinite(scores[row]) | (name != "top"))
        assert len(set(taken)) == len(taken) == min(count, int(allowed.sum()))
        assert (weights[row][taken] > 0).all()
        assert (found[len(taken) :] == -1).all()


@pytest.mark.parametrize("name", NAMES)
@given(case=cells(), seed=st.integers(0, 2**63 - 1))
def test_the_same_seed_draws_the_same_and_the_first_of_more_are_the_first_of_fewer(name, case, seed):
    weights, scores, keys = case
    many = drawn(name, weights, scores, keys, 5, seed)
    assert np.array_equal(many, drawn(name, weights, scores, keys, 5, seed))
    assert np.array_equal(many[:, :2], drawn(name, weights, scores, keys, 2, seed))


@pytest.mark.parametrize("name", NAMES)
def test_skip_and_limit_cut_the_order_by_score_before_the_draw(name):
    scores = np.array([[0.1, 0.9, 0.5, 0.7, 0.3, 0.8]], dtype=np.float32)
    weights = np.array([[1.0, 0.0, 1.0, 1.0, 1.0, 1.0]])
    keys = np.arange(6, dtype=np.uint64)[None, :]
    columns = drawn(name, weights, scores, keys, 6, skip=1, limit=3)
    # Survivors by score are columns 5, 3, 2, 4, 0; places 1 and 2 of them are 3 and 2.
    assert set(columns[0].tolist()) == {3, 2, -1}
