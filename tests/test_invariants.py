"""What must hold for every method (METHODS section 13; the numbers are its own)."""

import dataclasses
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from negviz.arrays import PAD
from negviz.errors import MissingInputError
from negviz.pool import ALL_LEAKS, Pool
from negviz.recipe import published
from negviz.select import select
from negviz.store import selection_table
from tests.methods import runnable
from tests.pools import NAN, SCORES, make_dataset, make_pool, pools, recipe

RECIPES = sorted(published())
KNOWN = pools(unknown=False)
# Scores from 1/64 to 1 with a positive above 0, multiples of 1/64 for exact arithmetic.
ABOVE = pools(lowest=1, unknown=False)


def scored(pool: Pool, change) -> Pool:
    """The pool with every score, those of the positives included, put through a function."""
    return dataclasses.replace(
        pool,
        scores={name: change(layer).astype(np.float32) for name, layer in pool.scores.items()},
        positive_scores={name: change(layer).astype(np.float32) for name, layer in pool.positive_scores.items()},
    )


def refused(found):
    """Bits that must not appear: all leaks but those that the recipe allows on purpose."""
    return ALL_LEAKS & found.recipe.refused_flags


def taken(pool, *steps, **settings):
    return select(pool, recipe(*steps, **{"count": 9, **settings})).taken


@pytest.mark.parametrize("name", RECIPES)
@given(pool=pools())
def test_t1_leaks_never_appear_among_negatives(name, pool):
    try:
        found = select(pool, published()[name])
    except MissingInputError:  # small pools have one scorer; that every recipe runs somewhere is for test_recipes
        return
    assert not (found.pool.flags[found.taken] & refused(found)).any()
    assert (found.pool.documents[found.taken] != PAD).all()


@pytest.mark.parametrize("name", RECIPES)
def test_t1_leaks_never_appear_on_a_pool_with_everything(name, full):
    found = select(full, runnable(full, published()[name]))
    assert found.taken.any()
    assert not (found.pool.flags[found.taken] & refused(found)).any()
    assert (found.pool.documents[found.taken] != PAD).all()


@pytest.mark.parametrize("name", RECIPES)
def test_t2_order_of_candidates_and_queries_does_not_matter(name, full):
    """Ids decide ties: the same pairs under other rows are chosen when rows are put back in order of id."""
    turned = np.random.default_rng(0).permutation(len(full))
    pool = dataclasses.replace(
        full,
        queries=full.queries[turned],
        documents=full.documents[turned],
        positives=full.positives[turned],
        flags=full.flags[turned],
        **{
            group: {name: layer[turned] for name, layer in getattr(full, group).items()}
            for group in ("ranks", "scores", "positive_scores")
        },
    )
    pool = dataclasses.replace(pool, stored_fingerprint=None)
    runnable(full, published()[name])
    here, there = (selection_table(select(given, published()[name])).to_pylist() for given in (full, pool))
    key = [("query_id", "ascending"), ("document_id", "ascending")]
    assert sorted(map(str, here)) == sorted(map(str, there)), key


def test_t2_ties_break_by_id():
    pool = make_pool([[0.5] * 6], [[0.9]])
    for steps in ((), ("relative_margin",), (("rank_window", {"start": 1, "stop": 3}),)):
        found = select(pool, recipe(*steps, count=2))
        first = 1 if steps and steps[0][0] == "rank_window" else 0
        assert found.columns.tolist() == [[first, first + 1]]


@pytest.mark.parametrize("name", RECIPES)
def test_t2_threads_do_not_matter(name, full):
    runnable(full, published()[name])
    with ThreadPoolExecutor(8) as workers:
        prints = set(workers.map(lambda _: select(full, published()[name]).fingerprint, range(8)))
    assert prints == {select(full, published()[name]).fingerprint}


@given(pool=pools(), small=st.integers(0, 16), more=st.integers(0, 16))
def test_t3_tightening_never_adds_a_document(pool, small, more):
    if not np.isfinite(pool.anchor("dense", "min")).any():
        return
    low, high = small / 32, (small + more) / 32
    for strategy, knob, loose, tight in [
        ("relative_margin", "margin", low, high),
        ("absolute_margin", "margin", low, high),
        ("score_ceiling", "ceiling", high, low),
        ("score_floor", "floor", low, high),
        ("ambiguous_zone", "width", high, low),
    ]:
        wide, narrow = (taken(pool, (strategy, {knob: value})) for value in (loose, tight))
        assert not (narrow & ~wide).any(), strategy


