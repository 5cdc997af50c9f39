"""What compares checkpoints: chunked refresh (METHODS B1) and score decay (METHODS B9)."""

import dataclasses

import numpy as np
import pytest

from negviz.dataset import Dataset
from negviz.errors import MissingInputError, RecipeError
from negviz.recipe import published
from negviz.select import select
from negviz.strategies.chunked_refresh import chunked_refresh
from negviz.strategies.score_decay import score_decay
from tests.pools import NAN, make_pool

SEEDS = 2_000


def ten(order=range(10)):
    dataset = Dataset.build(
        name="ten",
        format="test",
        queries=[(f"q{row:02}", f"question {row}") for row in order],
        documents=[(f"d{row:03}", "", f"answer {row}") for row in range(3)],
        positives=[(f"q{row:02}", "d000", 1) for row in range(10)],
    )
    return make_pool([[0.5, 0.4]] * 10, [[0.9]] * 10, dataset=dataset)


def turn(pool, **knobs):
    weights = chunked_refresh(pool, **knobs)
    assert set(np.unique(weights)) <= {0.0, 1.0}
    return {pool.dataset.query_id(int(pool.queries[row])) for row in np.flatnonzero(weights.all(axis=1))}


def test_generation_0_is_a_whole_cycle_and_the_slices_make_it_up():
    pool = ten()
    assert len(turn(pool, generation=0)) == 10
    slices = [turn(pool, chunks=5, generation=generation) for generation in range(1, 6)]
    assert [len(slice_) for slice_ in slices] == [2] * 5
    assert set.union(*slices) == turn(pool, generation=0)
    assert slices[0] == {"q00", "q01"}


def test_a_query_comes_round_every_fifth_generation():
    assert turn(ten(), chunks=5, generation=1) == turn(ten(), chunks=5, generation=6)


def test_slices_follow_ids_and_not_the_order_of_the_file():
    assert turn(ten([7, 3, 9, 1, 0, 2, 8, 4, 6, 5]), generation=4) == {"q06", "q07"}


def test_more_chunks_than_queries_leave_some_generations_empty():
    sizes = [len(turn(ten(), chunks=20, generation=generation)) for generation in range(1, 21)]
    assert sum(sizes) == 10
    assert max(sizes) == 1


def test_refreshing_no_chunk_is_refused():
    with pytest.raises(RecipeError, match="at least 1"):
        chunked_refresh(ten(), chunks=0)


def test_ance_draws_each_rank_of_the_window_equally_often():
    """METHODS B1: k = 200 with the positive inside and n = 20 give 20 / 199 = .1005 for each of the others."""
    scores = np.linspace(0.9, 0.1, 205)[None, :]
    flags = np.zeros((1, 205))
    flags[0, 6] = 1
    pool = make_pool(scores, [[scores[0, 6]]], flags=flags)
    found = published()["ance"]
    times = np.zeros(205)
    for seed in range(SEEDS):
        times += select(pool, dataclasses.replace(found, seed=seed)).taken[0]
    share = np.delete(times[:200], 6) / SEEDS
    assert times[6] == 0
    assert not times[200:].any()
    assert share.mean() == pytest.approx(20 / 199)
    assert np.abs(share - 0.1005).max() < 4.5 * np.sqrt(0.1005 * 0.8995 / SEEDS)


def test_ance_with_five_and_the_positive_second_gives_the_other_four():
    pool = make_pool([[0.9, 0.8, 0.7, 0.6, 0.5, 0.4]], [[0.8]], flags=[[0, 1, 0, 0, 0, 0]])
    found = published()["ance"].with_knob("rank_window", "stop", 5)
    assert set(select(pool, dataclasses.replace(found, count=5)).columns[0].tolist()) == {0, 2, 3, 4, -1}


def two(old, new, **more):
    origin = {"checkpoints": ["old", "dense"]}
    return make_pool([new], [[0.9]], more_scores={"old": np.array([old], np.float32)}, origin=origin, **more)


def test_the_card_s_numbers_replace_one_and_keep_the_other():
    pool = two([0.5, 0.5, 0.5, -0.5], [0.42, 0.44, 0.60, -0.42])
    assert score_decay(pool).tolist() == [[0.0, 1.0, 1.0, 0.0]]


def test_what_still_scores_above_the_floor_stays_however_far_it_fell():
    pool = two([1.0, 1.0, 1.0], [0.75, 0.5, 0.25])
    assert score_decay(pool, floor=0.5).tolist() == [[1.0, 1.0, 0.0]]


def test_without_knobs_nothing_at_or_above_080_is_easy():
    # METHODS B9: 1.15 x .85 = .9775 is below .99, but .85 is not below .8; 1.15 x .79 = .9085 and .79 are.
    assert score_decay(two([0.99, 0.99], [0.85, 0.79])).tolist() == [[1.0, 0.0]]


def test_what_fell_by_just_the_factor_is_still_hard():
    # METHODS B9: strictly below, 2 x .25 = .5 is not.
    assert score_decay(two([0.5, 0.5], [0.25, 0.125]), factor=2.0).tolist() == [[1.0, 0.0]]


def test_unknown_scores_are_refused():
    pool = two([0.5, NAN, 0.5], [0.6, 0.6, NAN])
    assert score_decay(pool).tolist() == [[1.0, 0.0, 0.0]]


def test_names_may_be_given_and_are_needed_without_checkpoints():
    pool = dataclasses.replace(two([0.5], [0.4]), origin={})
    assert score_decay(pool, older="old", newer="dense").tolist() == [[0.0]]
    assert score_decay(pool, older="dense", newer="old").tolist() == [[1.0]]
    with pytest.raises(MissingInputError, match="--checkpoint OLDER"):
        score_decay(pool)
    with pytest.raises(MissingInputError, match="'older'"):
        score_decay(pool, older="older", newer="dense")


def test_the_last_two_of_several_checkpoints_are_compared():
    layers = {"first": np.float32([[0.42]]), "old": np.float32([[0.5]])}
    pool = make_pool([[0.42]], [[0.9]], more_scores=layers, origin={"checkpoints": ["first", "old", "dense"]})
    assert score_decay(pool).tolist() == [[0.0]]
    turned = dataclasses.replace(pool, origin={"checkpoints": ["old", "first", "dense"]})
    assert score_decay(turned).tolist() == [[1.0]]
