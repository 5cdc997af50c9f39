"""ADORE's weights (METHODS B4)."""

import math

import numpy as np
import pytest

from negviz.errors import RecipeError
from negviz.recipe import published
from negviz.select import select
from negviz.strategies.lambda_weight import lambda_weight
from tests.pools import NAN, make_pool

CARD = make_pool([[5.0, 4.0, 3.0, 1.0]], [[3.0]], documents=[[1, 2, 3, 4]], positives=[[3]], flags=[[0, 0, 1, 0]])


def slope(difference):
    return 1 / (1 + math.exp(difference))


def test_the_card_s_list_gives_the_change_of_reciprocal_rank_times_the_slope():
    weights = lambda_weight(CARD, scorer="dense")[0]
    assert weights[[0, 1, 3]] == pytest.approx(
        [(1 - 1 / 3) * slope(-2), (1 / 2 - 1 / 3) * slope(-1), (1 / 3 - 1 / 4) * slope(2)]
    )
    assert weights[2] == 0


def test_with_equal_scores_only_the_ranks_decide():
    flat = make_pool([[0.5] * 4], [[0.5]], documents=[[1, 2, 3, 4]], positives=[[3]])
    assert (2 * lambda_weight(flat, scorer="dense")[0]).tolist() == pytest.approx([2 / 3, 1 / 6, 0, 1 / 12])


def test_a_positive_that_was_not_found_is_appended_at_the_end():
    pool = make_pool([[5.0, 4.0]], [[1.0]])
    weights = lambda_weight(pool, scorer="dense")[0]
    assert weights == pytest.approx([(1 - 1 / 3) * slope(-4), (1 / 2 - 1 / 3) * slope(-3)])


def test_beyond_the_cut_the_appended_positive_leaves_one_over_the_rank():
    pool = make_pool([[5.0, 4.0, 3.0]], [[1.0]])
    weights = lambda_weight(pool, scorer="dense", metric_cut=2)[0]
    assert weights == pytest.approx([slope(-4), slope(-3) / 2, 0])


def test_where_one_positive_is_in_the_list_the_others_are_not_appended():
    both = make_pool([[5.0, 4.0, 3.0, 1.0]], [[3.0, 0.5]], documents=[[1, 2, 3, 4]], positives=[[3, 9]])
    assert lambda_weight(both, scorer="dense") == pytest.approx(lambda_weight(CARD, scorer="dense"))


def test_a_positive_below_the_cut_is_in_the_list_all_the_same_and_gains_nothing():
    # METHODS B4, g(r) = 1/r down to 2: positives at ranks 1 and 4, candidates at 2, 3 and 5; the mean over both.
    pool = make_pool(
        [[6.0, 5.0, 4.0, 3.0, 1.0]], [[6.0, 3.0]], documents=[[1, 2, 3, 4, 5]], positives=[[1, 4]]
    )  # fmt: skip
    weights = lambda_weight(pool, scorer="dense", metric_cut=2)[0]
    second = ((1 - 1 / 2) * slope(1) + 1 / 2 * slope(-2)) / 2
    assert weights[[1, 2, 4]] == pytest.approx([second, slope(2) / 2, slope(5) / 2])


def test_what_stands_below_the_list_gets_nothing_and_a_positive_there_is_appended():
    pool = make_pool([[5.0, 4.0, 3.0, 2.0]], [[2.0]], documents=[[1, 2, 3, 4]], positives=[[4]])
    weights = lambda_weight(pool, scorer="dense", length=2)[0]
    assert weights == pytest.approx([(1 - 1 / 3) * slope(-3), (1 / 2 - 1 / 3) * slope(-2), 0, 0])


def test_two_missing_positives_stand_one_after_the_other_at_the_end():
    pool = make_pool([[5.0]], [[1.0, 2.0]], positives=[[8, 9]])
    wanted = ((1 - 1 / 2) * slope(-4) + (1 - 1 / 3) * slope(-3)) / 2
    assert lambda_weight(pool, scorer="dense")[0] == pytest.approx([wanted])


def test_two_positives_in_the_list_share():
    pool = make_pool([[5.0, 4.0, 3.0]], [[5.0, 3.0]], documents=[[1, 2, 3]], positives=[[1, 3]])
    wanted = ((1 - 1 / 2) * slope(1) + (1 / 2 - 1 / 3) * slope(-1)) / 2
    assert lambda_weight(pool, scorer="dense")[0, 1] == pytest.approx(wanted)


def test_unknown_scores_get_nothing():
    pool = make_pool([[0.5, NAN], [0.5, 0.4]], [[0.9], [NAN]])
    weights = lambda_weight(pool, scorer="dense")
    assert weights[0, 0] > 0
    assert weights[0, 1] == 0
    assert not weights[1].any()


def test_an_open_cut_is_refused_where_the_authors_code_gives_all_zeros():
    with pytest.raises(RecipeError, match="every weight 0"):
        lambda_weight(CARD, scorer="dense", metric_cut=0)
    with pytest.raises(RecipeError, match="metric_cut"):
        select(CARD, published()["adore"].with_knob("lambda_weight", "metric_cut", 0))


def test_adore_takes_all_that_ltre_takes_and_the_top_weighs_most():
    adore, ltre = (select(CARD, published()[name]) for name in ("adore", "ltre"))
    assert np.array_equal(adore.taken, ltre.taken)
    assert adore.taken.tolist() == [[True, True, False, True]]
    assert adore.weights[0].argmax() == 0
