"""Limits, distances to them, what lies next to them, the funnel and the reasons: on numbers worked by hand.

The positive scores 0.80; 95 percent of it is 0.76.
"""

import numpy as np
import pytest
from hypothesis import assume, given, settings

from negviz.diagnostics._reasons import REASONS
from negviz.diagnostics.funnel import funnel
from negviz.diagnostics.limits import limits
from negviz.diagnostics.margins import margins
from negviz.diagnostics.nearest_to_threshold import nearest_to_threshold
from negviz.diagnostics.refusal_reason import FIXED, refusal_reason
from negviz.diagnostics.score_profile import score_profile
from negviz.diagnostics.threshold_distance import threshold_distance
from negviz.pool import LEAKS
from negviz.recipe import find_recipe
from negviz.select import LABELLED, UNDERFILLED, resolved_knobs, select
from negviz.strategies import STRATEGIES
from tests.pools import NAN, line, make_pool, pools, recipe

SCORES = [0.79, 0.77, 0.75, 0.72, 0.69]


def ran(pool, *steps, **more):
    if not np.isfinite(pool.anchor("dense", "min")).any():
        assume(False)  # only pools drawn at random lack a scored positive
    selection = select(pool, recipe(*steps, **more))
    return selection, {step.name: resolved_knobs(STRATEGIES, step) for step in selection.recipe.steps}


def distance(pool, name, **own):
    selection, knobs = ran(pool, (name, own))
    return threshold_distance(selection, name, knobs[name])


@pytest.mark.parametrize(
    ("name", "knobs", "expected"),
    [
        ("score_ceiling", {"ceiling": 0.7}, [0.09, 0.07, 0.05, 0.02, -0.01]),
        ("score_floor", {"floor": 0.7}, [-0.09, -0.07, -0.05, -0.02, 0.01]),
        ("absolute_margin", {"margin": 0.05}, [0.04, 0.02, 0.0, -0.03, -0.06]),
        ("relative_margin", {"margin": 0.05}, [0.03, 0.01, -0.01, -0.04, -0.07]),
        ("ambiguous_zone", {"width": 0.1}, [-0.09, -0.07, -0.05, -0.02, 0.01]),
        ("near_positive", {"width": 0.1}, [-0.09, -0.07, -0.05, -0.02, 0.01]),
        ("rank_window", {"start": 1, "stop": 4}, [0.5, -0.5, -1.5, -0.5, 0.5]),
    ],
)
def test_distance_is_above_zero_on_the_refused_side(name, knobs, expected):
    assert distance(line(SCORES, 0.8), name, **knobs)[0] == pytest.approx(expected, abs=1e-6)


def test_relative_limit_stays_below_a_negative_positive():
    (limit,) = limits("relative_margin", {"margin": 0.05, "inclusive": True}, np.array([-0.2]))
    assert limit.value == pytest.approx([-0.01])
    assert distance(line([-0.205, -0.215], -0.2), "relative_margin")[0] == pytest.approx([0.005, -0.005], abs=1e-6)


def test_step_without_a_limit_has_no_distance():
    selection, knobs = ran(line(SCORES, 0.8), ("brought_by", {"retriever": "dense"}))
    assert threshold_distance(selection, "brought_by", knobs["brought_by"]) is None
    assert nearest_to_threshold(selection, "brought_by", knobs["brought_by"], 3) == ([], [])


def test_every_strategy_that_refuses_by_a_number_draws_a_line_or_has_words():
    numeric = {entry.name for entry in STRATEGIES if any(knob.kind in {"float", "int"} for knob in entry.knobs)}
    assert numeric <= {entry.name for entry in STRATEGIES if entry.trait("limits")} | set(REASONS)


def test_nearest_are_in_order_on_both_sides():
    selection, knobs = ran(line(SCORES, 0.8), "relative_margin")
    refused, accepted = nearest_to_threshold(selection, "relative_margin", knobs["relative_margin"], 2)
    assert [near.column for near in refused] == [1, 0]
    assert [near.column for near in accepted] == [2, 3]
    assert [near.distance for near in (*refused, *accepted)] == pytest.approx([0.01, 0.03, -0.01, -0.04], abs=1e-6)


def test_nearest_looks_only_at_what_reaches_the_step():
    pool = make_pool([SCORES], [[0.8]], flags=[[0, LEAKS["same text as a positive"], 0, 0, 0]])
    selection, knobs = ran(pool, ("score_floor", {"floor": 0.74}), "relative_margin")
    refused, accepted = nearest_to_threshold(selection, "relative_margin", knobs["relative_margin"], 9)
    assert [near.column for near in refused] == [0]
    assert [near.column for near in accepted] == [2]


