"""Every retriever that exists, whoever wrote it."""

from types import SimpleNamespace

import numpy as np
import pytest

from negviz.arrays import PAD
from negviz.embeddings import Embeddings
from negviz.encoders._model import unit
from negviz.retrievers import RETRIEVERS
from negviz.runs import RunFile
from tests.texts import text_dataset

NAMES = RETRIEVERS.names()
DOCUMENTS = 90
QUERIES = 7


def context(seed=0):
    noise = np.random.default_rng(4)
    words = [" ".join(noise.choice(list("abcdefghijkl"), 5)) for _ in range(DOCUMENTS)]
    asked = [" ".join(noise.choice(list("abcdefghijkl"), 3)) for _ in range(QUERIES)]
    given = [("q00", "d004"), ("q00", "d002"), ("q03", "d080")]
    groups = [f"article {row // 9}" for row in range(DOCUMENTS)]
    dataset = text_dataset(asked, words, given=given, groups=groups)
    vectors = unit(noise.integers(-2, 3, size=(QUERIES + DOCUMENTS, 6)).astype(np.float32))  # many ties
    run = RunFile("x", np.array([0, 2, 2, 2, 3, 3, 3, 3]), np.array([5, 1, 9], np.int32), np.ones(3, np.float32))
    return {
        "dataset": dataset,
        "embeddings": Embeddings(vectors[:QUERIES], vectors[QUERIES:], "cosine", "e", "i"),
        "seed": seed,
        "run": run,
        "memory": 1 << 26,
        "shop": SimpleNamespace(facts={}),
    }


def bring(name, queries, depth, seed=0, **knobs):
    entry = RETRIEVERS.get(name)
    values = {**context(seed), "queries": np.array(queries, np.int32), "depth": depth}
    defaults = {knob.name: knob.default for knob in entry.knobs}
    return entry.function(**{key: values[key] for key in entry.wants}, **{**defaults, **knobs})


@pytest.mark.parametrize("name", NAMES)
def test_module_function_and_key_have_one_name(name):
    entry = RETRIEVERS.get(name)
    assert entry.function.__name__ == entry.name == entry.function.__module__.rpartition(".")[2]
    assert entry.label
    assert all(knob.default is not None and knob.help for knob in entry.knobs)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("depth", [1, 5, 89, 90, 200])
def test_rows_are_distinct_documents_with_padding_last(name, depth):
    found = bring(name, range(QUERIES), depth)
    assert found.shape == (QUERIES, depth)
    assert found.dtype == np.int32
    for row in found:
        count = int((row != PAD).sum())
        assert (row[count:] == PAD).all()
        assert len(set(row[:count].tolist())) == count
        assert ((row[:count] >= 0) & (row[:count] < DOCUMENTS)).all()


@pytest.mark.parametrize("name", NAMES)
def test_same_answer_twice_and_for_each_query_alone(name):
    whole = bring(name, range(QUERIES), 12)
    assert whole.tobytes() == bring(name, range(QUERIES), 12).tobytes()
    for query in (3, 0):
        assert bring(name, [query], 12).tolist() == whole[[query]].tolist()


@pytest.mark.parametrize("name", NAMES)
def test_a_smaller_depth_is_the_beginning_of_a_larger_one(name):
    assert bring(name, range(QUERIES), 4).tolist() == bring(name, range(QUERIES), 15)[:, :4].tolist()


@pytest.mark.parametrize("name", NAMES)
def test_no_queries_bring_nothing(name):
    assert bring(name, [], 3).shape == (0, 3)
