import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from negviz import embeddings as module
from negviz.arrays import PAD
from negviz.embeddings import Embeddings, similarities


def vectors(rows, dims, seed):
    return np.random.default_rng(seed).normal(size=(rows, dims)).astype(np.float32)


@given(st.integers(0, 99), st.integers(1, 40), st.integers(1, 70))
def test_a_pair_scores_the_same_whatever_else_is_asked(seed, total, dims):
    of = Embeddings(vectors(3, dims, seed), vectors(total, dims, seed + 1), "dot", "e", "i")
    everything = similarities(of, np.array([2], np.int32), np.arange(total, dtype=np.int32)[None, :])[0]
    for row in range(total):
        alone = similarities(of, np.array([0, 2], np.int32), np.array([[PAD], [row]], np.int32))
        assert np.isnan(alone[0, 0])
        assert alone[1, 0] == everything[row]
    exact = of.documents.astype(np.float64) @ of.queries[2].astype(np.float64)
    assert everything == pytest.approx(exact, rel=1e-6, abs=1e-6)


def test_blocks_change_nothing(monkeypatch):
    of = Embeddings(vectors(1, 48, 5), vectors(100, 48, 6), "dot", "e", "i")
    asked = (np.array([0], np.int32), np.arange(100, dtype=np.int32)[None, :])
    whole = similarities(of, *asked)
    monkeypatch.setattr(module, "_PAIRS", 7)
    assert similarities(of, *asked).tobytes() == whole.tobytes()
