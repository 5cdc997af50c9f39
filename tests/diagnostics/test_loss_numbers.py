"""Diagnostics of batches, masks and positives: numbers worked by hand."""

import numpy as np
import pytest

from negviz.diagnostics.beaten_by import beaten_by
from negviz.diagnostics.likelihood_profile import likelihood_profile
from negviz.diagnostics.masked_rate import masked_rate
from negviz.diagnostics.mean_lines import mean_lines
from negviz.diagnostics.pair_counts import pair_counts
from negviz.diagnostics.target_columns import target_columns
from negviz.positive_noise import PositiveNoise, mixture
from negviz.recipe import published
from negviz.select import select
from tests.pools import NAN, line, make_pool, recipe


def batch(queries, hard):
    """Positives of a batch in which no document answers two queries."""
    return np.concatenate([np.eye(queries, dtype=bool), np.zeros((queries, queries * hard), dtype=bool)], axis=1)


def test_a4_columns_of_the_positives():
    assert target_columns(3, 2).tolist() == [0, 3, 6]


def test_b3_star_sums_over_as_many_hard_as_random_pairs():
    found = pair_counts(batch(256, 1))
    assert (found.in_batch, found.hard) == (65_280, 65_536)
    assert found.own_hard == 256
    small = pair_counts(batch(3, 1))
    assert (small.in_batch, small.hard) == (6, 9)


def test_b3_a_labelled_positive_of_the_query_is_no_pair():
    positive = batch(2, 1)
    positive[0, 1] = True  # qrels[q0] = {d0, d1}, and d1 is the other query's positive
    assert pair_counts(positive).in_batch == 1
    positive[1, 2] = True  # the other query's hard negative answers this one
    found = pair_counts(positive)
    assert (found.own_hard, found.cross_hard) == (2, 1)


def test_e1_masked_rate_counts_neither_leaks_nor_unknown_scores():
    pool = make_pool([[0.9, 0.81, 0.5, NAN]], [[0.8]], flags=[[1, 0, 0, 0]])
    assert masked_rate(pool, "dense", "min", [0.0, 0.5], "absolute").tolist() == [0.5, 1.0]
    nothing = make_pool([[0.9]], [[NAN]])
    assert np.isnan(masked_rate(nothing, "dense", "min", [0.0], "absolute")).all()


def test_e6_mean_line_is_over_what_came_to_the_sieve():
    pool = line([0.7, 0.5, 0.2, -0.9], 0.8)
    found = select(pool, recipe(("score_floor", {"floor": 0.0}), "below_mean"))
    lines = mean_lines(found, "below_mean")
    assert lines.means.tolist() == pytest.approx([0.55])
    assert lines.counted.tolist() == [[True, True, True, False]]
    assert lines.refused.tolist() == [[True, False, False, False]]


def test_e6_without_a_sieve_nothing_is_refused_by_it():
    lines = mean_lines(select(line([0.7, 0.5, 0.2], 0.8), recipe()), None)
    assert lines.means.tolist() == pytest.approx([0.55])
    assert not lines.refused.any()


def test_positives_beaten_by_their_candidates():
    pool = make_pool([[0.9, 0.8, 0.7], [0.9, 0.8, 0.7]], [[0.75], [NAN]], flags=[[1, 0, 0], [0, 0, 0]])
    assert beaten_by(pool, "dense", "min").tolist() == [1, -1]


def test_likelihood_profile_expects_as_many_queries_as_there_are_and_cuts_between_the_groups():
    random = np.random.default_rng(0)
    values = np.concatenate([random.normal(1, 0.1, 300), random.normal(3, 0.1, 100), [NAN]])
    noise = PositiveNoise(values, mixture(values[:-1]))
    found = likelihood_profile(noise, 0.5)
    assert found.counts.sum() == 400
    assert found.clean.sum() == pytest.approx(300, rel=0.01)
    assert found.noisy.sum() == pytest.approx(100, rel=0.03)
    (cut,) = found.cuts
    assert 1.3 < cut < 2.7
    assert np.array_equal(noise.clean(0.5)[:-1], values[:-1] < cut)
    assert not noise.clean(0.5)[-1]


def test_published_numbers_of_the_recipes():
    steps = {name: [(step.strategy, dict(step.knobs)) for step in published()[name].steps] for name in
             ("gist", "qwen3_mask", "hardness_weight", "ccr", "ccr_sieve", "npc")}  # fmt: skip
    assert steps["gist"] == [("guide_mask", {"guide": "second_encoder", "margin": 0.0, "mode": "absolute"})]
    assert steps["qwen3_mask"] == [("student_mask", {"margin": 0.1})]
    assert steps["hardness_weight"] == [("hardness_weighted", {"scale": 20.0, "alpha": 5.0})]
    assert steps["ccr"] == [("ccr_weighted", {"beta": 0.5, "scale": 1.0})]
    assert steps["ccr_sieve"][0][1]["stop"] == 30
    assert published()["ccr_sieve"].count == published()["ccr"].count == 5
    assert steps["npc"][0][1]["posterior"] == 0.5


@pytest.mark.parametrize("name", ["gist", "qwen3_mask", "hardness_weight", "focal", "ccr"])
def test_recipes_say_that_masks_come_before_weights(name):
    assert "before" in published()[name].notes
