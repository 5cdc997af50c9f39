"""What a person is told before they trust a recipe on the pool at hand."""

import dataclasses

import pytest

from negviz.advice import depth_warnings, recipe_warnings
from negviz.recipe import published
from tests.pools import make_pool, recipe

HUNDRED = make_pool([[0.5]], [[0.9]], origin={"depth": 100})


@pytest.mark.parametrize(("name", "reach"), [("ance", 200), ("bge_window", 210), ("ltre", 200), ("adore", 200)])
def test_a_window_deeper_than_the_pool_says_how_to_build_it(name, reach):
    (sentence,) = depth_warnings(published()[name], HUNDRED)
    assert f"--depth {reach}" in sentence
    assert "holds 100 candidates a retriever" in sentence
    assert sentence in recipe_warnings(published()[name], HUNDRED)
    assert not depth_warnings(published()[name], make_pool([[0.5]], [[0.9]], origin={"depth": reach}))


@pytest.mark.parametrize("name", ["kalm", "simans", "nv_shifted", "sentence_transformers", "nv_perc"])
def test_windows_that_the_pool_holds_say_nothing(name):
    assert depth_warnings(published()[name], HUNDRED) == []


def test_a_draw_from_the_top_reaches_only_as_far_as_its_count():
    step = ("rank_window", {"start": 95, "stop": 400})
    assert depth_warnings(recipe(step, count=5), HUNDRED) == []
    assert "--depth 101" in depth_warnings(recipe(step, count=6), HUNDRED)[0]
    assert "--depth 400" in depth_warnings(recipe(step, count=6, draw="sample"), HUNDRED)[0]


def test_a_window_without_an_end_is_only_looked_at_from_its_start():
    assert "--depth 124" in depth_warnings(recipe(("rank_window", {"start": 120, "stop": 1000})), HUNDRED)[0]


def test_a_pool_that_does_not_say_how_deep_it_is_gets_no_advice():
    assert depth_warnings(published()["ance"], dataclasses.replace(HUNDRED, origin={})) == []
