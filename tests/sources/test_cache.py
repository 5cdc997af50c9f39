"""Documents of a cache (METHODS B5)."""

import numpy as np
import pytest

from negviz.batches.caching import remembered_cache
from negviz.errors import MissingInputError, RecipeError
from negviz.recipe import published
from negviz.select import resolved_knobs, select
from negviz.sources import SOURCES
from negviz.sources.cache import cache


def bring(pool, **knobs):
    return cache(pool, **{"scorer": "dense", "seed": 0, "batch_size": 4, **knobs})


def test_candidates_are_the_nearest_cached_documents_best_first(full):
    found = bring(full, top_k=6)
    held = set(remembered_cache(found).documents.tolist())
    for row in range(len(found)):
        here = np.flatnonzero(found.present[row])
        order = here[np.argsort(found.ranks["cache"][row, here])]
        scores = found.scores["dense"][row, order]
        assert len(here) == 6
        assert set(found.documents[row, here].tolist()) <= held
        assert (np.diff(scores) <= 0).all()


def test_the_age_of_each_candidate_is_a_layer_in_steps(full):
    found = bring(full, policy="fifo")
    cached = remembered_cache(found)
    ages = dict(zip(cached.documents.tolist(), cached.ages.tolist(), strict=True))
    layer = found.scores["cache_age"]
    assert found.scales["cache_age"] == "steps"
    assert np.isfinite(layer[found.present]).all()
    rows, columns = np.nonzero(found.present)
    assert layer[rows, columns].tolist() == [ages[document] for document in found.documents[rows, columns].tolist()]


def test_a_cache_is_as_large_as_what_goes_by_and_says_so(full):
    told = bring(full, size=131_072).origin["source"]
    assert told["size"] == 131_072
    assert told["filled"] == (full.positives >= 0).sum()


def test_the_policy_decides_what_stays(full):
    kept = [set(remembered_cache(bring(full, size=8, policy=policy)).documents.tolist()) for policy in ("lru", "fifo")]
    assert kept[0] != kept[1]


def test_another_scorer_and_a_table_too_large_are_refused(full, monkeypatch):
    with pytest.raises(MissingInputError, match="scorer is 'bm25'"):
        bring(full, scorer="bm25")
    monkeypatch.setattr("negviz.sources.cache.MOST_CELLS", 100)
    with pytest.raises(RecipeError, match="24 queries by 64 documents, and 100 cells"):
        bring(full)


def test_the_recipe_has_the_published_numbers_and_draws_one(full):
    found = published()["negative_cache"]
    knobs = resolved_knobs(SOURCES, found.source)
    assert (knobs["size"], knobs["top_k"], knobs["scale"], knobs["policy"]) == (131_072, 64, 20.0, "lru")
    assert found.steps[0].knobs == {"scale": 20.0}
    taken = select(full, found)
    assert taken.taken_counts.max() == 1
