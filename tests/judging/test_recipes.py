"""What holds for every recipe, for those that wait for a language model: on a pool that has what they wait for."""

import dataclasses

import numpy as np
import pytest

from negviz.arrays import PAD
from negviz.pool import ALL_LEAKS, Pool
from negviz.recipe import find_recipe
from negviz.select import select
from negviz.store import selection_table
from negviz.strategies import STRATEGIES

NAMES = ["rlhn", "arhn", "llm_judge", "gecko", "syneg"]


@pytest.fixture(scope="module")
def asked(full: Pool) -> Pool:
    """The full pool with verdicts of every judge, unknown here and there, and some synthetic candidates."""
    random = np.random.default_rng(11)
    shape = full.documents.shape
    layers = {
        "rlhn": random.choice([0, 1, 2, np.nan], shape, p=[0.82, 0.05, 0.05, 0.08]),
        "arhn": random.choice([0, 0, 0, 1, 2, np.nan], shape),
        "llm_judge": random.choice([0, 1, 2, 3, np.nan], shape),
        "gecko": np.where(full.rank("dense") < 20, random.uniform(0.01, 0.04, shape), np.nan),
    }
    layers = {name: np.where(full.present, layer, np.nan).astype(np.float32) for name, layer in layers.items()}
    unknown = np.full(full.positives.shape, np.nan, dtype=np.float32)
    written = np.where(full.present & (random.random(shape) < 0.2), 0, -1).astype(np.int32)
    return dataclasses.replace(
        full, scores={**full.scores, **layers}, ranks={**full.ranks, "synthetic": written}, stored_fingerprint=None,
        positive_scores={**full.positive_scores, **dict.fromkeys(layers, unknown)},
        scales={**full.scales, **dict.fromkeys(layers, "verdict")},
    )  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_sums_add_up_and_no_leak_is_taken(name, asked):
    found = select(asked, find_recipe(name))
    summary = found.summary()
    refused = sum(item["count"] for item in summary["refused"])
    assert refused + summary["not_drawn"] + summary["taken"] == summary["candidates"] == asked.present.sum()
    assert summary["taken"] > 0
    assert not (asked.flags[found.taken] & ALL_LEAKS).any()
    assert (asked.documents[found.taken] != PAD).all()


@pytest.mark.parametrize("name", NAMES)
def test_t2_order_of_the_queries_does_not_matter(name, asked):
    turned = np.random.default_rng(0).permutation(len(asked))
    pool = dataclasses.replace(
        asked, queries=asked.queries[turned], documents=asked.documents[turned], flags=asked.flags[turned],
        positives=asked.positives[turned], stored_fingerprint=None,
        **{group: {layer: values[turned] for layer, values in getattr(asked, group).items()}
           for group in ("ranks", "scores", "positive_scores")},
    )  # fmt: skip
    here, there = (selection_table(select(given, find_recipe(name))).to_pylist() for given in (asked, pool))
    assert sorted(map(str, here)) == sorted(map(str, there))


@pytest.mark.parametrize("level", [1, 2, 3])
@pytest.mark.parametrize("unjudged", [False, True])
def test_t3_refusing_more_verdicts_never_adds_a_candidate(level, unjudged, asked):
    def kept(lowest, most):
        weights = STRATEGIES.get("llm_verdict").function(
            asked, layer="llm_judge", level=lowest, max_false=most, unjudged=unjudged
        )
        return weights > 0

    assert not (kept(level, 1000) & ~kept(min(level + 1, 3), 1000)).any()
    assert not (kept(level, 5) & ~kept(level, 20)).any()
    known = np.isfinite(asked.scores["llm_judge"])
    allowed = (asked.scores["llm_judge"] < level) & known
    assert np.array_equal(kept(level, 1000), (allowed | (unjudged & ~known)) & asked.present)


@pytest.mark.parametrize("strategy", ["llm_verdict", "llm_order", "synthetic_mix"])
def test_weights_are_finite_and_the_pool_is_left_alone(strategy, asked):
    entry = STRATEGIES.get(strategy)
    context = {"scorer": "dense", "survivors": asked.eligible, "count": 4}
    before = {name: layer.copy() for name, layer in asked.scores.items()}
    weights = entry.function(asked, **{name: context[name] for name in entry.wants if name in context})
    assert weights.dtype == np.float64
    assert weights.shape == asked.documents.shape
    assert np.isfinite(weights).all()
    assert (weights >= 0).all()
    assert (weights[asked.eligible] > 0).any()
    assert not weights[~asked.present].any()
    assert all(np.array_equal(before[name], layer, equal_nan=True) for name, layer in asked.scores.items())


@pytest.mark.parametrize("share", [0.0, 0.1, 0.125, 0.3, 0.5, 1.0])
@pytest.mark.parametrize("count", [1, 4, 7])
def test_the_mix_is_the_hardest_of_each_kind_in_the_wanted_numbers(share, count, asked):
    recipe = dataclasses.replace(find_recipe("syneg"), count=count, underfill="keep")
    found = select(asked, recipe.with_knob("synthetic_mix", "share", share))
    wanted = int(share * count + 0.5)
    for place in range(len(asked)):
        written = (
            (asked.ranks["synthetic"][place] >= 0) & asked.eligible[place] & np.isfinite(asked.scores["dense"][place])
        )
        other = (
            ~(asked.ranks["synthetic"][place] >= 0) & asked.eligible[place] & np.isfinite(asked.scores["dense"][place])
        )
        for inside, most in ((written, wanted), (other, count - wanted)):
            taken = found.taken[place] & inside
            assert taken.sum() == min(most, inside.sum())
            if taken.any() and (inside & ~taken).any():
                scores = asked.scores["dense"][place]
                assert scores[taken].min() >= scores[inside & ~taken].max()