@given(pool=KNOWN, shift=st.integers(-64, 64))
def test_t4_a_constant_added_to_all_scores_leaves_margins_zones_and_simans(pool, shift):
    moved = scored(pool, lambda scores: scores + shift / 64)
    for step in [
        ("absolute_margin", {"margin": 0.125}),
        ("absolute_margin", {"margin": 0.125, "inclusive": False}),
        ("ambiguous_zone", {"width": 0.25}),
        ("rank_window", {"start": 1, "stop": 3}),
    ]:
        assert np.array_equal(taken(pool, step), taken(moved, step)), step
    step = ("near_positive", {"a": 3.0})
    assert np.array_equal(select(pool, recipe(step)).weights, select(moved, recipe(step)).weights)
    drawn = {"draw": "sample", "count": 2}
    assert np.array_equal(taken(pool, step, **drawn), taken(moved, step, **drawn))


def test_t4_it_does_change_percentages_and_ceilings():
    pool = make_pool([[0.49, 0.3]], [[0.52]])
    moved = scored(pool, lambda scores: scores + 0.4)
    for step in (("relative_margin", {"margin": 0.05}), ("score_ceiling", {"ceiling": 0.7})):
        assert not np.array_equal(taken(pool, step), taken(moved, step))


@given(pool=ABOVE, scale=st.sampled_from([0.125, 0.5, 4.0, 256.0]))
def test_t5_a_factor_leaves_percentages_and_windows_and_scales_the_rest(pool, scale):
    scaled = scored(pool, lambda scores: scores * scale)
    for steps in [
        [("relative_margin", {"margin": 0.25})],
        [("relative_margin", {"margin": 0.25, "inclusive": False})],
        [("rank_window", {"start": 1, "stop": 4, "among": "eligible"})],
    ]:
        assert np.array_equal(taken(pool, *steps), taken(scaled, *steps))
    one, other = (("absolute_margin", {"margin": margin}) for margin in (0.125, 0.125 * scale))
    assert np.array_equal(taken(pool, one), taken(scaled, other))
    one, other = (("near_positive", {"a": a}) for a in (2.0, 2.0 / scale**2))
    if 2.0 / scale**2 <= 1000:
        assert np.array_equal(select(pool, recipe(one)).weights, select(scaled, recipe(other)).weights)


@given(pool=pools(), margin=st.integers(0, 8))
def test_t6_the_weakest_positive_keeps_least_and_the_best_most(pool, margin):
    if not np.isfinite(pool.anchor("dense", "min")).any():
        return
    for strategy in ("relative_margin", "absolute_margin"):
        least, middle, most = (
            taken(pool, (strategy, {"margin": margin / 16}), anchor=which) for which in ("min", "mean", "max")
        )
        assert not (least & ~middle).any()
        assert not (middle & ~most).any()


@given(pool=pools(leaks=False), start=st.integers(0, 3), count=st.integers(1, 4))
def test_t7_raw_window_is_survivor_window_where_nothing_is_refused(pool, start, count):
    window = {"start": start, "stop": start + count}
    raw, survivors, skipped = (
        taken(pool, ("rank_window", {**window, "among": "all"})),
        taken(pool, ("rank_window", {**window, "among": "survivors"})),
        taken(pool, ("score_floor", {"floor": -1.0}), draw=("top", {"skip": start}), count=count),
    )
    assert np.array_equal(raw, survivors)
    assert np.array_equal(raw, skipped)


@pytest.mark.parametrize(
    ("name", "equal_is_kept"),
    [
        ("sentence_transformers", True),
        ("nv_perc", False),
        ("arctic_v2", False),
        ("nv_margin", False),
        ("nv_abs", False),
    ],
)
def test_t8_equality_at_the_threshold(name, equal_is_kept):
    step = published()[name].steps[-1]
    knob = {
        "relative_margin": ("margin", 1 / 3),
        "absolute_margin": ("margin", 0.25),
        "score_ceiling": ("ceiling", 0.5),
    }
    found = published()[name].with_knob(step.name, *knob[step.strategy])
    # The positive is a candidate, too, since one method asks whether it was retrieved.
    pool = make_pool([[0.75, 0.75, 0.5, 0.25]], [[0.75]], documents=[range(4)], flags=[[1, 0, 0, 0]])
    result = select(pool, dataclasses.replace(found, underfill="keep"))
    assert result.taken.tolist() == [[False, False, equal_is_kept, True]]


