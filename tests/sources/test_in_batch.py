"""Documents of the other rows of a batch (METHODS A1-A4, B3)."""

import dataclasses

import numpy as np
import pytest

import negviz.sources._batches as shared
from negviz.batches import remembered
from negviz.errors import MissingInputError, RecipeError
from negviz.pool import LEAKS
from negviz.recipe import published
from negviz.select import select, source_pool
from negviz.sources.in_batch import in_batch
from tests.pools import make_dataset, make_pool, unit_embeddings


def bring(pool, **knobs):
    return in_batch(pool, **{"scorer": "dense", "seed": 0, **knobs})


def pairs_of(pool, layer):
    rows, columns = np.nonzero(pool.ranks[layer] >= 0)
    return set(zip(rows.tolist(), pool.documents[rows, columns].tolist(), strict=True))


@pytest.mark.parametrize("workers", [1, 3])
def test_candidates_are_the_documents_of_the_other_rows_of_the_batch(full, workers):
    found = bring(full, batch_size=5, workers=workers)
    batches = remembered(found)
    expected = set()
    for row, (query, number) in enumerate(zip(batches.queries, batches.numbers, strict=True)):
        for other in batches.rows_of(int(number)):
            if other != row:
                expected.add((int(query), int(batches.documents[other])))
    assert pairs_of(found, "in_batch") == expected
    assert set(found.ranks) == {"in_batch"}


def test_every_query_meets_every_row_s_hard_negatives(full):
    found = bring(full, batch_size=6, hard=2, hard_depth=20)
    batches = remembered(found)
    own, others = set(), set()
    for row, (query, number) in enumerate(zip(batches.queries, batches.numbers, strict=True)):
        for other in batches.rows_of(int(number)):
            (own if other == row else others).update((int(query), int(each)) for each in batches.hard[other])
    assert pairs_of(found, "own_hard") == own
    assert pairs_of(found, "hard") == others


def test_a_rank_is_the_place_in_the_batch():
    dataset = make_dataset(3, 3, positives=[(f"q{row:02}", f"d{row:03}", 1) for row in range(3)])
    pool = make_pool(
        [[0.5]] * 3, [[0.9]] * 3, documents=[[1], [2], [0]], positives=[[0], [1], [2]], dataset=dataset,
        embeddings=unit_embeddings(3, 3),
    )  # fmt: skip
    found = bring(pool, batch_size=3)
    order = remembered(found).documents.tolist()
    for row in range(3):
        for column in np.flatnonzero(found.present[row]):
            assert found.ranks["in_batch"][row, column] == order.index(found.documents[row, column])


def test_labelled_positives_in_the_batch_are_refused_with_or_without_a_mask(full):
    for masked in (True, False):
        found = bring(full, batch_size=64, mask_positives=masked)
        own = (found.documents[:, :, None] == found.positives[:, None, :]).any(axis=2) & found.present
        assert own.any()
        assert ((found.flags[own] & LEAKS["labelled positive"]) > 0).all()
        assert remembered(found).masked is masked


def test_origin_says_what_was_composed(full):
    told = bring(full, batch_size=5, workers=2, drop_last=True).origin["source"]
    rows = int((full.positives >= 0).sum())
    assert told["name"] == "in_batch"
    assert told["rows"] + told["dropped_rows"] == rows
    assert told["rows"] == told["batches"] * 10


def test_scores_come_from_the_vectors(full):
    found = bring(full, batch_size=5)
    assert np.isfinite(found.scores["dense"][found.present]).all()
    rows, columns = np.nonzero(found.present)
    vectors = found.embeddings
    expected = np.einsum(
        "kd,kd->k", vectors.queries[found.queries[rows]], vectors.documents[found.documents[rows, columns]]
    )
    assert found.scores["dense"][rows, columns] == pytest.approx(expected, abs=1e-6)


def test_a_scorer_that_cannot_score_new_pairs_is_refused(full):
    with pytest.raises(MissingInputError, match=r"cross_encoder.*dense and bm25"):
        bring(full, scorer="cross_encoder")


def test_data_without_positives_are_refused(full):
    bare = make_dataset(len(full), 240, positives=[])
    with pytest.raises(MissingInputError, match="labelled positives"):
        bring(dataclasses.replace(full, dataset=bare))


def test_a_table_that_would_not_fit_is_refused_in_one_sentence(full, monkeypatch):
    monkeypatch.setattr(shared, "MOST_CELLS", 400)
    with pytest.raises(RecipeError, match=r"24 queries by .* documents, and 400 cells are the most"):
        bring(full, batch_size=64)
    assert bring(full, batch_size=4).depth < 10


def test_the_recipe_s_pool_is_made_once(full):
    found = published()["repbert"]
    assert source_pool(full, found) is source_pool(full, found)
    assert source_pool(full, found) is not source_pool(full, found.with_setting("seed=1"))


# What the recipes compose: (batch size, workers, hard, mask), METHODS A1-A4, B3, C1.
COMPOSED = {
    "in_batch": (128, 1, 0, False),
    "repbert": (26, 1, 0, True),
    "cross_batch": (512, 8, 0, False),
    "gradcache": (8192, 1, 0, False),
    "star": (256, 1, 1, True),
}


@pytest.mark.parametrize("name", sorted(COMPOSED))
def test_recipes_compose_what_they_say(name, full):
    batches = remembered(select(full, published()[name]).pool)
    assert (batches.batch_size, batches.total_workers, batches.hard.shape[1], batches.masked) == COMPOSED[name]


@pytest.mark.parametrize("name", sorted(COMPOSED))
def test_an_in_batch_recipe_takes_everything_that_is_no_leak(name, full):
    found = select(full, published()[name])
    assert (found.taken == (found.pool.eligible & found.pool.present)).all()
