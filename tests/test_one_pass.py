"""The compiled pass gives what the NumPy steps give."""

from unittest import mock

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from negviz import compiled
from negviz.arrays import PAD, above, below, descending
from negviz.compiled import Axis
from negviz.labels import LabelEvent, Labels, Verdict
from negviz.pool import Pool
from negviz.recipe import Recipe, Step, recipe_of
from negviz.select import select
from negviz.selection import Selection
from tests.pools import make_pool, pools

STEPS = {
    "score_ceiling": {"ceiling": [0.2, 0.5, 0.75], "inclusive": [True, False]},
    "score_floor": {"floor": [-0.5, 0.0, 0.25], "inclusive": [True, False]},
    "absolute_margin": {"margin": [0.0, 0.25, 0.5], "inclusive": [True, False]},
    "relative_margin": {"margin": [0.0, 0.05, 0.5], "inclusive": [True, False]},
    "student_mask": {"margin": [0.0, 0.1, 0.25]},
    "ambiguous_zone": {"width": [0.0, 0.25, 1.0]},
    "rank_window": {"start": [0, 1, 3], "stop": [2, 5, 100], "among": ["all", "eligible", "survivors"]},
}


@st.composite
def recipes(draw: st.DrawFn) -> Recipe:
    names = draw(st.lists(st.sampled_from(sorted(STEPS)), max_size=3, unique=True))
    steps = tuple(
        Step(name, {knob: draw(st.sampled_from(values)) for knob, values in STEPS[name].items()}, name)
        for name in names
    )
    window = {"skip": draw(st.integers(0, 2)), "limit": draw(st.sampled_from([0, 1, 4]))}
    drawing = Step("top", window, "draw")
    if steps and draw(st.booleans()):
        drawing = Step("sample", {}, "draw")
        bell = {"a": [0.0, 0.5, 69.0, 1000.0], "width": [0.0, 0.1], "b": [0.0, -0.25], "b_sign": ["paper", "code"],
                "shape": ["gaussian", "laplace"]}  # fmt: skip
        if draw(st.booleans()):
            knobs = {knob: draw(st.sampled_from(values)) for knob, values in bell.items()}
            steps = (*steps, Step("near_positive", knobs, "near_positive"))
    return Recipe(
        "limits", steps=steps, scorer="dense", anchor=draw(st.sampled_from(["min", "mean", "max"])),
        draw=drawing, seed=draw(st.integers(0, 3)), count=draw(st.integers(1, 6)),
        underfill=draw(st.sampled_from(["keep", "drop"])),
        allow=draw(st.sampled_from([(), ("near-duplicate of a positive",)])),
    )  # fmt: skip


def both(pool: Pool, recipe: Recipe, labels: Labels) -> tuple[Selection, Selection]:
    slow = select(pool, recipe, labels)
    with mock.patch("negviz.select.MANY", 0), mock.patch.object(compiled, "MANY", 0):
        fast = select(pool, recipe, labels)
        fast.summary()
    return slow, fast


@settings(max_examples=150, deadline=None)
@given(pools(), recipes(), st.booleans())
def test_a_compiled_pass_gives_the_same_selection(pool: Pool, recipe: Recipe, labelled: bool) -> None:
    assume(bool(np.isfinite(pool.anchor("dense", recipe.anchor)).any()))
    slow, fast = both(pool, recipe, some_labels(pool) if labelled else Labels.of(()))
    assert callable(fast.drawn_from)
    assert not callable(slow.drawn_from)
    assert np.array_equal(slow.reasons, fast.reasons)
    assert np.array_equal(slow.columns, fast.columns)
    assert np.array_equal(slow.weights, fast.weights)
    assert np.array_equal(slow.taken_counts, fast.taken_counts)
    assert np.array_equal(slow.taken_scores, fast.taken_scores, equal_nan=True)
    assert slow.stages == fast.stages
    assert slow.summary() == fast.summary()
    assert slow.fingerprint == fast.fingerprint


def some_labels(pool: Pool) -> Labels:
    rows, columns = np.nonzero(pool.present)
    kinds = [Verdict.FALSE_NEGATIVE, Verdict.TRUE_NEGATIVE, Verdict.DROP]
    return Labels.of([
        LabelEvent.of(pool.dataset, int(pool.queries[row]), int(pool.documents[row, column]), kinds[place % 3])
        for place, (row, column) in enumerate(zip(rows[::3], columns[::3], strict=True))
    ])  # fmt: skip


