"""Every strategy that exists, whoever wrote it."""

import inspect

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from negviz.errors import MissingInputError
from negviz.strategies import STRATEGIES
from tests.pools import pools

NAMES = STRATEGIES.names()
MONOTONE = [
    (entry.name, knob.name)
    for entry in STRATEGIES
    for knob in entry.knobs
    if knob.range and knob.range.keeps in {"more", "fewer"}
]


def weigh(name, pool, anchor="min", **knobs):
    entry = STRATEGIES.get(name)
    context = {"scorer": "dense", "anchor": anchor, "survivors": pool.eligible, "count": 4, "seed": 0}
    context["verdicts"] = np.zeros(pool.documents.shape, dtype=np.int8)
    filled = {key: value for key, value in context.items() if key in entry.wants}
    defaults = {knob.name: knob.default for knob in entry.knobs}
    try:
        return entry.function(pool, **filled, **{**defaults, **knobs})
    except MissingInputError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("name", NAMES)
def test_module_function_and_key_have_one_name(name):
    entry = STRATEGIES.get(name)
    assert entry.function.__name__ == entry.name == entry.function.__module__.rpartition(".")[2]
    assert entry.label


@pytest.mark.parametrize("name", NAMES)
def test_signature_is_a_form(name):
    entry = STRATEGIES.get(name)
    parameters = list(inspect.signature(entry.function).parameters.values())
    assert parameters[0].name == "pool"
    assert all(parameter.kind is parameter.KEYWORD_ONLY for parameter in parameters[1:])
    for knob in entry.knobs:
        assert knob.help, f"{name}.{knob.name} is not documented"
        assert knob.default is not inspect.Parameter.empty
        if knob.kind in {"int", "float"}:
            assert knob.range, f"{name}.{knob.name} has no Range"
            assert knob.range.low <= knob.default <= knob.range.high
            assert knob.range.step > 0
        if knob.kind == "choice":
            assert knob.default in knob.choices
        assert knob.parse(knob.default, name) == knob.default


@pytest.mark.parametrize("name", NAMES)
def test_weights_are_finite_and_not_negative_and_the_same_twice(name, full):
    weights = weigh(name, full)
    assert weights.shape == full.documents.shape
    assert weights.dtype == np.float64
    assert np.isfinite(weights).all()
    assert (weights >= 0).all()
    assert np.array_equal(weights, weigh(name, full))
    assert (weights[full.eligible] > 0).mean() > 0


@pytest.mark.parametrize("name", NAMES)
def test_pool_is_left_as_it_was(name, full):
    before = full.scores["dense"].copy(), full.flags.copy()
    weigh(name, full)
    assert np.array_equal(full.scores["dense"], before[0], equal_nan=True)
    assert np.array_equal(full.flags, before[1])


@pytest.mark.parametrize("name", [entry.name for entry in STRATEGIES if "scorer" in entry.wants])
@given(pool=pools())
@settings(max_examples=30)
def test_an_unknown_score_is_never_allowed(name, pool):
    weights = weigh(name, pool)
    assert not weights[~np.isfinite(pool.scores["dense"])].any()


@pytest.mark.parametrize("name", [entry.name for entry in STRATEGIES if "anchor" in entry.wants])
@given(pool=pools())
@settings(max_examples=30)
def test_a_query_without_a_scored_positive_gets_nothing(name, pool):
    unknown = ~np.isfinite(pool.anchor("dense", "min"))
    assert not weigh(name, pool)[unknown].any()


@pytest.mark.parametrize(("name", "knob"), MONOTONE)
@given(pool=pools(), data=st.data())
@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
def test_knobs_do_what_their_range_says(name, knob, pool, data):
    limits = STRATEGIES.get(name).knob(knob)
    numbers = (
        st.integers(int(limits.range.low), min(int(limits.range.high), 9))
        if limits.kind == "int"
        else st.one_of(
            st.floats(limits.range.low, limits.range.high),
            st.integers(-8, 8).map(lambda n: min(max(n / 8, limits.range.low), limits.range.high)),
        )
    )
    low, high = sorted([data.draw(numbers), data.draw(numbers)])
    smaller, larger = (weigh(name, pool, **{knob: value}) > 0 for value in (low, high))
    if limits.range.keeps == "fewer":
        smaller, larger = larger, smaller
    assert not (smaller & ~larger).any()


def test_monotone_knobs_exist():
    assert len(MONOTONE) >= 6
