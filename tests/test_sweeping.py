"""Sweeps: which knobs can be turned, at which values, on which queries, and that nothing is run twice."""

import dataclasses

import numpy as np
import pytest

from negviz import sweeping
from negviz.errors import CancelledError, RecipeError
from negviz.labels import LabelEvent, Labels, Verdict
from negviz.recipe import find_recipe, published
from negviz.select import select
from negviz.sweeping import (
    Sweeper,
    few_enough,
    find_turn,
    labels_as_judgments,
    published_value,
    sampled,
    spread,
    turned,
    turns,
    value_of,
)

PERC = find_recipe("nv_perc")
MARGIN = find_turn(PERC, "relative_margin.margin")


def paths(recipe):
    return [turn.path for turn in turns(recipe)]


@pytest.mark.parametrize("name", sorted(published()))
def test_every_number_of_every_recipe_can_be_turned_and_read_back(name):
    recipe = published()[name]
    assert "count" in paths(recipe)
    for turn in turns(recipe):
        limits = turn.knob.range
        value = limits.low + limits.step * round((limits.high - limits.low) / limits.step / 2)
        assert value_of(turned(recipe, turn, value), turn) == pytest.approx(value)
        assert published_value(recipe, turn) == value_of(recipe, turn)


def test_limits_come_first_then_the_count_the_draw_and_the_source():
    assert paths(find_recipe("simans"))[-3:] == ["count", "draw.skip", "draw.limit"]
    fused = paths(find_recipe("hybrid_rrf"))
    assert {"source.k", "source.alpha"} <= set(fused)
    assert fused.index("count") < fused.index("draw.skip") < fused.index("source.k")


def test_the_published_value_is_found_by_name_or_by_the_words_and_not_for_another_method():
    changed = turned(PERC, MARGIN, 0.2)
    assert (value_of(changed, MARGIN), published_value(changed, MARGIN)) == (0.2, 0.05)
    assert published_value(dataclasses.replace(changed, name="mine"), MARGIN) == 0.05
    assert published_value(dataclasses.replace(changed, name="mine", about="", steps=PERC.steps), MARGIN) is None


def test_values_are_equally_far_apart_and_have_the_marks_that_lie_between():
    assert spread(MARGIN, 0.0, 0.2, 5, (0.07, 0.9, None)) == (0.0, 0.05, 0.07, 0.1, 0.15, 0.2)
    count = find_turn(PERC, "count")
    assert spread(count, 1, 4, 20) == (1, 2, 3, 4)


@pytest.mark.parametrize(("low", "high", "number"), [(0.2, 0.1, 5), (0.1, 0.1, 5), (0.0, 1.0, 1), (0.0, 1.0, 2000)])
def test_ends_and_numbers_that_make_no_sense_are_refused(low, high, number):
    with pytest.raises(RecipeError, match=r"A sweep of relative_margin\.margin"):
        spread(MARGIN, low, high, number)


def test_a_knob_that_is_not_there_is_refused_with_those_that_are():
    with pytest.raises(RecipeError, match=r"no knob of that name .* it has: relative_margin\.margin, count"):
        find_turn(PERC, "relative_margin.inclusive")


def test_a_sample_hangs_on_ids_alone(full):
    part = sampled(full, 5)
    assert len(part) == 5
    assert part.fingerprint != full.fingerprint
    assert sampled(full, 5) is part
    assert sampled(full, len(full)) is full
    order = np.random.default_rng(0).permutation(len(full)).astype(np.int32)
    other = sampled(full.part(order, "shuffled"), 5)
    ids = [{each.dataset.query_id(row) for row in each.queries} for each in (part, other)]
    assert ids[0] == ids[1]
    row = int(np.flatnonzero(full.queries == part.queries[2])[0])
    assert np.array_equal(part.scores["dense"][2], full.scores["dense"][row], equal_nan=True)


