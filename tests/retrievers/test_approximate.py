"""HNSW and IVF: what they find is scored and put in order as by the exact search, and they say how much that is."""

import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from negviz.arrays import PAD
from negviz.embeddings import Embeddings, similarities
from negviz.nearest import nearest, recall
from negviz.retrievers import RETRIEVERS
from tests.pools import make_dataset

QUERIES, DIMS = 130, 24


def bundled(documents=2000, seed=0):
    """Vectors in bundles around random directions."""
    noise = np.random.default_rng(seed)
    middles = noise.normal(size=(20, DIMS))
    vectors = middles[noise.integers(20, size=QUERIES + documents)] + noise.normal(size=(QUERIES + documents, DIMS))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return Embeddings(vectors[:QUERIES], vectors[QUERIES:], "cosine", "e", "i")


def answered():
    names = [f"q{row:02}" for row in range(QUERIES)]
    return make_dataset(QUERIES, 3, positives=[(name, "d001", 1) for name in names[:120]])


def bring(name, embeddings, queries=range(QUERIES), depth=20, shop=None, **knobs):
    return RETRIEVERS.get(name).function(
        dataset=answered(), queries=np.array(queries, np.int32), depth=depth, embeddings=embeddings,
        shop=shop or SimpleNamespace(facts={}), **knobs,
    )  # fmt: skip


@pytest.mark.parametrize("name", ["hnsw", "ivf"])
def test_what_is_found_is_in_the_order_of_the_exact_scores(name):
    embeddings = bundled()
    found = bring(name, embeddings)
    assert not np.equal(found, PAD).any()
    scores = similarities(embeddings, np.arange(QUERIES, dtype=np.int32), found)
    assert (np.diff(scores, axis=1) <= 0).all()


@pytest.mark.parametrize(("name", "few", "many"), [("hnsw", {"ef": 16}, {"ef": 1000}), ("ivf", {"nprobe": 1}, {})])
def test_the_recall_told_is_that_of_a_hundred_queries_and_grows_with_the_work(name, few, many):
    embeddings, shops = bundled(), [SimpleNamespace(facts={}) for _ in range(2)]
    for shop, knobs in zip(shops, (few, many), strict=True):
        bring(name, embeddings, shop=shop, **knobs)
        facts = shop.facts[name]
        assert (facts["queries"], facts["depth"]) == (100, 20)
        assert facts.items() >= knobs.items()
    assert 0.1 < shops[0].facts[name]["recall"] < shops[1].facts[name]["recall"] <= 1
    assert shops[1].facts[name]["recall"] > 0.95


@pytest.mark.parametrize("name", ["hnsw", "ivf"])
def test_recall_is_measured_once_whatever_block_of_queries_comes_first(name):
    embeddings, shop, other = bundled(), SimpleNamespace(facts={}), SimpleNamespace(facts={})
    first = bring(name, embeddings, range(70), shop=shop)
    facts = dict(shop.facts)
    second = bring(name, embeddings, range(70, QUERIES), shop=shop)
    assert shop.facts == facts
    whole = bring(name, embeddings, shop=other)
    assert other.facts == facts
    assert np.concatenate([first, second]).tobytes() == whole.tobytes()


def test_ivf_that_looks_everywhere_is_exact():
    embeddings = bundled()
    exact = nearest(embeddings.queries, embeddings.documents, 20)[0]
    assert bring("ivf", embeddings, lists=12, nprobe=12).tobytes() == exact.tobytes()


@pytest.mark.parametrize("name", ["hnsw", "ivf"])
@pytest.mark.parametrize("documents", [0, 1, 7])
def test_few_documents_are_all_found(name, documents):
    embeddings = bundled(documents)
    exact = nearest(embeddings.queries, embeddings.documents, 5)[0]
    assert recall(bring(name, embeddings, depth=5), exact) == 1


@pytest.mark.parametrize("name", ["hnsw", "ivf"])
def test_memory_makes_no_difference(name):
    embeddings = bundled()
    assert bring(name, embeddings, memory=1).tobytes() == bring(name, embeddings).tobytes()


@pytest.mark.parametrize("name", ["hnsw", "ivf"])
def test_the_number_of_threads_makes_no_difference(name):
    code = f"from tests.retrievers import test_approximate as t; print(t.bring({name!r}, t.bundled()).tobytes().hex())"
    runs = [
        subprocess.run(
            [sys.executable, "-c", code],
            env={"OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads, "NUMBA_NUM_THREADS": threads},
            capture_output=True, text=True, check=True,
        ).stdout
        for threads in ("1", "2")
    ]  # fmt: skip
    assert runs[0] == runs[1] != ""
