from negviz.advice import idle_knobs, recipe_warnings
from negviz.recipe import find_recipe
from tests.pools import line


def test_a_that_a_width_replaces_is_spoken_of_only_when_somebody_turned_it():
    simans = find_recipe("simans")
    assert idle_knobs(simans) == []
    narrow = simans.with_knob("near_positive", "width", 0.1)
    assert idle_knobs(narrow) == []
    turned = narrow.with_knob("near_positive", "a", 20.0)
    (said,) = idle_knobs(turned)
    assert "'near_positive' does not look at a = 20.0: its width of 0.1 replaces it" in said
    assert said in recipe_warnings(turned, line([0.5], 0.9))
    assert idle_knobs(turned.with_knob("near_positive", "width", 0.0)) == []


def test_it_holds_for_every_step_with_both_knobs():
    found = find_recipe("trisampler_style").with_knob("triangle", "width", 0.1).with_knob("triangle", "a", 3)
    assert "'triangle' does not look at a = 3" in idle_knobs(found)[0]
    assert idle_knobs(find_recipe("simans_laplace").with_knob("near_positive", "width", 0.1)) == []
