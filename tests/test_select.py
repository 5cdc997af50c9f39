import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from negviz.errors import MissingInputError, RecipeError, UnknownNameError
from negviz.labels import LabelEvent, Labels, Verdict
from negviz.pool import LEAKS
from negviz.select import UNDERFILLED, select
from negviz.selection import taken_columns
from tests.pools import NAN, line, make_pool, pools, recipe

STEPS = st.lists(
    st.one_of(
        st.tuples(
            st.just("score_ceiling"), st.fixed_dictionaries({"ceiling": st.integers(-8, 8).map(lambda n: n / 8)})
        ),
        st.tuples(st.just("relative_margin"), st.fixed_dictionaries({"margin": st.sampled_from([0.0, 0.05, 0.5])})),
        st.tuples(st.just("near_positive"), st.fixed_dictionaries({"width": st.sampled_from([0.05, 0.5])})),
        st.tuples(st.just("rank_window"), st.fixed_dictionaries({"start": st.integers(0, 3)})),
    ),
    max_size=3,
)


def total(summary):
    return sum(item["count"] for item in summary["refused"]) + summary["not_drawn"] + summary["taken"]


def runnable(pool, steps):
    anchored = any(name in {"relative_margin", "near_positive"} for name, _ in steps)
    return not anchored or np.isfinite(pool.anchor("dense", "min")).any()


def test_the_tiny_pool_by_hand(tiny):
    found = select(tiny, recipe(("relative_margin", {"margin": 0.1}), count=2))
    reasons = [[found.reason(query, column) for column in range(4)] for query in range(2)]
    # Query 0: limit .9 - .09 = .81. Query 1: weakest positive .5, limit .45; an unknown score never passes.
    assert reasons[0] == ["labelled positive", None, None, None]
    assert reasons[1] == ["labelled positive", "relative_margin", "relative_margin", None]
    assert found.columns.tolist() == [[1, 2], [-1, -1]]
    assert found.summary() == {
        "recipe": "test",
        "queries": 2,
        "candidates": 7,
        "refused": [
            *({"step": leak, "count": 2 if leak == "labelled positive" else 0} for leak in LEAKS),
            {"step": "relative_margin", "count": 2},
        ],
        "not_drawn": 1,
        "taken": 2,
        "backfilled": 0,
        "starved": 1,
        "empty": 1,
        "count": 2,
        "seed": 0,
        "pool": tiny.fingerprint,
    }


def test_first_refusing_step_is_the_reason():
    pool = line([0.9, 0.6, 0.3], 0.5)
    ceilings = [("score_ceiling", {"ceiling": value}) for value in (0.8, 0.5)]
    found = select(pool, recipe(*ceilings))
    assert [found.reason(0, column) for column in range(3)] == ["score_ceiling", "score_ceiling_2", None]
    turned = select(pool, recipe(*ceilings[::-1]))
    assert [turned.reason(0, column) for column in range(3)] == ["score_ceiling", "score_ceiling", None]
    assert np.array_equal(found.taken, turned.taken)


@pytest.mark.parametrize(("leak", "bit"), LEAKS.items())
def test_leaks_are_refused_by_name_before_any_step(leak, bit):
    pool = make_pool([[0.9, 0.5]], [[0.95]], flags=[[bit, 0]])
    found = select(pool, recipe(("score_ceiling", {"ceiling": 0.6})))
    assert found.reason(0, 0) == leak
    assert found.columns.tolist() == [[1, -1, -1, -1]]


def test_of_several_leaks_the_first_named_is_the_reason():
    pool = make_pool([[0.9]], [[0.95]], flags=[[64 + 16 + 2]])
    assert select(pool, recipe()).reason(0, 0) == "same text as a positive"


def test_an_allowed_leak_comes_out_unless_another_refuses_it():
    near, blank = LEAKS["near-duplicate of a positive"], LEAKS["blank text"]
    pool = make_pool([[0.9, 0.8]], [[0.95]], flags=[[near, near | blank]])
    found = select(pool, recipe(allow=("near-duplicate of a positive",)))
    assert found.columns.tolist()[0][:2] == [0, -1]
    assert found.reason(0, 1) == "blank text"


def test_a_given_negative_is_no_leak():
    pool = make_pool([[0.9]], [[0.95]], flags=[[128]])
    assert select(pool, recipe()).taken.all()


def test_underfilled_queries_are_dropped_and_counted():
    pool = make_pool([[0.9, 0.5, 0.4], [0.9, 0.8, 0.4]], [[0.95], [0.95]])
    kept = select(pool, recipe(("score_ceiling", {"ceiling": 0.7}), count=2))
    dropped = select(pool, recipe(("score_ceiling", {"ceiling": 0.7}), count=2, underfill="drop"))
    assert kept.taken_counts.tolist() == [2, 1]
    assert kept.starved.tolist() == [False, True]
    assert dropped.taken_counts.tolist() == [2, 0]
    assert dropped.reason(1, 2) == UNDERFILLED
    assert dropped.weights[1].tolist() == [0.0, 0.0, 0.0]
    assert total(dropped.summary()) == dropped.candidates == 6


