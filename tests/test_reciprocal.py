"""Reciprocal nearest neighbours (METHODS B6)."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from negviz.diagnostics.reciprocal_evidence import reciprocal_evidence
from negviz.embeddings import Embeddings
from negviz.reciprocal import evidence, extended, injected, likeness, nearest, reciprocal, target_mass
from negviz.select import select
from tests.pools import SEEDS, make_pool, recipe

# On a line: three close together, two farther on, one far away.
PLACES = np.array([0.0, 1.0, 2.0, 10.0, 11.0, 40.0])
LINE = -np.abs(PLACES[:, None] - PLACES[None, :])


def some(seed, items=12, dims=5):
    vectors = np.random.default_rng(seed).normal(size=(items, dims))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_nearest_by_hand():
    found = nearest(LINE, 2)
    assert [np.flatnonzero(row).tolist() for row in found] == [
        [0, 1, 2], [0, 1, 2], [0, 1, 2], [2, 3, 4], [2, 3, 4], [3, 4, 5],
    ]  # fmt: skip


def test_reciprocal_by_hand():
    # 3 has 2 among its nearest, but 2 has nearer ones; nobody has 5.
    assert [np.flatnonzero(row).tolist() for row in reciprocal(LINE, 2)] == [
        [0, 1, 2], [0, 1, 2], [0, 1, 2], [3, 4], [3, 4], [5],
    ]  # fmt: skip


@given(SEEDS, st.integers(1, 11))
def test_j_is_a_reciprocal_neighbour_of_i_exactly_if_i_is_one_of_j(seed, k):
    vectors = some(seed)
    found = reciprocal(vectors @ vectors.T, k)
    assert np.array_equal(found, found.T)
    assert found.diagonal().all()


@given(SEEDS, st.integers(1, 11))
def test_extension_only_adds(seed, k):
    vectors = some(seed)
    own, more = (made(vectors @ vectors.T, k) for made in (reciprocal, extended))
    assert not (own & ~more).any()


def test_a_neighbour_s_smaller_set_is_taken_in_only_beyond_two_thirds():
    # With k = 4 an item takes in the set of a neighbour's nearest 2 where more than two thirds of it are its own.
    similarities = np.array([
        [9.0, 5.0, 4.0, 3.0, 2.0, 0.0],
        [5.0, 9.0, 4.5, 1.0, 0.5, 4.4],
        [4.0, 4.5, 9.0, 1.0, 0.5, 4.4],
        [3.0, 1.0, 1.0, 9.0, 0.5, 0.1],
        [2.0, 0.5, 0.5, 0.5, 9.0, 0.1],
        [0.0, 4.4, 4.4, 0.1, 0.1, 9.0],
    ])  # fmt: skip
    own, trusted = reciprocal(similarities, 4), reciprocal(similarities, 2)
    expected = own.copy()
    for item in range(6):
        for neighbour in np.flatnonzero(own[item]):
            if 3 * (own[item] & trusted[neighbour]).sum() > 2 * trusted[neighbour].sum():
                expected[item] |= trusted[neighbour]
    assert np.array_equal(extended(similarities, 4), expected)


@given(SEEDS, st.integers(2, 12))
def test_extension_is_that_of_the_rule_item_by_item(seed, k):
    vectors = some(seed, items=14)
    similarities = vectors @ vectors.T
    own, trusted = reciprocal(similarities, k), reciprocal(similarities, max(k // 2, 1))
    expected = own.copy()
    for item in range(14):
        for neighbour in np.flatnonzero(own[item]):
            if 3 * (own[item] & trusted[neighbour]).sum() > 2 * trusted[neighbour].sum():
                expected[item] |= trusted[neighbour]
    assert np.array_equal(extended(similarities, k), expected)


def test_likeness_by_hand():
    # Two orthogonal pairs and k = 1: each item's set is itself and its twin, with weights exp(2.4) - 1 for both.
    vectors = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    assert likeness(vectors, np.array([0]), 1) == pytest.approx([1, 1, 0, 0])
    # Three in a row at 45 degrees, k = 2: every item has all three, at 1, cos 45 and 0.
    slanted = np.array([[1.0, 0.0], [0.5**0.5, 0.5**0.5], [0.0, 1.0]])
    full, half = np.exp(2.4) - 1, np.exp(2.4 * round(0.5**0.5, 6)) - 1
    outer = np.array([full, half, 0.0]) / (full + half)
    inner = np.array([half, full, half]) / (full + 2 * half)
    expected = np.minimum(outer, inner).sum() / np.maximum(outer, inner).sum()
    assert likeness(slanted, np.array([0]), 2)[1] == pytest.approx(expected)


@given(SEEDS, st.integers(1, 10))
def test_likeness_lies_between_0_and_1_and_is_1_for_the_probe(seed, k):
    found = likeness(some(seed), np.array([3]), k)
    assert found[3] == pytest.approx(1.0)
    assert (found >= 0).all()
    assert (found <= 1 + 1e-12).all()


def test_several_probes_count_by_the_likest():
    vectors = some(1)
    one, other, both = (likeness(vectors, np.array(probes), 3) for probes in ([2], [5], [2, 5]))
    assert np.array_equal(both, np.maximum(one, other))


def test_evidence_is_1_for_a_positive_and_unknown_at_padding(full):
    found = evidence(full, 20, "test")
    assert np.array_equal(np.isfinite(found), full.present)
    own = (full.documents[:, :, None] == full.positives[:, None, :]).any(axis=2) & full.present
    assert own.any()
    assert found[own] == pytest.approx(1.0)
    assert np.nanmin(found) >= 0
    assert found is evidence(full, 20, "test")


def test_evidence_runs_from_the_least_of_the_list_to_the_positive():
    # METHODS B6: labels are max-min normalised. Positive, candidate and candidate at 0, 45 and 90 degrees; the query
    # stands on the positive, so the last candidate is the least of all and likeness alone would give it more than 0.
    corner = np.float32([[1.0, 0.0], [0.5**0.5, 0.5**0.5], [0.0, 1.0]])
    vectors = Embeddings(corner[:1], corner, "cosine", "made by hand", "0" * 32)
    pool = make_pool([[0.7, 0.0]], [[1.0]], embeddings=vectors)
    raw = likeness(np.concatenate([corner[:1], corner]).astype(np.float64), np.array([1]), 3)
    assert raw[3] > 0.05
    assert evidence(pool, 3, "test")[0] == pytest.approx([(raw[2] - raw[3]) / (1 - raw[3]), 0.0], abs=1e-6)


def test_the_positive_s_label_is_1_222_times_its_own(full):
    # METHODS B6: ground truth times 1.222, evidence of the injected beside it, softmax over both.
    found = select(full, recipe(("rank_window", {"stop": 1000})))
    for query in range(1, 6):
        shown = reciprocal_evidence(found, query, k=20, top=4, floor=0.1)
        positives = int((full.positives[query] >= 0).sum())
        powers = np.exp(shown.found[shown.injected]).sum() + positives * np.exp(1.222)
        assert shown.positive_mass == pytest.approx(np.exp(1.222) / powers, rel=1e-5)


def test_the_strongest_get_a_share_where_they_reach_the_floor():
    found = np.array([[0.9, 0.1, 0.05, 0.5, np.nan, 0.5]], np.float32)
    among = np.array([[True] * 6])
    assert injected(found, among, 4, 0.1)[0].tolist() == [True, True, False, True, False, True]
    # Of two equal ones the earlier document comes first.
    assert injected(found, among, 2, 0.1)[0].tolist() == [True, False, False, True, False, False]
    assert not injected(found, ~among, 4, 0.1).any()


def test_target_of_labels_by_hand():
    # A labelled positive at 1.222 and one candidate at 0.5: shares 1 / (1 + e^-0.722).
    share = target_mass(np.array([1.222, 0.5, -np.inf]))
    assert share == pytest.approx([1 / (1 + np.exp(-0.722)), 1 / (1 + np.exp(0.722)), 0.0])
