"""Scores on four axes: places worked by hand, ways back, groups, and the compiled counts beside the NumPy ones.

The positive scores 0.80; 95 percent of it is 0.76 (METHODS D1).
"""

from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings

from negviz import compiled
from negviz.diagnostics import candidate_groups as grouping
from negviz.diagnostics import nearest_to_threshold as nearest
from negviz.diagnostics.candidate_groups import candidate_groups
from negviz.diagnostics.effective_number import drawn_among, effective_number
from negviz.diagnostics.nearest_to_threshold import nearest_to_threshold
from negviz.diagnostics.score_axis import KINDS, score_axis
from negviz.diagnostics.score_profile import score_profile
from negviz.diagnostics.turned import turned
from negviz.recipe import find_recipe
from negviz.select import resolved_knobs, select
from negviz.strategies import STRATEGIES
from tests.pools import NAN, line, make_pool, pools, recipe

SCORES = [0.79, 0.77, 0.75, 0.72, 0.69]


def axis_of(pool, kind):
    return score_axis(score_profile(pool, "dense", "min"), kind)


@pytest.mark.parametrize(
    ("kind", "score", "positive", "expected"),
    [("score", 0.76, 0.8, 0.76), ("margin", 0.76, 0.8, -0.04), ("ratio", 0.76, 0.8, 0.95),
     ("ratio", -0.21, -0.2, 0.95), ("percentile", 0.8, 0.8, 50.0), ("percentile", 0.75, 0.8, 25.0),
     ("percentile", 0.1, 0.8, 0.0), ("percentile", 0.99, 0.8, 100.0)],
)  # fmt: skip
def test_places_on_each_axis(kind, score, positive, expected):
    pool = make_pool([SCORES, SCORES], [[0.75], [0.875]])
    axis = axis_of(pool, kind)
    assert float(axis.place(score, positive)) == pytest.approx(expected)
    if kind != "percentile":
        assert axis.score(expected, positive) == pytest.approx(score)


def test_a_positive_of_zero_has_no_ratio_and_an_unknown_one_no_margin():
    axis = axis_of(make_pool([SCORES, SCORES], [[0.0], [NAN]]), "ratio")
    assert np.isnan(axis.place(0.5, 0.0))
    assert axis.counts.sum() == 0
    assert axis_of(make_pool([SCORES, SCORES], [[0.0], [NAN]]), "margin").counts.sum() == len(SCORES)


def test_ratios_without_end_count_in_the_last_bin():
    axis = axis_of(make_pool([[0.5, 0.001]], [[0.001]]), "ratio")
    assert axis.edges[-1] == 3.0
    assert axis.counts[-1] == 1


@pytest.mark.parametrize("kind", KINDS)
def test_everything_lies_inside_the_whole_axis_and_bins_agree_with_intervals(kind, full):
    axis = axis_of(full, kind)
    whole = axis.inside(float(axis.edges[0]), float(axis.edges[-1]))
    assert axis.counts.sum() == (whole & np.isfinite(full.scores["dense"])).sum()
    assert (axis.among(whole) == axis.counts).all()
    assert (axis.of_cells(np.flatnonzero(whole)) == axis.counts).all()


@settings(max_examples=40, deadline=None)
@given(pools())
def test_bands_of_rank_are_the_same_from_the_compiled_pass(pool):
    for kind in KINDS:
        slow = candidate_groups(pool, "dense", axis_of(pool, kind), "rank")
        with mock.patch.object(grouping, "MANY", 0):
            fast = candidate_groups(pool, "dense", axis_of(pool, kind), "rank")
        assert [name for name, _ in slow] == [name for name, _ in fast]
        assert all((one == other).all() for (_, one), (_, other) in zip(slow, fast, strict=True))
        assert sum(counts.sum() for _, counts in slow) == axis_of(pool, kind).counts.sum()


