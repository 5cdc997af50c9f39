"""The pool's candidates with passages of the positive's article and answers to similar questions (METHODS B8)."""

import dataclasses

import numpy as np
import pytest

from negviz.arrays import PAD
from negviz.errors import MissingInputError
from negviz.pool import LEAKS
from negviz.recipe import published
from negviz.select import select
from negviz.sources.related import related

GROUP = LEAKS["same group as a positive"]


def documents_of(pool, name, query):
    layer = pool.ranks[name][query]
    columns = np.flatnonzero(layer >= 0)
    return pool.documents[query, columns[np.argsort(layer[columns])]].tolist()


def test_old_rank_layers_stay_as_they_were(full):
    found = related(full, scorer="dense")
    for name in full.ranks:
        for query in range(len(full)):
            assert documents_of(found, name, query) == documents_of(full, name, query)
    assert {"context", "similar_question"} == set(found.ranks) - set(full.ranks)


def test_context_is_of_the_positive_s_group_and_flagged_so(full):
    found = related(full, scorer="dense", similar=0)
    groups = full.dataset.documents["group"].to_pylist()
    here = found.ranks["context"] >= 0
    assert here.any()
    for query, column in zip(*np.nonzero(here), strict=True):
        own = [int(row) for row in found.positives[query] if row != PAD]
        row = int(found.documents[query, column])
        assert row not in own
        assert groups[row] in {groups[positive] for positive in own}
        assert found.flags[query, column] & GROUP


def test_similar_questions_bring_positives_of_other_queries_only(full):
    found = related(full, scorer="dense", context=0, similar=5)
    judged = full.dataset.positives
    for query in range(len(full)):
        brought = set(documents_of(found, "similar_question", query))
        assert 0 < len(brought) <= 5
        assert brought <= set(judged.documents.tolist())
        assert not brought & set(judged.of_query(query).tolist())


def test_new_pairs_are_scored_by_the_vectors(full):
    found = related(full, scorer="dense")
    assert np.isfinite(found.scores["dense"][found.present]).all()
    assert np.isnan(found.scores["bm25"][found.present]).any()


def test_missing_vectors_and_groups_are_named_and_not_needed_where_nothing_is_asked_of_them(full):
    plain = dataclasses.replace(full, embeddings=None)
    with pytest.raises(MissingInputError, match="vectors"):
        related(plain, scorer="bm25")
    assert "context" in related(plain, scorer="bm25", similar=0).ranks


def test_the_mixture_takes_one_of_each_source_and_context_is_allowed(full):
    found = select(full, published()["lu_mix"])
    pool = found.pool
    context = (pool.ranks["context"] >= 0) & found.taken
    assert context.any()
    assert (pool.flags[context] & GROUP).all()
    assert not (pool.flags[found.taken] & found.recipe.refused_flags).any()
    assert (context.sum(axis=1) >= 1).mean() > 0.9