def test_weight_has_sides_although_it_refuses_nothing():
    selection, knobs = ran(line(SCORES, 0.8), ("near_positive", {"width": 0.1}))
    below, above = nearest_to_threshold(selection, "near_positive", knobs["near_positive"], 2)
    assert [near.column for near in below] == [4]
    assert [near.column for near in above] == [3, 2]


@settings(max_examples=40)
@given(pools())
def test_recorded_side_and_measured_side_agree(pool):
    selection, knobs = ran(pool, ("absolute_margin", {"margin": 0.1}))
    away = threshold_distance(selection, "absolute_margin", knobs["absolute_margin"])
    refused, accepted = nearest_to_threshold(selection, "absolute_margin", knobs["absolute_margin"], 5)
    assert all(away[near.query, near.column] > -1e-5 for near in refused)
    assert all(away[near.query, near.column] < 1e-5 for near in accepted)


@settings(max_examples=40)
@given(pools())
def test_funnel_ends_at_the_taken_and_loses_nobody(pool):
    selection, _ = ran(pool, "relative_margin", ("score_floor", {"floor": 0.2}), count=2)
    rows = funnel(selection)
    assert selection.candidates == sum(row.removed for row in rows) + int(selection.taken.sum())
    assert rows[-1].name == "not drawn"
    assert rows[-1].left == int(selection.taken.sum())


def test_margins_are_measured_from_the_anchor(tiny):
    assert margins(tiny, "dense", "min")[0] == pytest.approx([0, -0.1, -0.1, -0.3])
    assert margins(tiny, "dense", "max")[1, [0, 2]] == pytest.approx([0, 0.2])
    assert np.isnan(margins(tiny, "dense", "min")[1, 3])


def test_profile_leaves_labelled_positives_and_padding_out(tiny):
    profile = score_profile(tiny, "dense", "min")
    scores = profile.scores.values[profile.scores.counted]
    assert sorted(scores[np.isfinite(scores)]) == pytest.approx([0.6, 0.8, 0.8, 0.95])
    known = profile.distances.axis.of(profile.distances.values)[profile.distances.counted]
    assert sorted(known[np.isfinite(known)]) == pytest.approx([-0.3, -0.1, -0.1, 0.45])
    assert profile.bounds == pytest.approx((0.5, 0.95))
    assert profile.span == pytest.approx(0.45)
    assert (profile.scores.counts.sum(), profile.scores.positive_counts.sum()) == (4, 3)


@pytest.mark.parametrize(
    ("step", "column", "expected"),
    [
        (("score_ceiling", {"ceiling": 0.7}), 0, "It scores 0.79, not below the ceiling 0.7."),
        (("score_floor", {"floor": 0.7}), 4, "It scores 0.69, not above the floor 0.7."),
        ("relative_margin", 1, "It scores 0.77, not below 0.76 (95% of the positive, which scores 0.8)."),
        (("rank_window", {"start": 1}), 0, "Its rank 0 lies before the window of accepted ranks."),
        (("rank_window", {"stop": 4}), 4, "Its rank 4 lies after the window of accepted ranks."),
        ("relative_margin", 4, ""),
    ],
)
def test_reason_says_the_numbers_that_decided(step, column, expected):
    selection, knobs = ran(line(SCORES, 0.8), step)
    assert refusal_reason(selection, 0, column, knobs) == expected


def test_reason_names_what_is_unknown():
    selection, knobs = ran(make_pool([[0.5, NAN], [0.5, 0.4]], [[0.8], [NAN]]), "relative_margin")
    assert refusal_reason(selection, 0, 1, knobs) == "It has no score by 'dense', which this step needs."
    assert "No positive of this query has a score" in refusal_reason(selection, 1, 0, knobs)


def test_reason_of_a_retriever_and_of_a_dropped_query():
    pool = make_pool(
        [[0.5, 0.4]], [[0.8]], ranks={"dense": np.array([[0, 1]], np.int32), "bm25": np.array([[-1, 0]], np.int32)}
    )
    selection, knobs = ran(pool, ("brought_by", {"retriever": "bm25"}), count=2, underfill="drop")
    assert refusal_reason(selection, 0, 0, knobs) == "The retriever 'bm25' did not bring it."
    assert refusal_reason(selection, 0, 1, knobs) == FIXED[UNDERFILLED]


def test_every_leak_and_label_has_words():
    assert set(FIXED) >= {*LEAKS, *LABELLED, UNDERFILLED}


@pytest.mark.parametrize("name", ["nv_perc", "simans", "arctic_v2", "sentence_transformers", "ambiguous_zone"])
def test_every_refused_candidate_has_a_sentence(full, name):
    selection = select(full, find_recipe(name))
    knobs = {step.name: resolved_knobs(STRATEGIES, step) for step in selection.recipe.steps}
    refused = np.argwhere(selection.reasons >= 0)
    assert all(refusal_reason(selection, int(row), int(column), knobs).endswith(".") for row, column in refused)
