"""Fused retrievers (METHODS B11)."""

import numpy as np
import pytest

from negviz.errors import MissingInputError, RecipeError
from negviz.recipe import published
from negviz.select import select
from negviz.sources.fused import fused
from tests.pools import NAN, make_dataset, make_pool

DOCUMENTS = [[0, 1, 2, 3]]
RANKS = {
    "dense": np.array([[-1, 0, 1, -1]], np.int32),
    "bm25": np.array([[0, 2, 1, -1]], np.int32),
    "random": np.array([[-1, -1, -1, 0]], np.int32),
}


def pool(scores=((0.9, 0.8, 0.6, 0.1),), bm25=((4.0, 2.0, 8.0, 0.0),), positive=0.9):
    return make_pool(
        scores,
        [[positive, NAN]],
        documents=DOCUMENTS,
        positives=[[0, -1]],
        ranks=RANKS,
        more_scores={"bm25": np.array(bm25, np.float32)},
        dataset=make_dataset(1, 5),
    )


def of(found, document, layer="fused"):
    return float(found.scores[layer][0][found.documents[0] == document][0])


def test_ranks_1_and_3_beat_ranks_2_and_2_as_in_the_card():
    found = fused(pool(), scorer="fused")
    assert of(found, 1) == pytest.approx(1 / 61 + 1 / 63, abs=1e-8)
    assert of(found, 1) == pytest.approx(0.032266, abs=5e-7)
    assert of(found, 2) == pytest.approx(0.032258, abs=5e-7)
    assert of(found, 1) > of(found, 2)
    assert of(found, 0) == pytest.approx(1 / 61)  # only one retriever brought it


def test_only_the_candidates_of_these_retrievers_are_left():
    found = fused(pool(), scorer="fused")
    assert found.documents.tolist() == [[0, 1, 2]]
    assert sorted(found.ranks) == ["bm25", "dense"]
    assert found.ranks["bm25"].tolist() == [[0, 2, 1]]
    assert fused(pool(), scorer="fused", retrievers="random").documents.tolist() == [[3]]


def test_a_positive_has_the_ranks_of_its_candidate_and_none_where_it_is_no_candidate():
    found = fused(pool(), scorer="fused")
    assert found.positive_scores["fused"][0, 0] == np.float32(1 / 61)
    assert np.isnan(found.positive_scores["fused"][0, 1])
    assert np.isnan(fused(pool(), scorer="fused", retrievers="dense").positive_scores["fused"]).all()


def test_convex_scales_each_score_within_the_query():
    found = fused(pool(), scorer="fused", method="convex", alpha=0.25)
    # Without the random document dense runs from .6 to .9 and bm25 from 2 to 8.
    wanted = {0: 0.25 * 1 + 0.75 * 2 / 6, 1: 0.25 * 2 / 3, 2: 0.75}
    assert {row: of(found, row) for row in wanted} == pytest.approx(wanted, abs=1e-6)
    assert found.positive_scores["fused"][0, 0] == pytest.approx(0.25 + 0.75 * (0.9 - 2) / 6, abs=1e-6)


def test_equal_scores_count_as_nothing_and_unknown_ones_are_unknown():
    found = fused(pool(scores=((0.5,) * 4,), bm25=((1.0, NAN, 3.0, 0.0),)), scorer="fused", method="convex")
    assert of(found, 0) == 0
    assert of(found, 2) == 0.5
    assert np.isnan(of(found, 1))


def test_alpha_at_its_ends_is_one_of_the_two():
    for alpha, name in ((1.0, "dense"), (0.0, "bm25")):
        found = fused(pool(), scorer="fused", method="convex", alpha=alpha)
        assert found.rank("fused").tolist() == found.rank(name).tolist()


def test_what_is_missing_or_wrong_is_said():
    with pytest.raises(MissingInputError, match="--retriever splade"):
        fused(pool(), scorer="fused", retrievers="dense, splade")
    with pytest.raises(MissingInputError, match="--scorer random"):
        fused(pool(), scorer="fused", method="convex", retrievers="dense random")
    with pytest.raises(RecipeError, match="exactly two"):
        fused(pool(), scorer="fused", method="convex", retrievers="dense")
    with pytest.raises(RecipeError, match="at least one"):
        fused(pool(), scorer="fused", retrievers=" ,")


@pytest.mark.parametrize(("name", "wanted"), [("hybrid_rrf", [1, 2]), ("hybrid_convex", [2, 1])])
def test_the_recipe_takes_the_best_by_the_fused_score_and_no_positive(name, wanted):
    found = select(pool(bm25=((4.0, 2.0, 9.0, 0.0),)), published()[name])
    taken = [int(found.pool.documents[0, column]) for column in found.columns[0] if column >= 0]
    assert taken == wanted
    assert found.pool.scales["fused"] == ("rrf" if name == "hybrid_rrf" else "convex")
