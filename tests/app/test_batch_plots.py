"""Signature plots of batches, caches and margins, each on a pool that has everything."""

import pytest
from streamlit.testing.v1 import AppTest

pytestmark = pytest.mark.app

OWN = [
    ("batch_heat_map", "in_batch"),
    ("batch_heat_map", "cross_batch"),
    ("batch_heat_map", "gradcache"),
    ("batch_heat_map", "star"),
    ("hinge_pairs", "repbert"),
    ("margin_bins", "tas_balanced"),
    ("cache_ages", "negative_cache"),
]


def one_plot(name, recipe, query, settings=(), bare=False):
    import dataclasses

    import streamlit as st

    from negviz.errors import NegvizError
    from negviz.labels import Labels
    from negviz.recipe import published
    from negviz.select import select
    from negviz.ui.signatures import SIGNATURES
    from tests.pools import rich_pool

    pool = rich_pool()
    if bare:
        pool = dataclasses.replace(pool, embeddings=None)
    found = published()[recipe]
    for setting in settings:
        found = found.with_setting(setting)
    try:
        SIGNATURES.get(name).function(select(pool, found), query=query, labels=Labels.of(()))
        st.text("drawn to the end")
    except NegvizError as error:
        st.text(str(error))


def shown(name, recipe, query=0, **more):
    app = AppTest.from_function(one_plot, args=(name, recipe, query), kwargs=more, default_timeout=30).run()
    assert not app.exception
    return app


def said(app):
    return " ".join(caption.value for caption in app.caption)


@pytest.mark.parametrize(("name", "recipe"), OWN)
def test_a_method_s_own_plot_is_drawn_to_the_end(name, recipe):
    for query in (0, 7):
        assert [text.value for text in shown(name, recipe, query).text] == ["drawn to the end"]


@pytest.mark.parametrize("name", ["batch_heat_map", "hinge_pairs", "margin_bins"])
def test_other_recipes_have_batches_of_the_usual_size(name):
    assert shown(name, "nv_perc").text[-1].value == "drawn to the end"


def test_collisions_are_counted_in_words():
    app = shown("batch_heat_map", "in_batch")
    assert "of 32 rows have a collision" in said(app)
    assert "A trainer without a mask trains against them." in said(app)
    assert "The trainer masks them." in said(shown("hinge_pairs", "repbert"))


def test_star_tells_own_and_other_hard_negatives_apart():
    words = said(shown("batch_heat_map", "star"))
    assert "with own hard negatives" in words
    assert "The loss is the mean" in words


def test_a_query_that_was_left_out_is_said_to_be():
    app = shown("batch_heat_map", "in_batch", settings=("source.drop_last=true",))
    assert "This query is in no batch" in said(app)


def test_a_cache_is_asked_for_where_there_is_none():
    (text,) = shown("cache_ages", "nv_perc").text
    assert "give the recipe the source 'cache'" in text.value


def test_staleness_is_told_where_the_pool_has_checkpoints():
    assert "Between 'step1' and 'dense'" in said(shown("cache_ages", "negative_cache"))


def test_without_vectors_margins_are_shown_and_clusters_ask_for_them():
    app = shown("margin_bins", "tas_balanced", bare=True)
    assert "Clusters of queries need vectors" in said(app)
    assert "bins" in said(app)


def test_more_clusters_are_another_batch():
    app = shown("margin_bins", "tas_balanced")
    assert "from 2 clusters" in said(app)
    app.slider[0].set_value(6).run()
    assert not app.exception
    assert "from 6 clusters" in said(app)
