"""Signature plots of teacher-denoised, geometric and SimANS-like methods, each on a pool that has everything."""

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from negviz.arrays import PAD
from negviz.recipe import published
from negviz.select import select
from tests.pools import rich_pool

pytestmark = pytest.mark.app

PLOTS = ["teacher_scatter", "doc_doc_scatter", "curriculum", "triangle", "reciprocal_evidence", "bell", "sweep"]


def one_plot(name, recipe, query, labelled=False):
    import streamlit as st

    from negviz.labels import LabelEvent, Labels, Verdict
    from negviz.recipe import published
    from negviz.select import select
    from negviz.ui.signatures import SIGNATURES
    from tests.pools import rich_pool

    pool = rich_pool()
    labels = Labels.of(())
    if labelled:
        at = [(0, column) for column in range(20)]
        labels = Labels.of(
            LabelEvent.of(pool.dataset, row, int(pool.documents[row, column]),
                          Verdict.FALSE_NEGATIVE if column < 5 else Verdict.TRUE_NEGATIVE, annotator="a")
            for row, column in at
        )  # fmt: skip
    entry = SIGNATURES.get(name)
    context = {"query": query, "labels": labels}
    entry.function(select(pool, published()[recipe]), **{key: context[key] for key in entry.wants if key in context})
    st.text("drawn to the end")


def shown(name, recipe, query=0, **more):
    app = AppTest.from_function(one_plot, args=(name, recipe, query), kwargs=more, default_timeout=30).run()
    assert not app.exception
    assert [text.value for text in app.text] == ["drawn to the end"]
    return app


OWN = {
    "teacher_scatter": "rocketqa", "doc_doc_scatter": "pair", "curriculum": "cl_drd", "triangle": "trisampler_style",
    "reciprocal_evidence": "coder_smoothing", "bell": "simans_code", "sweep": "arctic_v1",
}  # fmt: skip


@pytest.mark.parametrize("name", PLOTS)
def test_it_draws_its_own_method_and_any_other(name):
    for recipe in (OWN[name], "nv_perc"):
        app = shown(name, recipe)
        assert app.caption


@pytest.mark.parametrize("name", ["teacher_scatter", "sweep"])
def test_it_draws_over_all_queries(name):
    assert shown(name, OWN[name], None).caption


def test_the_stage_can_be_changed_without_the_recipe():
    app = shown("curriculum", "cl_drd", 1)
    assert "stage 1: 291, stage 2: 345, stage 3: 390" in app.caption[0].value


def test_the_sweep_speaks_of_judgments_only_where_there_are_some():
    assert "None of these negatives is judged" in shown("sweep", "arctic_v1").caption[0].value
    assert "judged negatives are false" in shown("sweep", "arctic_v1", labelled=True).caption[0].value


def test_the_triangle_tells_how_many_queries_fell_back():
    pool = rich_pool()
    found = select(pool, published()["trisampler_style"])
    vectors = pool.embeddings
    own = vectors.documents[pool.positives] * np.not_equal(pool.positives, PAD)[:, :, None]
    nearer = np.einsum("qdv,qpv->qdp", vectors.documents[pool.documents], own)
    nearer[np.broadcast_to(np.equal(pool.positives, PAD)[:, None, :], nearer.shape)] = -1.0
    leaning = nearer.max(axis=2) > pool.scores[found.recipe.scorer]
    fell_back = sum(not leaning[row][found.weights[row] > 0].any() for row in range(len(pool)))
    assert fell_back
    told = shown("triangle", "trisampler_style").caption[0].value
    assert f"so that the first one decided, in {fell_back} of 24 queries" in told