@pytest.mark.parametrize("count", [1, 5, 15, 40, 150])
@pytest.mark.parametrize("bell", [
    {"width": 0.05}, {"a": 0.5}, {"a": 0.0}, {"width": 1e-5}, {"a": 900.0}, {"width": 0.1, "shape": "laplace"},
])  # fmt: skip
def test_a_compiled_draw_from_long_lists_gives_the_same(bell: dict[str, object], count: int) -> None:
    random = np.random.default_rng(7)
    scores = random.normal(0.4, 0.2, (60, 120)).round(2)
    scores[:20] = random.choice([0.25, 0.5, 0.75], (20, 120))
    scores[random.random(scores.shape) < 0.1] = np.nan
    pool = make_pool(scores, random.normal(0.6, 0.1, (60, 1)), documents=np.tile(np.arange(1, 121), (60, 1)))
    for seed in range(4):
        steps, draw = (Step("near_positive", bell, "near_positive"),), Step("sample", {}, "draw")
        drawn = Recipe("bell", steps=steps, scorer="dense", draw=draw, seed=seed, count=count)
        slow, fast = both(pool, drawn, Labels.of(()))
        assert callable(fast.drawn_from)
        assert np.array_equal(slow.columns, fast.columns)
        assert np.array_equal(slow.reasons, fast.reasons)


@pytest.mark.parametrize("step", ["near_positive", "brought_by", "below_mean"])
def test_what_is_no_limit_takes_the_other_way(step: str, full: Pool) -> None:
    recipe = recipe_of({"name": "x", "scorer": "dense", "steps": [{step: {}}], "draw": "top", "count": 2})
    assert not callable(both(full, recipe, Labels.of(()))[1].drawn_from)


@settings(max_examples=300, deadline=None)
@given(
    st.floats(-30, 30, width=32) | st.sampled_from([0.0, -0.0, 0.5, 0.25, 1e-30, -1e-38, 0.75]),
    st.sampled_from([-3, -2, -1, 0, 1, 2, 3]), st.booleans(),
)  # fmt: skip
def test_limits_are_compared_as_everywhere_else(limit: float, away: int, inclusive: bool) -> None:
    score = np.float32(limit)
    slack = 4 * np.finfo(np.float32).eps * max(abs(limit), 0.25)
    for near in (score, np.float32(limit + slack), np.float32(limit - slack)):
        value = near
        for _ in range(abs(away)):
            value = np.nextafter(value, np.float32(np.copysign(np.inf, away)))
        scores = np.array([[value]], dtype=np.float32)
        for low, high, compare in ((-np.inf, limit, below), (limit, np.inf, above)):
            steps = compiled.Steps(
                np.zeros(1, dtype=np.int8), np.array([[low]]), np.array([[high]]), np.array([[inclusive, inclusive]])
            )
            found = compiled.sieve(
                scores, np.zeros((1, 1), np.uint16), np.full((1, 1), -1, np.int8), np.ones((1, 1), bool), steps,
                first=0, count=1,
            )  # fmt: skip
            assert bool(found.columns[0, 0] != PAD) == bool(compare(scores, limit, inclusive=inclusive)[0, 0])


@settings(max_examples=60, deadline=None)
@given(pools())
def test_the_order_is_the_usual_one(pool: Pool) -> None:
    for scores in pool.scores.values():
        assert np.array_equal(compiled.score_order(scores, pool.present), descending(scores, pool.present))


@pytest.mark.parametrize("many", [0, compiled.MANY])
def test_histograms_shares_and_tallies_by_hand(many: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "MANY", many)
    values = np.array([[0.0, 0.4, np.nan], [0.9, 1.0, 0.5]], dtype=np.float32)
    counted = np.array([[True, True, True], [True, False, True]])
    edges = np.linspace(0.0, 1.0, 3)
    plain, moved = Axis(np.zeros(2), np.ones(2)), Axis(np.array([0.0, 0.5]), np.ones(2))
    assert compiled.whole_histogram(values, plain, counted, edges).tolist() == [2, 2]
    assert compiled.whole_histogram(values, moved, counted, edges).tolist() == [4, 0]
    assert compiled.whole_histogram(values, Axis(np.zeros(2), np.array([2.0, 0.5])), counted, edges).tolist() == [3, 1]
    assert compiled.whole_histogram(values, Axis(np.array([0.0, np.nan]), np.ones(2)), counted, edges).tolist() == [
        2,
        0,
    ]
    columns = np.array([[1, PAD], [0, 1]], dtype=np.int32)
    assert compiled.histogram(values, plain, columns, edges).tolist() == [1, 2]
    assert compiled.span(values, plain, counted) == (0.0, pytest.approx(0.9))
    assert compiled.span(values, plain, np.zeros_like(counted)) == (np.inf, -np.inf)
    assert compiled.count_below(values, plain, np.array([0.4, 0.6]), counted) == (2, 4)
    assert compiled.count_below(values, plain, np.array([np.nan, 0.6]), counted) == (1, 2)
    assert compiled.count_below(values, moved, 0.4, counted) == (3, 4)
    assert compiled.tally(np.array([[-2, -1, 3], [0, 0, -1]], dtype=np.int8), -2, 3) == [1, 2, 2, 0, 0, 1]
