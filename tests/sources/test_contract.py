"""Every source that exists, whoever wrote it."""

import dataclasses
import inspect

import numpy as np
import pytest

from negviz.arrays import PAD
from negviz.errors import MissingInputError
from negviz.leaks import leak_flags
from negviz.pool import LEAKS, Pool
from negviz.registry import Registry
from negviz.sources import SOURCES
from tests.pools import make_pool

NAMES = SOURCES.names()
SCORERS = ("dense", "bm25")


def bring(name, pool, seed=0, scorer="dense", **knobs) -> Pool:
    entry = SOURCES.get(name)
    context = {"scorer": scorer, "seed": seed}
    filled = {key: value for key, value in context.items() if key in entry.wants}
    defaults = {knob.name: knob.default for knob in entry.knobs}
    return entry.function(pool, **filled, **{**defaults, **knobs})


def brought(name, pool, **knobs) -> Pool:
    try:
        return bring(name, pool, **knobs)
    except MissingInputError as error:
        pytest.skip(str(error))


def turned(pool: Pool, order) -> Pool:
    """The same pool with its queries in another order."""
    layers = {
        group: {name: layer[order] for name, layer in getattr(pool, group).items()}
        for group in ("ranks", "scores", "positive_scores")
    }
    return dataclasses.replace(
        pool,
        queries=pool.queries[order],
        documents=pool.documents[order],
        positives=pool.positives[order],
        flags=pool.flags[order],
        stored_fingerprint=None,
        **layers,
    )


def cells(pool: Pool, place: int) -> dict:
    """Everything that a pool says about a query, by document id."""
    rows = {}
    for column in np.flatnonzero(pool.present[place]):
        scores = {name: float(layer[place, column]) for name, layer in pool.scores.items()}
        rows[pool.dataset.document_id(pool.documents[place, column])] = (
            {name: int(layer[place, column]) for name, layer in pool.ranks.items()},
            {name: score for name, score in scores.items() if np.isfinite(score)},
            int(pool.flags[place, column]),
        )
    return rows


@pytest.mark.parametrize("name", NAMES)
def test_module_function_and_key_have_one_name(name):
    entry = SOURCES.get(name)
    assert entry.function.__name__ == entry.name == entry.function.__module__.rpartition(".")[2]
    assert entry.label


def test_sources_are_found_by_looking():
    assert isinstance(SOURCES, Registry)
    assert {"in_batch", "cluster_batch", "cache"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_signature_is_a_form(name):
    entry = SOURCES.get(name)
    parameters = list(inspect.signature(entry.function).parameters.values())
    assert parameters[0].name == "pool"
    assert all(parameter.kind is parameter.KEYWORD_ONLY for parameter in parameters[1:])
    for knob in entry.knobs:
        assert knob.help, f"{name}.{knob.name} is not documented"
        assert knob.default is not inspect.Parameter.empty
        if knob.kind in {"int", "float"}:
            assert knob.range, f"{name}.{knob.name} has no Range"
            assert knob.range.low <= knob.default <= knob.range.high
        assert knob.parse(knob.default, name) == knob.default


@pytest.mark.parametrize("name", NAMES)
def test_queries_positives_and_vectors_are_those_of_the_pool(name, full):
    found = brought(name, full)
    assert found.dataset is full.dataset
    assert np.array_equal(found.queries, full.queries)
    assert np.array_equal(found.positives, full.positives)
    assert found.embeddings is full.embeddings
    for scorer in full.positive_scores:
        assert np.array_equal(found.positive_scores[scorer], full.positive_scores[scorer], equal_nan=True)


@pytest.mark.parametrize("name", NAMES)
def test_candidates_are_distinct_and_in_order_of_id_and_each_was_brought_by_somebody(name, full):
    found = brought(name, full)
    assert found.present.any()
    for row in found.documents:
        own = row[row != PAD].tolist()
        assert own == sorted(set(own))
        assert (row[len(own) :] == PAD).all()
    some = np.zeros(found.documents.shape, dtype=bool)
    for layer in found.ranks.values():
        some |= layer >= 0
    assert np.array_equal(some, found.present)


@pytest.mark.parametrize("name", NAMES)
def test_flags_are_those_of_the_leak_guards(name, full):
    found = brought(name, full)
    expected = leak_flags(full.dataset, found.queries, found.documents, found.positives, found.embeddings)
    assert np.array_equal(found.flags, expected)
    own = (found.documents[:, :, None] == found.positives[:, None, :]).any(axis=2) & found.present
    assert np.array_equal((found.flags & LEAKS["labelled positive"]) > 0, own)


@pytest.mark.parametrize("name", NAMES)
def test_the_same_twice_and_the_pool_is_left_as_it_was(name, full):
    before = full.documents.copy(), full.flags.copy(), full.scores["dense"].copy()
    one, other = brought(name, full), brought(name, full)
    assert one.fingerprint == other.fingerprint
    assert np.array_equal(full.documents, before[0])
    assert np.array_equal(full.flags, before[1])
    assert np.array_equal(full.scores["dense"], before[2], equal_nan=True)


@pytest.mark.parametrize("name", NAMES)
def test_order_of_the_queries_does_not_matter(name, full):
    order = np.random.default_rng(0).permutation(len(full))
    one, other = brought(name, full), brought(name, turned(full, order))
    for place, original in enumerate(order):
        assert cells(other, place) == cells(one, int(original))


@pytest.mark.parametrize("name", NAMES)
def test_a_pool_of_one_query_and_of_none_is_no_error(name, full):
    for rows in (slice(0, 1), slice(0, 0)):
        found = brought(name, turned(full, np.arange(len(full))[rows]))
        assert found.documents.shape[0] == len(found) == rows.stop
        assert found.scores["dense"].shape == found.documents.shape


@pytest.mark.parametrize("name", [entry.name for entry in SOURCES if "vectors" in inspect.getdoc(entry.function)])
def test_without_vectors_the_missing_input_and_the_way_to_get_it_are_named(name):
    with pytest.raises(MissingInputError, match=r"retriever|scorer"):
        bring(name, make_pool([[0.5, 0.4]], [[0.9]]))
