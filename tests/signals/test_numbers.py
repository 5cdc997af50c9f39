"""Signals on pools whose numbers are worked out by hand."""

import numpy as np
import pytest

from negviz.dataset import Dataset
from negviz.embeddings import Embeddings
from negviz.signals import SIGNALS
from tests.pools import make_pool

ROW = np.array([0], dtype=np.int32)


def of(name, pool):
    return SIGNALS.get(name).function(pool, ROW)[0]


def said(name, pool, column):
    return SIGNALS.get(name).trait("words")(pool, 0, column, float(of(name, pool)[column]))


@pytest.fixture
def pool():
    """One query along x; positive d000 at 60 degrees; d001 on the positive, d002 on the query, d003 across."""
    documents = np.array([[0.5, 0.75**0.5], [0.5, 0.75**0.5], [1, 0], [0, -1]], dtype=np.float32)
    return make_pool(
        [[0.5, 1.0, 0.0]],
        [[0.5]],
        dataset=Dataset.build(name="made", format="test", queries=[("q00", "question number"), ("q01", "other")],
                             positives=[("q00", "d000", 1), ("q01", "d002", 1)],
                             documents=[("d000", "", "red fox"), ("d001", "", "red fox jumps"),
                                        ("d002", "", "question"), ("d003", "", "blue")]),
        embeddings=Embeddings(np.array([[1, 0], [0.6, 0.8]], dtype=np.float32), documents, "cosine", "made", "0" * 32),
        ranks={"dense": np.array([[1, 0, 2]], np.int32), "bm25": np.array([[-1, 0, -1]], np.int32)},
    )  # fmt: skip


def test_margin_is_from_the_mean_of_the_positives(pool):
    np.testing.assert_allclose(of("margin_to_positive", pool), [0.0, 0.5, -0.5])
    assert said("margin_to_positive", pool, 1) == "scores above the labelled positive (1 against 0.5)"
    assert "as high as" in said("margin_to_positive", pool, 0)


def test_nearness_to_the_positive_is_a_cosine(pool):
    np.testing.assert_allclose(of("near_positive", pool), [1.0, 0.5, -(0.75**0.5)], atol=1e-6)
    assert said("near_positive", pool, 0) == "near a labelled positive: similarity 1.00"


def test_nearness_to_the_best_leaves_the_candidate_itself_out(pool):
    # d001: (1 with the positive + .5 with d002 - .866 with d003) / 3
    assert of("near_best", pool)[0] == pytest.approx((1 + 0.5 - 0.75**0.5) / 3, abs=1e-6)


def test_agreement_sums_reciprocal_places(pool):
    np.testing.assert_allclose(of("agreement", pool), [1 / 62, 1 / 61 + 1 / 61, 1 / 63])
    assert said("agreement", pool, 1) == "brought by bm25 at place 1 and dense at place 1"


def test_words_of_the_positive_count_as_a_share_of_its_own(pool):
    found = of("words_of_positive", pool)
    assert 0.5 < found[0] < 1  # both words, in a longer text
    np.testing.assert_array_equal(found[1:], [0, 0])


def test_bm25_is_worked_out_where_the_pool_has_no_layer(pool):
    found = of("bm25", pool)
    assert found[1] > 0  # "question" is in the query
    assert found[0] == found[2] == 0


def test_answering_another_question_counts_by_its_likeness(pool):
    found = of("answers_similar", pool)
    assert found[1] == pytest.approx(0.6, abs=1e-6)
    assert np.isnan(found[[0, 2]]).all()


def test_a_second_opinion_is_the_share_that_scores_lower_equal_ones_half():
    pool = make_pool([[0.1, 0.2, 0.3, 0.4]], [[0.5]], more_scores={"cross": np.array([[4, 2, 2, 1]], np.float32)})
    np.testing.assert_allclose(of("second_opinion", pool), [0.875, 0.5, 0.5, 0.125])


def test_score_says_the_place(pool):
    assert said("score", pool, 1) == "place 1 of 3 by 'dense' (1)"
