"""Masks, the sieve, and weights that are what a loss would push."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from negviz.diagnostics.effective_number import effective_number
from negviz.errors import MissingInputError
from negviz.losses.ccr import ccr
from negviz.losses.focal import focal
from negviz.losses.hardness_weight import hardness_weight
from negviz.pool import LEAKS
from negviz.recipe import published
from negviz.select import select
from tests.pools import NAN, kept, line, make_pool, pools, recipe

KNOWN = pools(unknown=False)


def weights(pool, *steps, **settings):
    return select(pool, recipe(*steps, **settings)).weights


def guided(scores, guide, positive, guide_positive):
    """One query whose guide is called ``second_encoder``."""
    pool = make_pool([scores], [[positive]], more_scores={"second_encoder": np.array([guide], np.float32)})
    own = dict(pool.positive_scores)
    own["second_encoder"] = np.array([[guide_positive]], dtype=np.float32)
    object.__setattr__(pool, "positive_scores", own)
    return pool


# --- E1 -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("knobs", "left"),
    [
        ({}, [0.80, 0.79]),
        ({"margin": 0.05}, []),
        ({"margin": 0.05, "mode": "relative"}, []),
        ({"margin": 0.01}, [0.79]),
    ],
)
def test_e1_guide_mask(knobs, left):
    pool = guided([0.3, 0.2, 0.1], [0.81, 0.80, 0.79], 0.9, 0.8)
    found = weights(pool, ("guide_mask", knobs))[0]
    assert [round(float(value), 2) for value in pool.scores["second_encoder"][0][found > 0]] == left


def test_e1_relative_margin_is_sign_safe():
    pool = guided([0.3, 0.2], [-0.41, -0.39], 0.9, -0.4)
    assert weights(pool, ("guide_mask", {"margin": 0.0, "mode": "relative"}))[0].tolist() == [1, 0]
    assert weights(pool, ("guide_mask", {"margin": 0.1, "mode": "relative"}))[0].tolist() == [0, 0]


def test_e1_the_guide_decides_alone_and_the_student_orders():
    pool = guided([0.95, 0.2, 0.5], [0.1, 0.9, 0.2], 0.9, 0.8)
    found = select(pool, published()["gist"])
    assert found.columns[0].tolist() == [0, 2, -1, -1]
    assert found.reason(0, 1) == "guide_mask"


def test_e1_without_a_guide_it_says_what_to_do():
    with pytest.raises(MissingInputError, match="--scorer second_encoder=MODEL"):
        select(line([0.5], 0.9), published()["gist"])


def test_e1_a_candidate_that_the_guide_does_not_know_is_not_allowed():
    assert weights(guided([0.3, 0.2], [NAN, 0.1], 0.9, 0.8), "guide_mask")[0].tolist() == [0, 1]
    assert weights(guided([0.3, 0.2], [0.1, 0.1], 0.9, NAN), "guide_mask")[0].tolist() == [0, 0]


@given(pool=KNOWN, shift=st.integers(-32, 32))
def test_t4_a_constant_added_to_the_guide_changes_nothing_under_an_absolute_margin(pool, shift):
    def moved(by):
        return make_pool(
            pool.scores["dense"], pool.positive_scores["dense"] + by, documents=pool.documents,
            more_scores={"second_encoder": pool.scores["dense"] + np.float32(by)},
        )  # fmt: skip

    step = ("guide_mask", {"margin": 0.125})
    assert np.array_equal(weights(moved(0), step), weights(moved(shift / 64), step))


# --- E2 -----------------------------------------------------------------------------------------------------------


def test_e2_student_mask_keeps_the_limit_and_refuses_what_is_above():
    assert kept(line([0.71, 0.70, 0.6, 0.1], 0.6), weights(line([0.71, 0.70, 0.6, 0.1], 0.6), "student_mask")) == [
        0.7, 0.6, 0.1,
    ]  # fmt: skip


def test_e2_a_copy_of_the_positive_is_refused_at_any_score():
    pool = make_pool([[0.1, 0.2]], [[0.6]], flags=[[LEAKS["same text as a positive"], 0]])
    assert select(pool, published()["qwen3_mask"]).columns[0].tolist() == [1, -1, -1, -1]


@given(pool=KNOWN)
def test_e2_and_nv_retriever_disagree_on_the_disputed_zone_alone(pool):
    """Kept by the mask and refused at 95 percent: exactly what lies in (0.95 p, p + 0.1]."""
    mask, share = (
        weights(pool, step) > 0 for step in (("student_mask", {"margin": 0.125}), ("relative_margin", {"margin": 0.25}))
    )
    scores, positive = pool.scores["dense"], pool.anchor("dense", "min")[:, None]
    inside = (scores > positive - 0.25 * abs(positive)) & (scores <= positive + 0.125) & pool.eligible
    assert np.array_equal(mask & ~share, inside & np.isfinite(positive))
    assert not (share & ~mask).any()


# --- E6, sieve ----------------------------------------------------------------------------------------------------


def test_e6_sieve():
    """Mean of .8, .7, .5, .2 is .55: .7 goes, .5 and .2 stay."""
    pool = line([0.7, 0.5, 0.2], 0.8)
    assert kept(pool, weights(pool, "below_mean")) == [0.5, 0.2]


def test_e6_the_mean_is_over_survivors_so_an_easy_candidate_takes_hard_ones_with_it():
    scores = [0.7, 0.5, 0.5, -0.9]
    assert kept(line(scores, 0.75), weights(line(scores, 0.75), "below_mean")) == [-0.9]
    without = weights(line(scores, 0.75), ("score_floor", {"floor": 0.0}), "below_mean")
    assert kept(line(scores, 0.75), without) == [0.5, 0.5]


def test_e6_one_is_kept_at_random_where_none_is_below_the_mean():
    pool = line([0.5, 0.5, 0.5, 0.5], 0.2)
    kept_ones = {int(np.flatnonzero(weights(pool, "below_mean", seed=seed)[0])[0]) for seed in range(40)}
    assert kept_ones == {0, 1, 2, 3}
    for seed in range(3):
        one, again = (weights(pool, "below_mean", seed=seed) for _ in range(2))
        assert (one > 0).sum() == 1
        assert np.array_equal(one, again)
    assert not weights(pool, ("below_mean", {"keep_one": False})).any()


def test_e6_the_one_that_is_kept_is_no_leak():
    pool = make_pool([[0.5, 0.5]], [[0.2]], flags=[[1, 0]])
    assert all(weights(pool, "below_mean", seed=seed)[0].tolist() == [0, 1] for seed in range(20))


@given(pool=KNOWN, factor=st.sampled_from([0.25, 2.0, 64.0]), shift=st.integers(-64, 64))
def test_t5_the_sieve_is_the_same_on_every_scale(pool, factor, shift):
    moved = make_pool(
        pool.scores["dense"] * factor + shift, pool.positive_scores["dense"] * factor + shift,
        documents=pool.documents, flags=pool.flags,
    )  # fmt: skip
    assert np.array_equal(weights(pool, "below_mean") > 0, weights(moved, "below_mean") > 0)


# --- weights ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("step", "loss"),
    [
        (("hardness_weighted", {"alpha": 5.0}),
         lambda scores, own: hardness_weight(scores, own, hard=~own, alpha=5.0, on="hard")),
        (("hardness_weighted", {"alpha": 9.0}),
         lambda scores, own: hardness_weight(scores, own, hard=~own, alpha=9.0, on="all")),
        (("ccr_weighted", {"beta": 0.25}), lambda scores, own: ccr(scores, own, beta=0.25)),
        (("focal_weighted", {"gamma": 2.0}), lambda scores, own: focal(scores, own, gamma=2.0)),
    ],
)  # fmt: skip
@given(pool=KNOWN)
def test_weights_are_the_gradient_of_the_loss_on_the_negatives(step, loss, pool):
    found = weights(pool, step)
    for query in range(len(pool)):
        there = pool.eligible[query] & np.isfinite(pool.scores["dense"][query])
        scores = np.concatenate([[pool.anchor("dense", "min")[query]], pool.scores["dense"][query][there]])[None]
        own = np.arange(scores.shape[1])[None] == 0
        assert np.allclose(found[query][there], loss(scores.astype(np.float64), own).gradient[0, 1:], rtol=1e-9)


def test_e4_the_penalty_narrows_the_choice_and_ccr_widens_it():
    pool = line([0.75, 0.7, 0.65, 0.5, 0.3, 0.1], 0.8)
    sizes = [float(effective_number(weights(pool, ("hardness_weighted", {"alpha": alpha})))[0]) for alpha in (0, 5, 9)]
    assert sizes[0] > sizes[1] > sizes[2] >= 1
    sizes = [
        float(effective_number(weights(pool, ("ccr_weighted", {"beta": beta, "scale": 20.0})))[0])
        for beta in (0.0, 0.5, 1.0)
    ]
    assert sizes[0] < sizes[1] < sizes[2] == pytest.approx(6)


def test_e5_the_focal_weight_is_one_for_the_whole_query_and_largest_where_the_positive_loses():
    pool = make_pool([[0.5, 0.4], [0.5, 0.4]], [[0.8], [0.3]])
    plain, weighted = (weights(pool, ("focal_weighted", {"gamma": gamma})) for gamma in (0.0, 0.5))
    factor = weighted / plain
    assert np.allclose(factor[:, 0], factor[:, 1])
    assert factor[1, 0] > 0.9
    assert factor[0, 0] < 0.1


def test_masking_first_keeps_false_negatives_out_of_the_competition():
    pool = line([0.95, 0.7, 0.5], 0.6)
    before = weights(pool, "student_mask", "hardness_weighted")[0]
    after = weights(pool, "hardness_weighted", "student_mask")[0]
    assert before[0] == after[0] == 0
    assert before[1] > after[1]


@pytest.mark.parametrize("step", ["hardness_weighted", "focal_weighted", "ccr_weighted"])
def test_a_push_that_vanishes_refuses_nothing(step):
    """On inner products softmax weights vanish in double precision; that is small, not refused."""
    pool = line([900.0, 500.0, 10.0], 950.0)
    found = select(pool, recipe((step, {"scale": 100.0}), draw="sample", count=3))
    assert (found.weights > 0).all()
    assert np.isfinite(found.weights).all()
    assert found.taken.all()


@pytest.mark.parametrize("step", ["hardness_weighted", "focal_weighted", "ccr_weighted", "below_mean", "student_mask"])
def test_t10_a_query_without_a_scored_positive_gets_nothing(step):
    found = weights(make_pool([[0.5, 0.4], [0.5, 0.4]], [[NAN], [0.6]]), step)
    assert not found[0].any()
    assert found[1].any()
