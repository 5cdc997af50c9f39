"""Back-fill: explicit, marked, counted, never a leak."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given

from negviz.arrays import PAD
from negviz.errors import RecipeError
from negviz.labels import LabelEvent, Labels, Verdict
from negviz.pool import ALL_LEAKS
from negviz.recipe import Recipe, Step, recipe_of
from negviz.select import select
from negviz.store import read_selection, save_selection
from tests.pools import line, make_pool, pools, recipe

ANY = Step("rank_window", {"start": 0})


def padded(*steps, **settings):
    return recipe(*steps, underfill="pad", backfill=settings.pop("backfill", ANY), **settings)


def test_only_what_is_missing_is_filled_and_marked():
    pool = line([0.9, 0.6, 0.5, 0.3], 0.95)
    found = select(pool, padded(("score_ceiling", {"ceiling": 0.55}), count=3))
    assert found.taken.sum() == 3
    assert found.taken[0, 2:].all()
    assert found.backfilled[0].sum() == 1
    assert not found.backfilled[0, 2:].any()
    assert found.summary()["backfilled"] == 1
    assert found.summary()["starved"] == 0


def test_the_backfill_strategy_decides_what_may_pad():
    pool = line([0.9, 0.8, 0.7, 0.6, 0.5], 0.95)
    deep = Step("rank_window", {"start": 3})
    for seed in range(5):
        found = select(pool, padded(("score_ceiling", {"ceiling": 0.1}), count=2, backfill=deep, seed=seed))
        assert found.backfilled.tolist() == [[False, False, False, True, True]]


def test_draws_of_the_padding_follow_the_seed_and_are_uniform():
    pool = line([0.9, 0.8, 0.7, 0.6], 0.95)
    counts = np.zeros(4)
    for seed in range(2000):
        counts += select(pool, padded(("score_ceiling", {"ceiling": 0.1}), count=1, seed=seed)).backfilled[0]
    assert counts.sum() == 2000
    assert np.abs(counts - 500).max() < 5 * np.sqrt(2000 * 0.25 * 0.75)


@given(pool=pools())
def test_padding_is_never_a_leak_and_the_funnel_stays_exact(pool):
    found = select(pool, padded(("score_ceiling", {"ceiling": 0.25}), count=3))
    summary = found.summary()
    assert not (pool.flags[found.backfilled] & ALL_LEAKS).any()
    assert (pool.documents[found.taken] != PAD).all()
    assert not (found.backfilled & ~found.taken).any()
    assert (
        sum(row["count"] for row in summary["refused"]) + summary["not_drawn"] + summary["taken"]
        == (summary["candidates"])
    )
    without = select(pool, dataclasses.replace(found.recipe, underfill="keep"))
    assert np.array_equal(found.taken & ~found.backfilled, without.taken)


def test_a_labelled_false_negative_pads_nothing():
    pool = line([0.9, 0.8], 0.95)
    event = LabelEvent.of(pool.dataset, 0, int(pool.documents[0, 0]), Verdict.FALSE_NEGATIVE, annotator="a")
    found = select(pool, padded(("score_ceiling", {"ceiling": 0.1}), count=2), Labels.of([event]))
    assert found.backfilled.tolist() == [[False, True]]


def test_padding_survives_the_file(tmp_path):
    pool = make_pool([[0.9, 0.5, 0.4]] * 2, [[0.95]] * 2)
    found = select(pool, padded(("score_ceiling", {"ceiling": 0.45}), count=2))
    save_selection(found, tmp_path / "s.parquet")
    back = read_selection(tmp_path / "s.parquet", pool)
    assert np.array_equal(back.backfilled, found.backfilled)
    assert back.fingerprint == found.fingerprint


def test_a_recipe_that_pads_must_say_with_what():
    with pytest.raises(RecipeError, match="says not with what"):
        Recipe("test", underfill="pad")


def test_backfill_and_source_survive_yaml_and_can_be_set():
    found = Recipe(
        "test", source=Step("nowhere", {"size": 3}), backfill=Step("rank_window", {"start": 50}), underfill="pad"
    )
    back = recipe_of(found.to_dict())
    assert (back.source, back.backfill, back.underfill) == (found.source, found.backfill, "pad")
    assert back.with_setting("backfill.start=60").backfill.knobs == {"start": "60"}
    assert back.with_setting("source.size=4").source.knobs == {"size": "4"}
