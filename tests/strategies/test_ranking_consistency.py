"""KaLM's filter and window, and BGE's window (METHODS B10)."""

import dataclasses

import numpy as np
import pytest

from negviz.recipe import published
from negviz.select import select
from negviz.strategies.ranking_consistency import ranking_consistency
from tests.pools import NAN, make_dataset, make_pool


def passes(positive, topk, scores=(0.9, 0.8, 0.7, 0.6)):
    weights = ranking_consistency(make_pool([list(scores)], [positive]), scorer="dense", filter_topk=topk)
    assert len(set(weights[0][np.isfinite(scores)])) == 1
    return bool(weights[0, 0])


@pytest.mark.parametrize(
    ("positive", "topk", "kept"),
    [([0.75], 2, True), ([0.75], 1, False), ([0.8], 1, True), ([0.85], 0, False), ([0.1], 3, False)],
)
def test_a_query_passes_if_its_positive_reaches_the_rank(positive, topk, kept):
    assert passes(positive, topk) is kept


def test_the_best_positive_counts():
    assert passes([0.1, 0.75], 2)
    assert not passes([NAN, 0.1], 2)


def test_a_shorter_list_has_nobody_at_that_rank():
    assert passes([0.1], 4)
    assert passes([0.1], 3, scores=(0.9, 0.8, 0.7, NAN))
    assert not passes([NAN], 4)


def window(start, stop, count, **more):
    """Ranking [P, A, B, C, D] with two random documents far below."""
    scores = [[0.9, 0.8, 0.7, 0.6, 0.5, 0.1, 0.05]]
    pool = make_pool(
        scores,
        [[0.9]],
        documents=[list(range(7))],
        flags=[[1, 0, 0, 0, 0, 0, 0]],
        ranks={"random": np.array([[-1] * 5 + [0, 1]], np.int32)},
        dataset=make_dataset(1, 7),
    )
    found = published()["bge_window"].with_knob("rank_window", "start", start).with_knob("rank_window", "stop", stop)
    return select(pool, dataclasses.replace(found, count=count, **more))


def test_the_card_s_window_1_to_4_samples_two_of_three():
    seen = {frozenset(window(1, 4, 2, seed=seed).columns[0].tolist()) for seed in range(60)}
    assert seen == {frozenset(pair) for pair in ((1, 2), (1, 3), (2, 3))}


def test_the_card_s_window_0_to_2_gives_one_and_pads_with_a_random_one_only_when_asked():
    assert window(0, 2, 2).columns.tolist() == [[1, -1]]
    padded = window(0, 2, 2, underfill="pad")
    assert padded.columns[0, 0] == 1
    assert padded.columns[0, 1] in {5, 6}
    assert padded.backfilled.sum() == 1


def test_kalm_takes_seven_of_its_window_and_nothing_of_an_inconsistent_query():
    scores = np.linspace(0.9, 0.1, 120)
    pool = make_pool([scores, scores], [[scores[40] + 0.001], [scores[51]]])
    found = select(pool, published()["kalm"])
    assert found.taken_counts.tolist() == [7, 0]
    assert ((found.columns[0] >= 50) & (found.columns[0] < 100)).all()
    assert dict(found.refused_counts)["ranking_consistency"] == 120
