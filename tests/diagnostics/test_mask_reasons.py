"""Words for what masks, the sieve and the audit of positives refuse."""

import pytest

from negviz.diagnostics.refusal_reason import refusal_reason
from negviz.recipe import published
from negviz.select import resolved_knobs, select
from negviz.strategies import STRATEGIES
from tests.pools import NAN, line, make_pool, recipe
from tests.test_positive_noise import two_groups


def told(selection, query=0, column=0):
    knobs = {step.name: resolved_knobs(STRATEGIES, step) for step in selection.recipe.steps}
    return refusal_reason(selection, query, column, knobs)


def test_a_guide_says_what_it_gives_and_where_its_limit_is():
    found = select(line([0.5, 0.1], 0.4), recipe(("guide_mask", {"guide": "dense", "margin": 0.1})))
    assert told(found) == "The guide 'dense' gives it 0.5, more than 0.3: by the guide it answers the query."
    relative = select(line([0.5], 0.4), recipe(("guide_mask", {"guide": "dense", "margin": 0.1, "mode": "relative"})))
    assert "more than 0.36" in told(relative)


def test_the_sieve_says_the_mean_of_what_came_to_it():
    found = select(line([0.7, 0.5, 0.2, -0.9], 0.8), recipe(("score_floor", {"floor": 0.0}), "below_mean"))
    assert told(found) == "It scores 0.7, not below 0.55, the mean of its query's candidates and positive."


def test_the_student_mask_has_a_limit_like_other_margins():
    assert "margin above the positive" in told(select(line([0.8, 0.5], 0.6), recipe("student_mask")))


def test_a_doubtful_positive_is_named_as_the_reason():
    found = select(two_groups(), published()["npc"])
    assert told(found, 79).startswith("Its query's labelled positive looks wrong: clean with a probability of")


@pytest.mark.parametrize("step", ["hardness_weighted", "focal_weighted", "ccr_weighted", "below_mean"])
def test_what_has_no_score_is_said_to_have_none(step):
    found = select(make_pool([[NAN, 0.3]], [[0.9]]), recipe(step))
    assert told(found) == "It, or the positive of its query, has no score by 'dense', which this step needs."