@pytest.mark.parametrize("policy", ["keep", "drop"])
@given(pool=pools())
def test_t9_what_is_missing_is_reported(policy, pool):
    found = select(pool, recipe(("score_ceiling", {"ceiling": 0.25}), count=2, underfill=policy))
    short = sum(len(row[row != PAD]) < 2 for row in found.columns)
    assert found.summary()["starved"] == short == found.starved.sum()


@pytest.mark.parametrize("bad", [NAN, np.inf, -np.inf])
def test_t10_unknown_and_infinite_scores_pass_no_step_that_looks_at_them(bad):
    pool = make_pool([[bad, 0.2]], [[0.9]])
    for strategy in ("relative_margin", "absolute_margin", "score_ceiling", "near_positive", "rank_window"):
        found = select(pool, recipe(strategy))
        assert found.weights[0, 0] == 0
        assert found.weights[0, 1] > 0
    assert select(pool, recipe(("score_floor", {"floor": -1.0}))).weights[0, 0] == 0


@pytest.mark.parametrize("strategy", ["relative_margin", "absolute_margin", "ambiguous_zone", "near_positive"])
def test_t10_a_query_without_a_scored_positive_is_not_scored_with_zero(strategy):
    pool = make_pool([[-0.5, 0.0, 0.02], [0.8, 0.7, 0.6]], [[NAN], [0.82]])
    found = select(pool, recipe(strategy, count=3))
    assert found.taken_counts[0] == 0
    assert found.taken_counts[1] > 0
    assert found.summary()["starved"] >= 1


def planted() -> Pool:
    """50 queries: a positive at .80, two unlabelled paraphrases, three hard true negatives, 50 easy documents."""
    random = np.random.default_rng(1)
    total = 50
    fixed = np.tile([0.79, 0.77, 0.74, 0.70, 0.66], (total, 1)) + random.uniform(-0.004, 0.004, (total, 5))
    scores = np.concatenate([fixed, random.uniform(0.0, 0.4, (total, 50))], axis=1)
    return make_pool(scores, [[0.8]] * total, dataset=make_dataset(total, 56))


FALSE, HARD = slice(0, 2), slice(2, 5)


def test_t15_planted_truth_naive_top_takes_both_false_negatives_of_every_query():
    pool = planted()
    found = select(pool, published()["nv_topk"]).taken
    assert found[:, FALSE].all()
    assert found[:, HARD].sum(axis=1).tolist() == [2] * 50


@pytest.mark.parametrize("name", ["nv_perc", "sentence_transformers"])
def test_t15_planted_truth_95_percent_takes_exactly_the_hard_negatives_first(name):
    found = select(planted(), published()[name]).taken
    assert not found[:, FALSE].any()
    assert found[:, HARD].all()


def test_t15_planted_truth_shifted_ranks_pass_over_false_and_hard_alike():
    found = select(planted(), published()["nv_shifted"]).taken
    assert not found[:, :5].any()


def test_t15_planted_truth_simans_moves_away_from_false_negatives_with_b_below_zero():
    shares = []
    for b in (0.0, -0.05, -0.1):
        weights = select(planted(), recipe(("near_positive", {"width": 0.05, "b": b}))).weights
        shares.append(float((weights[:, FALSE].sum(axis=1) / weights.sum(axis=1)).mean()))
    assert shares[0] > shares[1] > shares[2]
    assert shares[0] > 0.4
    assert shares[2] < 0.2


@given(value=SCORES, other=SCORES)
def test_a_candidate_s_fate_under_a_ceiling_does_not_depend_on_its_neighbours(value, other):
    step = ("score_ceiling", {"ceiling": 0.25})
    alone = taken(make_pool([[value]], [[0.9]]), step)
    assert alone[0, 0] == taken(make_pool([[value, other]], [[0.9]]), step)[0, 0]