def test_only_large_pools_are_sampled_and_weights_earlier_than_limits(full, monkeypatch):
    assert few_enough(full, PERC) is None
    monkeypatch.setattr(sweeping, "AT_ONCE", 10 * full.depth)
    monkeypatch.setattr(sweeping, "AT_ONCE_WEIGHED", 4 * full.depth)
    assert few_enough(full, PERC) == 10
    assert few_enough(full, find_recipe("rocketqa")) == 4


def test_outcomes_are_those_of_the_recipe_and_none_is_run_twice(full, monkeypatch):
    kept = {}
    sweeper = Sweeper(full, PERC, kept=kept)
    recipes = sweeper.recipes(MARGIN, (0.0, 0.05, 0.3))
    assert not sweeper.known(recipes)
    found = sweeper.run(recipes)
    assert [each.taken for each in found] == [int(select(full, each).taken_counts.sum()) for each in recipes]
    assert found[0].taken >= found[1].taken >= found[2].taken
    assert sweeper.known(recipes)
    monkeypatch.setattr(sweeping, "select", lambda *_: pytest.fail("run twice"))
    again = Sweeper(full, turned(PERC, MARGIN, 0.2), kept=kept)
    assert again.run(again.recipes(MARGIN, (0.0, 0.05, 0.3))) == found
    assert not Sweeper(full, PERC, kept=kept, rows=5).known(recipes)


def test_a_stop_keeps_what_was_done(full):
    kept, told = {}, []
    sweeper = Sweeper(full, PERC, kept=kept)
    recipes = sweeper.recipes(MARGIN, (0.0, 0.1, 0.2))
    with pytest.raises(CancelledError):
        sweeper.run(recipes, lambda *parts: told.append(parts[1:]), lambda: len(kept) == 2)
    assert (len(kept), told) == (2, [(0, 3), (1, 3)])


def test_the_grid_runs_the_first_knob_fastest(full):
    count = find_turn(PERC, "count")
    sweeper = Sweeper(full, PERC)
    grid = sweeper.grid(MARGIN, (0.0, 0.1), count, (1, 2, 3))
    assert [(value_of(each, MARGIN), each.count) for each in grid] == [
        (0.0, 1), (0.1, 1), (0.0, 2), (0.1, 2), (0.0, 3), (0.1, 3),
    ]  # fmt: skip
    with pytest.raises(RecipeError, match="both are count"):
        sweeper.grid(count, (1, 2), count, (1, 2))
    with pytest.raises(RecipeError, match="cells"):
        sweeper.grid(MARGIN, tuple(range(200)), count, tuple(range(1, 100)))


def test_a_knob_of_the_source_is_turned_before_the_source(full):
    recipe = find_recipe("hybrid_rrf")
    turn = find_turn(recipe, "source.k")
    sweeper = Sweeper(full, recipe)
    for value, outcome in zip((1, 500), sweeper.run(sweeper.recipes(turn, (1, 500))), strict=True):
        alone = select(full, recipe.with_knob("source", "k", value))
        assert outcome.taken == int(alone.taken_counts.sum())


def labelled(pool, verdict):
    return Labels.of(
        LabelEvent.of(pool.dataset, int(pool.queries[row]), int(pool.documents[row, column]), verdict, annotator="a")
        for row in range(4) for column in range(12)
    )  # fmt: skip


def test_labels_measure_and_refuse_nothing(full):
    labels = labelled(full, Verdict.FALSE_NEGATIVE)
    (outcome,) = Sweeper(full, PERC, labels).run([PERC])
    assert outcome.taken == int(select(full, PERC).taken_counts.sum())
    assert outcome.measured["labels"].false_negatives == outcome.measured["labels"].judged > 0
    assert labels_as_judgments(labelled(full, Verdict.UNSURE), full.dataset) is None


def test_a_recipe_that_learns_from_labels_sees_them_and_is_not_measured_by_them(full):
    labels = labelled(full, Verdict.TRUE_NEGATIVE)
    recipe = find_recipe("rance_style")
    sweeper = Sweeper(full, recipe, labels)
    assert sweeper.judges == {}
    (outcome,) = sweeper.run([recipe])
    assert outcome.taken == int(select(full, recipe, labels).taken_counts.sum())
