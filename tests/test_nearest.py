"""Exact search within any amount of memory, on any device."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from negviz import nearest as search
from negviz.arrays import PAD
from negviz.embeddings import inner_products
from negviz.nearest import merged, nearest, on_device, recall


def whole(vectors, documents, depth):
    """The answer by scoring every pair and sorting."""
    everything = np.arange(len(documents), dtype=np.int32)[None, :].repeat(len(vectors), axis=0)
    scores = inner_products(vectors, documents, everything)
    order = np.lexsort((everything, -scores), axis=1)[:, :depth]
    missing = ((0, 0), (0, depth - order.shape[1]))
    found = np.pad(order.astype(np.int32), missing, constant_values=PAD)
    return found, np.pad(np.take_along_axis(scores, order, axis=1), missing, constant_values=np.nan)


def same(found, expected):
    return all(one.tobytes() == other.tobytes() for one, other in zip(found, expected, strict=True))


def ties(seed, queries, documents):
    noise = np.random.default_rng(seed)
    return [noise.integers(-1, 2, (rows, 3)).astype(np.float32) for rows in (queries, documents)]


@given(st.integers(0, 200), st.integers(0, 300), st.integers(0, 60))
def test_many_ties_are_searched_exactly(seed, total, depth):
    vectors, documents = ties(seed, 3, total)
    assert same(nearest(vectors, documents, depth), whole(vectors, documents, depth))


@given(st.integers(0, 99), st.integers(1, 50), st.sampled_from([1, 1 << 14, 1 << 16]))
def test_memory_and_pieces_make_no_difference(seed, depth, memory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search, "BLOCK", 7)
        patch.setattr(search, "LEAST", 7)
        patch.setattr(search, "DOUBTFUL", 2)
        vectors, documents = ties(seed, 9, 200)
        assert same(nearest(vectors, documents, depth, memory=memory), whole(vectors, documents, depth))


def test_real_valued_vectors_that_nearly_coincide():
    noise = np.random.default_rng(3)
    near = noise.normal(size=(1, 64)) + 1e-7 * noise.normal(size=(500, 64))
    documents = np.concatenate([noise.normal(size=(300, 64)), near]).astype(np.float32)
    vectors = near[:4].astype(np.float32)
    assert same(nearest(vectors, documents, 20), whole(vectors, documents, 20))


def test_a_memory_map_is_read_piece_by_piece_and_stays_as_it_is(tmp_path, monkeypatch):
    noise = np.random.default_rng(5)
    documents = noise.normal(size=(3000, 16)).astype(np.float32)
    np.save(tmp_path / "documents.npy", documents)
    mapped = np.load(tmp_path / "documents.npy", mmap_mode="r")
    seen = []
    quick = search.candidates

    def watched(vectors, piece, asked):
        seen.append((len(piece), np.shares_memory(piece, mapped)))
        return quick(vectors, piece, asked)

    monkeypatch.setattr(search, "candidates", watched)
    found = nearest(documents[:5], mapped, 10, memory=4 * 1024 * 64)
    assert same(found, whole(documents[:5], documents, 10))
    assert [rows for rows, _ in seen] == [1024, 1024, 952]
    assert all(shared for _, shared in seen)


def test_half_precision_vectors_are_widened_not_refused():
    noise = np.random.default_rng(6)
    documents = noise.normal(size=(200, 8)).astype(np.float16)
    wide = documents.astype(np.float32)
    assert same(nearest(wide[:3], documents, 5), whole(wide[:3], wide, 5))


@given(st.integers(0, 99), st.integers(1, 20))
def test_parts_merge_to_the_whole(seed, depth):
    vectors, documents = ties(seed, 4, 60)
    parts = [(start, nearest(vectors, documents[start : start + 25], depth)) for start in (50, 0, 25)]
    rows = [np.where(found == PAD, PAD, found + start) for start, (found, _) in parts]
    assert same(merged(rows, [scores for _, (_, scores) in parts], depth), nearest(vectors, documents, depth))


def test_merging_few_pads():
    rows, scores = merged([np.array([[4]], np.int32)], [np.array([[0.5]], np.float32)], 3)
    assert rows.tolist() == [[4, PAD, PAD]]
    assert scores[0, 0] == 0.5
    assert np.isnan(scores[0, 1:]).all()


@pytest.mark.parametrize("together", [40, 10**6])
def test_a_device_brings_the_same_lists(monkeypatch, together):
    torch = pytest.importorskip("torch")
    noise = np.random.default_rng(8)
    documents = np.concatenate([noise.normal(size=(150, 24)), np.ones((60, 24))]).astype(np.float32)
    vectors = np.concatenate([noise.normal(size=(5, 24)), np.ones((1, 24))]).astype(np.float32)
    monkeypatch.setattr(search, "rows_within", lambda memory, size, least=1, most=None: max(together, least))
    asked = []

    def device(vectors, piece, count):
        asked.append(count)
        return on_device(vectors, piece, count, torch.device("cpu"))

    expected = whole(vectors, documents, 10)
    monkeypatch.setattr(search, "candidates", device)
    assert same(nearest(vectors, documents, 10), expected)
    assert asked


def test_torch_is_not_asked_for_a_gpu_where_there_is_no_driver(monkeypatch, tmp_path):
    monkeypatch.setattr(search, "Path", lambda name: tmp_path / "missing")
    assert search._gpu() is None


def test_recall_counts_what_the_exact_lists_have():
    exact = np.array([[1, 2, 3], [4, PAD, PAD]], np.int32)
    found = np.array([[3, 9, 1], [5, PAD, PAD]], np.int32)
    assert recall(found, exact) == 0.5
    assert recall(found[:0], exact[:0]) == 1.0
