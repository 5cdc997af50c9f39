"""TAS-Balanced: worked numbers (METHODS C3)."""

import numpy as np
import pytest

from negviz.errors import MissingInputError
from negviz.recipe import published
from negviz.select import select
from negviz.strategies.balanced_margins import balanced_margins
from tests.pools import NAN, line, make_pool


def probabilities(margins, positive=20.0, survivors=None, **knobs):
    """Weights of candidates with the given margins to a positive."""
    pool = line([positive - margin for margin in margins], positive)
    left = pool.eligible if survivors is None else np.array([survivors])
    return balanced_margins(pool, anchor="min", survivors=left, teacher="dense", **knobs)[0]


def test_c3_five_bins_that_are_not_empty_share_the_draws():
    assert probabilities([1, 2, 3, 5, 11]) == pytest.approx([0.2] * 5)


def test_c3_an_outlier_is_drawn_every_second_time():
    assert probabilities([1, 1, 1, 1, 11]) == pytest.approx([0.125] * 4 + [0.5])


def test_equal_margins_are_drawn_uniformly_where_the_code_divides_by_zero():
    assert probabilities([3, 3, 3, 3]) == pytest.approx([0.25] * 4)


def test_bins_span_what_is_left():
    found = probabilities([1, 2, 3, 5, 11], survivors=[True, True, True, False, False], bins=2)
    assert found == pytest.approx([0.5, 0.25, 0.25, 0, 0])


def test_a_query_with_fewer_than_two_pairs_is_dropped():
    assert probabilities([1, 5], survivors=[True, False]).tolist() == [0, 0]
    assert probabilities([1, 5], survivors=[True, False], fewest=1).tolist() == [1, 0]


def test_unknown_scores_of_the_teacher_get_nothing():
    pool = make_pool([[0.5, NAN, 0.3], [0.5, 0.4, 0.3]], [[0.9], [NAN]])
    found = balanced_margins(pool, anchor="min", survivors=pool.eligible, teacher="dense")
    assert found.tolist() == [[0.5, 0, 0.5], [0, 0, 0]]


def test_the_teacher_s_own_positive_counts_and_not_the_scorer_s():
    pool = make_pool([[0.5, 0.4, 0.3]], [[0.9]], more_scores={"cross_encoder": np.array([[0.1, 0.2, 0.9]], np.float32)})
    found = balanced_margins(pool, anchor="min", survivors=pool.eligible, bins=2)
    assert found[0] == pytest.approx([0.25, 0.25, 0.5])


def test_without_a_teacher_the_way_to_get_one_is_named():
    with pytest.raises(MissingInputError, match="--scorer cross_encoder=MODEL"):
        balanced_margins(line([0.5], 0.9), anchor="min", survivors=np.array([[True]]))


def test_the_recipe_draws_rare_margins_as_often_as_common_ones():
    easy = np.full((400, 9), 0.1)
    scores = np.concatenate([easy, np.full((400, 1), 0.8)], axis=1).astype(np.float32)
    pool = make_pool(scores, np.full((400, 1), 0.9), more_scores={"cross_encoder": scores})
    taken = select(pool, published()["tas_balanced"]).columns[:, 0]
    assert 150 < (taken == 9).sum() < 250  # uniform drawing would take it 40 times
