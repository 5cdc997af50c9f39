"""The pool's candidates with passages of the positive's article and answers to similar questions (METHODS B8)."""

import dataclasses

import numpy as np
import pyarrow as pa
import pytest

from negviz.arrays import PAD
from negviz.errors import MissingInputError
from negviz.pool import LEAKS
from negviz.recipe import published
from negviz.related import of_same_group
from negviz.select import select
from negviz.sources.related import related
from tests.pools import make_dataset

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


def test_context_comes_by_its_distance_to_the_nearest_of_several_positives():
    dataset = make_dataset(1, 6, positives=[("q00", "d000", 1), ("q00", "d005", 1)], groups=["one article"] * 6)
    brought = of_same_group(dataset, np.array([0], np.int32), 5, "test")
    assert brought.tolist() == [[1, 4, 2, 3, PAD]]


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


def test_without_groups_the_way_to_go_without_them_is_told_and_works(full):
    documents = full.dataset.documents
    bare = documents.set_column(
        documents.column_names.index("group"), "group", pa.nulls(len(documents), documents["group"].type)
    )
    pool = dataclasses.replace(full, dataset=dataclasses.replace(full.dataset, documents=bare))
    lu_mix = published()["lu_mix"]
    with pytest.raises(MissingInputError) as missing:
        select(pool, lu_mix)
    context, strata = "source.context=0", "draw.strata=bm25 dense similar_question"
    assert f"--set {context}" in str(missing.value)
    assert f'--set "{strata}"' in str(missing.value)
    assert select(pool, lu_mix.with_setting(context).with_setting(strata)).taken.any()


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
