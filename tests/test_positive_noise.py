"""Noise of the positives: METHODS E7."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from negviz.errors import MissingInputError
from negviz.positive_noise import Mixture, PositiveNoise, likelihoods, mixture, positive_noise
from negviz.recipe import published
from negviz.select import select
from tests.pools import NAN, make_dataset, make_pool, recipe

KNOBS = {"scorer": "dense", "anchor": "min", "retriever": "random", "scale": 1.0}


def two_groups(clean: int = 60, noisy: int = 20, seed: int = 0):
    """Queries whose positive beats eight random documents clearly, and some whose positive does not."""
    random = np.random.default_rng(seed)
    total = clean + noisy
    scores = random.normal(0.1, 0.05, (total, 8))
    own = np.where(np.arange(total) < clean, random.normal(0.35, 0.03, total), random.normal(-0.1, 0.03, total))
    return make_pool(
        scores, own[:, None], ranks={"dense": np.zeros((total, 8), np.int32), "random": np.zeros((total, 8), np.int32)},
        dataset=make_dataset(total, 9),
    )  # fmt: skip


@pytest.mark.parametrize(("own", "wanted"), [(3.0, 0.169846), (0.5, 1.180270)])
def test_e7_likelihood_of_a_positive(own, wanted):
    pool = make_pool([[1.0, 0.0]], [[own]], ranks={"random": np.zeros((1, 2), np.int32)})
    found = likelihoods(pool, **KNOBS)
    assert found.tolist() == pytest.approx([wanted], abs=1e-6)


def test_only_random_documents_without_a_leak_count():
    ranks = {"random": np.array([[0, 1, -1, 2]], np.int32), "dense": np.zeros((1, 4), np.int32)}
    pool = make_pool([[1.0, 0.0, 2.9, 2.9]], [[3.0]], ranks=ranks, flags=[[0, 0, 0, 1]])
    assert likelihoods(pool, **KNOBS).tolist() == pytest.approx([0.169846], abs=1e-6)


def test_unknown_positives_and_queries_without_random_documents_have_none():
    ranks = {"random": np.array([[0], [0], [-1]], np.int32)}
    found = likelihoods(make_pool([[0.5], [0.5], [0.5]], [[NAN], [0.6], [0.6]], ranks=ranks), **KNOBS)
    assert np.isfinite(found).tolist() == [False, True, False]


def test_two_groups_are_told_apart_and_reported_as_two():
    found = positive_noise(two_groups(), **KNOBS)
    assert found.clean(0.5).tolist() == [True] * 60 + [False] * 20
    assert found.mixture.separation > 2
    assert found.mixture.gain > 0
    assert found.mixture.shares.tolist() == pytest.approx([0.75, 0.25], abs=0.02)


def test_one_group_is_split_as_well_but_the_numbers_say_so():
    values = np.random.default_rng(1).normal(2.0, 0.3, 400)
    found = mixture(values)
    assert found.gain < 0
    assert found.separation < 2
    assert 0 < (found.posterior > 0.5).sum() <= 400


def test_posteriors_sum_to_one():
    """The lower component's posterior, and that of the upper one by Bayes' rule on the fitted numbers."""
    values = np.concatenate([np.random.default_rng(2).normal(0, 1, 80), np.random.default_rng(3).normal(6, 1, 40)])
    found = mixture(values)
    heights = (
        found.shares / found.deviations * np.exp(-((values[:, None] - found.means) ** 2) / 2 / found.deviations**2)
    )
    assert np.allclose(found.posterior, heights[:, 0] / heights.sum(axis=1), atol=1e-6)
    assert np.allclose(found.posterior_at(values), found.posterior, atol=1e-6)
    assert found.shares.sum() == pytest.approx(1)
    assert found.means[0] < found.means[1]


@given(seed=st.integers(0, 50), factor=st.floats(0.01, 100), shift=st.floats(-50, 50))
def test_e7_flags_do_not_depend_on_units_nor_on_order(seed, factor, shift):
    random = np.random.default_rng(seed)
    values = np.concatenate([random.gamma(1.0, 0.1, 60), random.normal(2.0, 0.3, 15)])
    plain, moved = mixture(values), mixture(values * factor + shift)
    assert np.allclose(plain.posterior, moved.posterior, atol=1e-6)
    assert moved.separation == pytest.approx(plain.separation, rel=1e-6)
    assert moved.gain == pytest.approx(plain.gain, abs=1e-3)
    order = random.permutation(len(values))
    assert np.allclose(mixture(values[order]).posterior, plain.posterior[order], atol=1e-9)


def test_without_random_documents_it_says_what_to_do():
    with pytest.raises(MissingInputError, match="--retriever random"):
        select(make_pool([[0.5]] * 12, [[0.9]] * 12), published()["npc"])


def test_too_few_queries_are_said_to_be_too_few():
    pool = two_groups(3, 2)
    with pytest.raises(MissingInputError, match="this pool has 5"):
        positive_noise(pool, **KNOBS)


def test_noisy_queries_are_refused_whole_and_the_others_not_touched():
    pool = two_groups()
    found = select(pool, published()["npc"])
    assert found.taken_counts.tolist() == [4] * 60 + [0] * 20
    assert found.refused_counts[-1] == ("clean_positive", 160)
    assert np.array_equal(found.taken[:60], select(pool, recipe(count=4)).taken[:60])


def test_order_of_the_queries_does_not_matter():
    pool = two_groups()
    turned = np.random.default_rng(5).permutation(len(pool))
    other = dataclasses.replace(
        pool,
        queries=pool.queries[turned], documents=pool.documents[turned], positives=pool.positives[turned],
        flags=pool.flags[turned],
        **{group: {name: layer[turned] for name, layer in getattr(pool, group).items()}
           for group in ("ranks", "scores", "positive_scores")},
    )  # fmt: skip
    one, two = (positive_noise(given_, **KNOBS).clean(0.5) for given_ in (pool, other))
    assert np.array_equal(one[turned], two)


def test_the_fit_is_kept_beside_the_pool():
    pool = two_groups()
    assert positive_noise(pool, **KNOBS) is positive_noise(pool, **KNOBS)
    assert positive_noise(pool, **{**KNOBS, "scale": 10.0}) is not positive_noise(pool, **KNOBS)


def test_a_far_wider_upper_gaussian_claims_the_very_best_as_well():
    """A pitfall of the published rule, named in the recipe's notes: the posterior is not monotone in the likelihood."""
    random = np.random.default_rng(0)
    values = np.concatenate([random.normal(1, 0.02, 80), random.normal(1.6, 0.5, 20)])
    found = mixture(values)
    assert found.deviations[1] > 10 * found.deviations[0]
    assert ((found.posterior <= 0.5) & (values < found.means[0])).any()


def by_hand(posterior, deviations=(1.0, 1.0)):
    return Mixture(np.array([0.5, 0.5]), np.array([0.0, 3.0]), np.array(deviations), np.array(posterior), 0.0)


def test_separation_is_ashman_s_d():
    """Means 3 apart: D = 3 sqrt(2) / sqrt(1 + 1) = 3, and with deviations 1 and 7 3 sqrt(2) / sqrt(50) = 0.6."""
    assert by_hand([]).separation == pytest.approx(3.0)
    assert by_hand([], (1.0, 7.0)).separation == pytest.approx(0.6)


def test_e7_a_pair_is_clean_strictly_above_the_posterior_and_never_where_it_is_unknown():
    noise = PositiveNoise(np.array([1.0, NAN, 2.0, 3.0]), by_hand([0.75, 0.5, 0.25]))
    assert noise.clean(0.5).tolist() == [True, False, False, False]
    assert noise.clean(0.25).tolist() == [True, False, True, False]