STEPS = [
    ("absolute_margin", {"margin": 0.1}), ("score_floor", {"floor": 0.2}), ("ambiguous_zone", {"width": 0.25}),
    ("near_positive", {"width": 0.1}), ("rank_window", {"start": 1, "stop": 4}),
    ("rank_window", {"start": 1, "stop": 4, "among": "eligible"}),
    ("rank_window", {"start": 0, "stop": 2, "among": "survivors"}),
]  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(pools())
def test_the_nearest_are_the_same_from_the_compiled_pass(pool):
    if not np.isfinite(pool.anchor("dense", "min")).any():
        return
    for step in STEPS:
        selection = select(pool, recipe(("score_ceiling", {"ceiling": 0.8}), step))
        knobs = resolved_knobs(STRATEGIES, selection.recipe.steps[1])
        slow = nearest_to_threshold(selection, step[0], knobs, 3)
        with mock.patch.object(nearest, "MANY", 0):
            fast = nearest_to_threshold(selection, step[0], knobs, 3)
        for one, other in zip(slow, fast, strict=True):
            assert [(near.query, near.column) for near in one] == [(near.query, near.column) for near in other]
            assert [near.distance for near in one] == pytest.approx([near.distance for near in other])


@pytest.mark.parametrize(
    ("strategy", "knobs", "place", "value", "expected"),
    [
        ("relative_margin", {"margin": 0.1, "inclusive": True}, 0, -0.04, {"margin": 0.05}),
        ("absolute_margin", {"margin": 0.1, "inclusive": True}, 0, -0.05, {"margin": 0.05}),
        ("score_ceiling", {"ceiling": 0.5, "inclusive": False}, 0, 0.7, {"ceiling": 0.7}),
        ("score_floor", {"floor": 0.5, "inclusive": True}, 0, -0.2, {"floor": -0.2}),
        ("student_mask", {"margin": 0.2}, 0, 0.1, {"margin": 0.1}),
        ("ambiguous_zone", {"width": 0.2}, 0, 0.1, {"width": 0.1}),
        ("ambiguous_zone", {"width": 0.2}, 1, -0.1, {"width": 0.1}),
        # METHODS D4: w = .05 is a = 277; a width in use stays a width, an a stays an a.
        ("near_positive", {"width": 0.2, "a": 0.5, "b": 0.0}, 0, 0.05, {"width": 0.05}),
        ("near_positive", {"width": 0.0, "a": 0.5, "b": 0.0}, 1, -0.05, {"a": 277.3}),
        ("near_positive", {"width": 0.2, "a": 0.5, "b": -0.1}, 0, 0.0, {"width": 0.1}),
        ("relative_margin", {"margin": 0.1, "inclusive": True}, 0, 0.3, {"margin": 0.0}),
        ("student_mask", {"margin": 0.2}, 0, -0.4, {"margin": 0.0}),
        ("rank_window", {"start": 0, "stop": 9, "among": "all"}, 0, 3.0, {}),
    ],
)  # fmt: skip
def test_knobs_that_bring_a_line_to_a_place(strategy, knobs, place, value, expected):
    assert turned(strategy, knobs, place, value, 0.8) == pytest.approx(expected)


def test_no_share_of_a_positive_of_zero_moves_the_line():
    assert turned("relative_margin", {"margin": 0.1, "inclusive": True}, 0, -0.04, 0.0) == {}


def test_every_limit_on_scores_can_be_turned():
    for entry in STRATEGIES:
        declared = entry.trait("limits")
        if declared is None:
            continue
        knobs = {knob.name: knob.default for knob in entry.knobs}
        kinds = {limit.axis for limit in declared(knobs, np.array([0.8]))}
        assert bool(entry.trait("turned")) == (kinds != {"rank"})


def test_the_effective_number_is_that_of_the_weights_at_any_size(full):
    for name in ("nv_perc", "simans"):
        made = find_recipe(name) if name == "nv_perc" else find_recipe(name).with_knob("near_positive", "width", 0.1)
        knobs = {step.name: resolved_knobs(STRATEGIES, step) for step in made.steps}
        slow = select(full, made)
        with mock.patch("negviz.select.MANY", 0), mock.patch.object(compiled, "MANY", 0):
            fast = select(full, made)
        assert callable(fast.drawn_from)
        assert drawn_among(fast, knobs) == pytest.approx(effective_number(slow.weights))
        assert drawn_among(slow, knobs) == pytest.approx(effective_number(slow.weights))


def test_one_query_among_equals_counts_its_survivors():
    selection = select(line(SCORES, 0.8), find_recipe("nv_perc"))
    knobs = {step.name: resolved_knobs(STRATEGIES, step) for step in selection.recipe.steps}
    assert drawn_among(selection, knobs) == pytest.approx([3.0])
