"""Signature plots of losses, masks and positives: drawn with what they need, or a sentence about what is missing."""

import dataclasses

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from negviz.errors import MissingInputError
from negviz.labels import Labels
from negviz.positive_noise import Mixture, PositiveNoise
from negviz.recipe import published
from negviz.select import select
from negviz.ui.signatures import SIGNATURES
from negviz.ui.signatures.label_audit import review_table, verdict
from tests.pools import make_dataset, make_pool

OWN = {
    "gist": "guide_scatter",
    "hardness_weight": "weight_curve",
    "focal": "weight_curve",
    "ccr": "weight_curve",
    "ccr_sieve": "mean_line",
    "npc": "label_audit",
}
NONE = Labels.of(())


def drawn(name, selection, query):
    def page(plot, selection, query):
        from negviz.labels import Labels
        from negviz.ui.signatures import SIGNATURES

        entry = SIGNATURES.get(plot)
        context = {"query": query, "labels": Labels.of(())}
        entry.function(selection, **{key: value for key, value in context.items() if key in entry.wants})

    kwargs = {"plot": name, "selection": selection, "query": query}
    found = AppTest.from_function(page, kwargs=kwargs, default_timeout=30).run()
    assert not found.exception
    return found


@pytest.mark.parametrize(("recipe", "plot"), OWN.items())
def test_each_method_draws_its_own_plot(recipe, plot, full):
    assert published()[recipe].plot == plot
    found = drawn(plot, select(full, published()[recipe]), 2)
    assert len(found.get("echarts_chart")) + len(found.get("plotly_chart")) >= 1
    assert found.caption


@pytest.mark.parametrize("plot", sorted(set(OWN.values())))
def test_heading_is_one_sentence(plot):
    assert SIGNATURES.get(plot).summary.count(".") == 1


@pytest.mark.parametrize("plot", ["label_audit", "mean_line"])
def test_plots_over_all_queries_need_none(plot, full):
    assert drawn(plot, select(full, published()["npc"]), None).caption


@pytest.mark.parametrize("plot", sorted(set(OWN.values())))
def test_any_recipe_can_be_drawn(plot, full):
    assert drawn(plot, select(full, published()["nv_perc"]), 3).caption


def test_a_guide_that_is_not_there_is_named_with_the_option_that_adds_it(full):
    fewer = {group: {name: layer for name, layer in getattr(full, group).items() if name != "second_encoder"}
             for group in ("scores", "positive_scores")}  # fmt: skip
    pool = dataclasses.replace(full, **fewer)
    with pytest.raises(MissingInputError, match="--scorer second_encoder=MODEL"):
        SIGNATURES.get("guide_scatter").function(select(pool, published()["nv_perc"]), query=0, labels=NONE)


def noise(gain, separation):
    found = Mixture(np.array([0.5, 0.5]), np.array([0.0, separation]), np.ones(2), np.ones(3), gain)
    return PositiveNoise(np.zeros(3), found)


@pytest.mark.parametrize(
    ("gain", "separation", "words"),
    [(-3, 3, "no sign"), (4, 3, "hardly better"), (900, 0.6, "long tail"), (90, 4, "clearly apart")],
)
def test_two_groups_are_believed_only_where_the_numbers_say_so(gain, separation, words):
    assert words in verdict(noise(gain, separation))


def test_the_review_names_the_positive_that_was_judged():
    pool = make_pool(
        [[0.5, 0.4]], [[0.9, 0.2]], documents=[[1, 2]], positives=[[0, 3]],
        dataset=make_dataset(1, 4, positives=[("q00", "d000", 1), ("q00", "d003", 1)]),
    )  # fmt: skip
    table = review_table(pool, published()["npc"], noise(1, 1), np.array([0], dtype=np.int32)).to_pylist()
    assert table[0]["positive's id"] == "d003"
    assert table[0]["positive"] == "answer number 3"
    assert table[0]["candidates above"] == 2
