"""Every registered signal."""

import dataclasses

import numpy as np
import pytest

from negviz.arrays import PAD
from negviz.signals import SIGNALS
from tests.pools import make_dataset, make_pool, pools, rich_pool, unit_embeddings

ENTRIES = list(SIGNALS)
each_signal = pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)


def all_rows(pool):
    return np.arange(len(pool), dtype=np.int32)


@each_signal
def test_a_signal_has_one_name_a_summary_and_words(entry):
    assert entry.function.__name__ == entry.name == entry.function.__module__.rpartition(".")[2]
    assert entry.summary.endswith(".")
    assert callable(entry.trait("words"))


@each_signal
def test_numbers_have_the_shape_of_the_rows_are_known_only_where_there_is_a_candidate_and_can_be_said(entry, full):
    found = entry.function(full, all_rows(full))
    assert found.shape == full.documents.shape
    assert found.dtype == np.float64
    assert np.isnan(found[~full.present]).all()
    assert not np.isinf(found).any()
    known = np.argwhere(np.isfinite(found))
    assert len(known)
    row, column = map(int, known[0])
    words = entry.trait("words")(full, row, column, float(found[row, column]))
    assert words
    assert "nan" not in words


@each_signal
def test_some_rows_in_any_order_have_the_numbers_of_all_rows(entry, full):
    rows = np.array([7, 2, 11, 2], dtype=np.int32)
    np.testing.assert_array_equal(entry.function(full, rows), entry.function(full, all_rows(full))[rows])
    assert entry.function(full, rows[:0]).shape == (0, full.depth)


@each_signal
def test_the_order_of_candidates_does_not_matter(entry, full):
    turned = full.depth - 1 - np.arange(full.depth)
    other = dataclasses.replace(
        full,
        documents=full.documents[:, turned],
        ranks={name: layer[:, turned] for name, layer in full.ranks.items()},
        scores={name: layer[:, turned] for name, layer in full.scores.items()},
        flags=full.flags[:, turned],
    )
    found, expected = (entry.function(pool, all_rows(full)) for pool in (other, full))
    np.testing.assert_allclose(found[:, turned], expected, rtol=1e-12, atol=1e-12)


@each_signal
def test_nothing_that_a_pool_may_lack_makes_a_signal_fail(entry):
    full = rich_pool()
    no_positives = np.full_like(full.positives, PAD)
    unscored = {name: np.full_like(layer, np.nan) for name, layer in full.positive_scores.items()}
    for lacking in (
        {"embeddings": None},
        {"scores": {}, "positive_scores": {}, "scales": {}},
        {"ranks": {}},
        {"positive_scores": unscored},
        {"positives": no_positives, "positive_scores": unscored},
    ):
        pool = dataclasses.replace(full, **lacking)
        assert entry.function(pool, all_rows(pool)).shape == pool.documents.shape


@each_signal
@pytest.mark.parametrize(("scores", "documents"), [
    ([[0.5]], [[1]]),
    ([[0.5, 0.5, 0.5]], [[1, 2, 3]]),
    ([[np.nan, np.nan]], [[PAD, PAD]]),
    ([[np.nan, np.nan]], [[1, 2]]),
])  # fmt: skip
def test_one_candidate_equal_scores_and_none_at_all(entry, scores, documents):
    pool = make_pool(scores, [[0.6]], documents=documents, dataset=make_dataset(1, 5),
                     embeddings=unit_embeddings(1, 5))  # fmt: skip
    found = entry.function(pool, all_rows(pool))
    assert found.shape == pool.documents.shape
    assert not np.isinf(found).any()


@each_signal
def test_arbitrary_pools(entry):
    from hypothesis import given

    @given(pools())
    def holds(pool):
        found = entry.function(pool, all_rows(pool))
        assert found.shape == pool.documents.shape
        assert np.isnan(found[~pool.present]).all()

    holds()
