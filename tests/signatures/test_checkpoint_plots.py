"""Signature plots of checkpoints, ranks and sources: drawn with what they need, or a sentence about what is missing."""

import dataclasses

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from negviz.errors import MissingInputError
from negviz.labels import LabelEvent, Labels, Verdict
from negviz.recipe import published
from negviz.select import select
from negviz.ui.signatures import SIGNATURES
from negviz.ui.signatures.rank_rank import pair_of
from negviz.ui.signatures.source_mix import sources_of

OWN = {
    "ance": "staleness",
    "adore": "lambda_strip",
    "rance_style": "irrelevance_by_rank",
    "lu_mix": "source_mix",
    "conan_style": "decay",
    "hybrid_rrf": "rank_rank",
    "bm25": "rank_rank",
}
CHARTS = {"staleness": 2, "irrelevance_by_rank": 2, "source_mix": 3}


def judged(pool):
    """Every candidate of the first two queries, the first five of them false negatives."""
    return Labels.of(
        LabelEvent.of(
            pool.dataset,
            int(pool.queries[query]),
            int(pool.documents[query, column]),
            Verdict.FALSE_NEGATIVE if pool.rank("dense")[query, column] < 5 else Verdict.TRUE_NEGATIVE,
            annotator="a",
        )
        for query in range(2)
        for column in np.flatnonzero(pool.eligible[query])
    )


def drawn(name, selection, query, labels):
    def page(plot, selection, query, labels):
        from negviz.ui.signatures import SIGNATURES

        entry = SIGNATURES.get(plot)
        context = {"query": query, "labels": labels}
        entry.function(selection, **{key: value for key, value in context.items() if key in entry.wants})

    kwargs = {"plot": name, "selection": selection, "query": query, "labels": labels}
    found = AppTest.from_function(page, kwargs=kwargs, default_timeout=30).run()
    assert not found.exception
    return found


@pytest.mark.parametrize(("recipe", "plot"), OWN.items())
def test_each_method_draws_its_own_plot(recipe, plot, full):
    assert published()[recipe].plot == plot
    labels = judged(full)
    found = drawn(plot, select(full, published()[recipe], labels), 2, labels)
    assert len(found.get("plotly_chart")) == CHARTS.get(plot, 1)


@pytest.mark.parametrize("plot", sorted(set(OWN.values())))
def test_heading_is_one_sentence(plot):
    assert SIGNATURES.get(plot).summary.count(".") == 1


def test_staleness_with_one_checkpoint_says_how_to_add_one(full):
    pool = dataclasses.replace(full, origin={**full.origin, "checkpoints": []}, stored_fingerprint=None)
    found = drawn("staleness", select(pool, published()["ance"]), None, Labels.of(()))
    assert len(found.get("plotly_chart")) == 1
    assert "--checkpoint OLDER" in found.text[0].value


def test_staleness_tells_the_share_that_is_still_near(full):
    found = drawn("staleness", select(full, published()["ance"]), None, Labels.of(()))
    assert "step1 (the checkpoint before)" in found.text[0].value
    assert "still in the newest top" in found.text[0].value


def test_missing_inputs_are_named(full):
    labels = Labels.of(())
    pool = dataclasses.replace(full, ranks={"dense": full.ranks["dense"]}, origin={}, stored_fingerprint=None)
    selection = select(pool, published()["nv_topk"])
    for name, words in {
        "rank_rank": "--retriever bm25",
        "decay": "--checkpoint",
        "irrelevance_by_rank": "random sample",
    }.items():
        entry = SIGNATURES.get(name)
        context = {"query": 0, "labels": labels}
        with pytest.raises(MissingInputError, match=words):
            entry.function(selection, **{key: value for key, value in context.items() if key in entry.wants})


def test_quadrants_give_a_rate_with_its_interval_only_where_something_is_judged(full):
    labels = judged(full)
    selection = select(full, published()["hybrid_rrf"], labels)
    with_labels = drawn("rank_rank", selection, 2, labels)
    without = drawn("rank_rank", select(full, published()["hybrid_rrf"]), 2, Labels.of(()))
    assert "Label some candidates" not in with_labels.caption[-1].value
    assert "Label some candidates" in without.caption[-1].value


def test_sources_and_pairs_come_from_the_recipe(full):
    assert sources_of(select(full, published()["lu_mix"])) == ["context", "bm25", "dense", "similar_question"]
    assert sources_of(select(full, published()["nv_topk"])) == sorted(full.ranks)
    other = published()["hybrid_rrf"].with_knob("source", "retrievers", "bm25,given")
    assert pair_of(other) == ("bm25", "given")
    assert pair_of(published()["bm25"]) == ("dense", "bm25")
