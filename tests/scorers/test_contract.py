"""Every scorer that exists, whoever wrote it."""

import numpy as np
import pytest

from negviz.arrays import PAD
from negviz.embeddings import Embeddings
from negviz.retrievers.bm25 import bm25 as bring_bm25
from negviz.retrievers.dense import dense as bring_dense
from negviz.runs import RunFile
from negviz.scorers import SCORERS, Layer
from tests.judging.grades import MODEL as GRADED_BY
from tests.judging.grades import keep_grades
from tests.scorers.models import Shop, save_cross_encoder
from tests.texts import text_dataset

NAMES = SCORERS.names()
MODELS = {}
QUERIES = np.array([2, 0, 1], dtype=np.int32)
DOCUMENTS = np.array([[0, 3, PAD, 1], [PAD] * 4, [5, 2, 0, 4]], dtype=np.int32)


@pytest.fixture(scope="module", autouse=True)
def _model(tmp_path_factory):
    """A cross-encoder, and a home that every call empties."""
    MODELS["llm"] = GRADED_BY
    MODELS["cross_encoder"] = str(save_cross_encoder(tmp_path_factory.mktemp("model")))
    MODELS["homes"] = tmp_path_factory


def context():
    noise = np.random.default_rng(0)
    texts = ["ant bee", "bee cat", "ant ant dog", "elk", "", "bee bee"]
    dataset = text_dataset(["ant", "bee cat", "dog ant"], texts)
    vectors = noise.normal(size=(9, 8)).astype(np.float32)
    run = RunFile("x", np.array([0, 0, 1, 2]), np.array([5, 3], np.int32), np.array([2.0, 4.0], np.float32))
    embeddings = Embeddings(vectors[:3], vectors[3:], "dot", "e", "i")
    # A home of its own for each call: what was kept would be the same whatever is computed.
    shop = Shop(dataset, MODELS["homes"].mktemp("home"), embeddings)
    return {"dataset": dataset, "embeddings": embeddings, "run": run, "shop": shop}


def score(name, queries=QUERIES, documents=DOCUMENTS):
    entry = SCORERS.get(name)
    model = MODELS.get(name, entry.trait("model", ""))
    values = {**context(), "queries": queries, "documents": documents, "model": model}
    if name == "llm":
        keep_grades(values["dataset"], values["shop"].home)
    found = entry.function(**{key: values[key] for key in entry.wants})
    return found.scores if isinstance(found, Layer) else found


@pytest.mark.parametrize("name", NAMES)
def test_module_function_and_key_have_one_name(name):
    entry = SCORERS.get(name)
    assert entry.function.__name__ == entry.name == entry.function.__module__.rpartition(".")[2]
    assert "scale" in dict(entry.traits)


@pytest.mark.parametrize("name", NAMES)
def test_shape_type_and_padding(name):
    found = score(name)
    assert found.shape == DOCUMENTS.shape
    assert found.dtype == np.float32
    assert np.isnan(found[DOCUMENTS == PAD]).all()
    assert score(name, QUERIES, np.full((3, 0), PAD, np.int32)).shape == (3, 0)
    assert not np.isinf(found).any()


@pytest.mark.parametrize("name", NAMES)
def test_a_pair_scores_the_same_in_any_place(name):
    whole = score(name)
    assert whole.tobytes() == score(name).tobytes()
    for place in range(3):
        for column in range(4):
            alone = score(name, QUERIES[[place]], DOCUMENTS[[place], column : column + 1])
            assert alone.tobytes() == whole[place, column].tobytes()


def test_run_scores_only_what_the_file_has():
    found = score("run")
    assert found[2, 0] == 2.0
    assert found[0, 1] == 4.0
    assert np.isfinite(found).sum() == 2


@pytest.mark.parametrize(("name", "bring"), [("dense", bring_dense), ("bm25", bring_bm25)])
def test_scores_fall_along_what_the_retriever_brought(name, bring):
    values = context()
    wanted = {"dense": "embeddings", "bm25": "dataset"}[name]
    found = bring(queries=QUERIES, depth=6, **{wanted: values[wanted]})
    scores = score(name, QUERIES, found)
    for row, ids in zip(scores, found, strict=True):
        pairs = [
            (-value, document) for value, document in zip(row.tolist(), ids.tolist(), strict=True) if document != PAD
        ]
        assert pairs == sorted(pairs)


def test_scores_do_not_stretch_a_dot_product():
    values = context()
    of = values["embeddings"]
    found = score("dense")[0, 0]
    assert found == pytest.approx(float(of.queries[2].astype(float) @ of.documents[0].astype(float)), rel=1e-6)