def test_labelled_candidates_are_refused_and_the_next_ones_move_up():
    pool = line([0.9, 0.8, 0.7, 0.6], 0.95)
    verdicts = {1: Verdict.FALSE_NEGATIVE, 2: Verdict.DROP, 3: Verdict.UNSURE, 4: Verdict.TRUE_NEGATIVE}
    events = [LabelEvent.of(pool.dataset, 0, row, verdict) for row, verdict in verdicts.items()]
    found = select(pool, recipe(count=2), Labels.of(events))
    assert found.columns.tolist() == [[2, 3]]
    assert [found.reason(0, column) for column in range(2)] == ["labelled false negative", "labelled drop"]
    assert total(found.summary()) == 4


def test_taken_columns_are_best_first_whatever_the_draw():
    pool = line([0.5, 0.9, 0.7, 0.8, 0.6], 0.95)
    drawn = {tuple(select(pool, recipe(draw="sample", count=3, seed=seed)).columns[0]) for seed in range(30)}
    assert len(drawn) > 5
    scores = pool.scores["dense"][0]
    assert all(list(scores[list(columns)]) == sorted(scores[list(columns)], reverse=True) for columns in drawn)


def test_taken_columns_are_padded_to_the_count():
    taken = np.array([[True, False, True]])
    assert taken_columns(taken, np.array([[2, 0, 1]], np.int32), 5).tolist() == [[2, 0, -1, -1, -1]]


@given(pool=pools(), steps=STEPS, count=st.integers(1, 4), draw=st.sampled_from(["top", "sample"]))
def test_the_funnel_adds_up_and_nothing_refused_is_taken(pool, steps, count, draw):
    if not runnable(pool, steps):
        return
    for underfill in ("keep", "drop"):
        found = select(pool, recipe(*steps, count=count, draw=draw, underfill=underfill))
        assert total(found.summary()) == found.candidates == pool.present.sum()
        assert not (found.taken & (found.reasons != -1)).any()
        assert not (found.taken & ~pool.eligible).any()
        assert ((found.weights > 0) == (found.reasons == -1)).all()
        assert (found.taken_counts <= count).all()
        assert ((found.reasons == -2) == ~pool.present).all()


@given(pool=pools(), steps=STEPS)
def test_another_step_never_allows_more(pool, steps):
    if not runnable(pool, steps):
        return
    fewer = select(pool, recipe(*steps, ("score_floor", {"floor": 0.0})))
    assert not ((fewer.weights > 0) & ~(select(pool, recipe(*steps)).weights > 0)).any()


@given(pool=pools(), steps=STEPS, draw=st.sampled_from(["top", "sample"]), seed=st.integers(0, 9))
def test_the_same_recipe_gives_the_same_bytes(pool, steps, draw, seed):
    if not runnable(pool, steps):
        return
    one, other = (select(pool, recipe(*steps, draw=draw, seed=seed)) for _ in range(2))
    assert one.fingerprint == other.fingerprint
    assert one.weights.tobytes() == other.weights.tobytes()
    assert one.columns.tobytes() == other.columns.tobytes()


def test_another_seed_moves_only_the_sampled_draw(full):
    for draw, same in (("top", True), ("sample", False)):
        one, other = (select(full, recipe(draw=draw, seed=seed)) for seed in (0, 1))
        assert np.array_equal(one.taken, other.taken) is same


def test_a_recipe_for_missing_inputs_says_which_and_how_to_get_them(tiny):
    with pytest.raises(MissingInputError, match="no scores called 'reranker'"):
        select(tiny, recipe(scorer="reranker"))
    without = dataclasses.replace(tiny, positive_scores={"dense": np.full((2, 2), np.nan, np.float32)})
    with pytest.raises(MissingInputError, match="'absolute_margin' compares candidates with the labelled positive"):
        select(without, recipe("absolute_margin"))
    assert select(without, recipe("score_ceiling")).candidates == 7


@pytest.mark.parametrize(
    ("steps", "error", "message"),
    [
        (["score_celing"], UnknownNameError, "no strategy called 'score_celing'. Did you mean 'score_ceiling'"),
        ([("score_ceiling", {"top": 1})], RecipeError, "no knob called 'top'; its knobs are: ceiling, inclusive"),
        ([("rank_window", {"start": 1.5})], RecipeError, "rank_window.start was given '1.5'"),
        (["rank_window", ("rank_window", {"stop": 0})], RecipeError, "rank_window_2.stop was given 0"),
    ],
)
def test_wrong_steps_are_refused_before_anything_runs(tiny, steps, error, message):
    with pytest.raises(error, match=message):
        select(tiny, recipe(*steps))


def test_knobs_given_as_text_count_as_numbers(tiny):
    text = select(tiny, recipe(("score_ceiling", {"ceiling": "0.7"})))
    number = select(tiny, recipe(("score_ceiling", {"ceiling": 0.7})))
    assert np.array_equal(text.taken, number.taken)


def test_unknown_scores_are_never_the_hardest_but_can_be_drawn_at_random():
    pool = make_pool([[NAN, NAN]], [[0.9]])
    assert select(pool, recipe(count=1)).taken.sum() == 0
    assert select(pool, recipe(count=1, draw="sample")).taken.sum() == 1
