"""RocketQA's bands and CL-DRD's order (METHODS C1, C4)."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from negviz.arrays import PAD
from negviz.curriculum import sizes
from negviz.errors import MissingInputError, RecipeError
from negviz.recipe import published
from negviz.select import select
from negviz.strategies.teacher_bands import teacher_bands
from negviz.strategies.teacher_order import teacher_order
from tests.pools import NAN, line, make_dataset, make_pool, recipe

FIRST = [0.95, 0.05, 0.5, 0.02, 0.09, 0.1]


def judged(teacher, scores=None, scale="probability", **more):
    """Pool of one query with a cross-encoder; ranks follow the order given unless scores say otherwise."""
    dense = np.linspace(0.9, 0.1, len(teacher)) if scores is None else np.array(scores)
    pool = make_pool([dense], [[0.95]], more_scores={"cross_encoder": np.array([teacher], np.float32)}, **more)
    return dataclasses.replace(pool, scales={"dense": "cosine", "cross_encoder": scale})


def rocketqa_pool(deep=10, **more):
    """METHODS C1: the six probabilities, then 44 that are discarded, then some that no teacher has seen."""
    teacher = FIRST + [0.5] * 44 + [NAN] * deep
    return judged(teacher, documents=[range(len(teacher))], flags=[[1] + [0] * (len(teacher) - 1)], **more)


def test_rocketqa_keeps_ranks_1_3_4_and_fills_up_with_one_from_rank_50_on():
    found = select(rocketqa_pool(), published()["rocketqa"])
    columns = found.columns[0].tolist()
    assert columns[:3] == [1, 3, 4]
    assert columns[3] >= 50
    assert found.backfilled[0].nonzero()[0].tolist() == [columns[3]]
    assert found.summary()["backfilled"] == 1
    assert [found.reason(0, column) for column in (0, 2, 5)] == ["labelled positive", "teacher_bands", "teacher_bands"]


def test_t15_an_oracle_as_teacher_leaves_no_planted_false_negative():
    # METHODS T15: two unlabelled paraphrases at the top, three hard true negatives, 50 easy documents.
    found = select(judged([0.97, 0.95, 0.02, 0.01, 0.03] + [0.0] * 50), published()["rocketqa"])
    assert found.columns.tolist() == [[2, 3, 4, 5]]


def test_rocketqa_fills_up_at_random():
    found = {
        int(select(rocketqa_pool(), dataclasses.replace(published()["rocketqa"], seed=seed)).columns[0, 3])
        for seed in range(60)
    }
    assert found == set(range(50, 60))


def test_rocketqa_is_short_and_says_so_where_the_pool_is_no_deeper_than_50():
    found = select(rocketqa_pool(deep=0), published()["rocketqa"])
    assert found.columns.tolist() == [[1, 3, 4, PAD]]
    assert found.summary()["starved"] == 1
    assert found.summary()["backfilled"] == 0


def test_rocketqa_stops_at_four_and_fills_up_nothing():
    found = select(judged([0.05] * 60), published()["rocketqa"])
    assert found.columns.tolist() == [[0, 1, 2, 3]]
    assert found.summary()["backfilled"] == 0


def test_a_probability_equal_to_the_limit_is_not_below_it():
    pool = judged([0.25, 0.1, 0.0999, 0.75, NAN])
    assert teacher_bands(pool, negative=0.1).tolist() == [[0, 0, 1, 0, 0]]
    assert teacher_bands(pool, negative=0.25).tolist() == [[0, 1, 1, 0, 0]]
    assert teacher_bands(pool, negative=0.75).tolist() == [[1, 1, 1, 0, 0]]


def test_logits_are_refused_in_words():
    with pytest.raises(
        MissingInputError, match=r"scale 'logit': logits must become probabilities .* --scorer cross_enc"
    ):
        teacher_bands(judged([0.5], scale="logit"))


def test_a_missing_teacher_is_named_with_the_option_that_adds_it():
    with pytest.raises(
        MissingInputError, match=r"'cross_encoder', which this pool does not have .* --scorer cross_enc"
    ):
        teacher_bands(line([0.5], 0.9))
    with pytest.raises(MissingInputError, match="'judge'"):
        teacher_order(line([0.5], 0.9), survivors=np.ones((1, 1), bool), teacher="judge")


def test_limits_the_wrong_way_round_are_refused():
    with pytest.raises(RecipeError, match=r"negative=0\.9 and positive=0\.1"):
        teacher_bands(judged([0.5]), negative=0.9, positive=0.1)


SHARES = st.integers(0, 64).map(lambda n: n / 64)


@given(st.lists(SHARES, min_size=1, max_size=8), SHARES, SHARES)
def test_t3_a_lower_limit_never_adds_a_document(teacher, one, other):
    low, high = sorted([one, other])
    pool = judged(teacher)
    tight, wide = (teacher_bands(pool, negative=limit, positive=1.0) for limit in (low, high))
    assert not (tight > wide).any()


def ordered(teacher, stage=1, **knobs):
    pool = judged(teacher, scale="logit")
    return teacher_order(pool, survivors=pool.eligible, stage=stage, **knobs)[0]


def test_stage_1_treats_five_as_relevant_and_splits_25_into_12_and_13():
    # 40 candidates in the teacher's order; the labelled positive leads the list, so 4 candidates are relevant with it.
    weights = ordered(np.linspace(3, -3, 40))
    assert weights.tolist() == [0.0] * 4 + [1.0] * 12 + [0.5] * 13 + [0.0] * 11


@pytest.mark.parametrize(("stage", "relevant", "hard", "semi"), [(1, 5, 12, 13), (2, 10, 10, 10), (3, 20, 10, 0)])
def test_blocks_of_the_stages(stage, relevant, hard, semi):
    assert sizes(stage, 0, 30) == (relevant, hard, semi)
    weights = ordered(np.linspace(3, -3, 60), stage=stage)
    assert (weights == 1.0).sum() == hard
    assert (weights == 0.5).sum() == semi
    assert not weights[: relevant - 1].any()


def test_a_later_stage_never_adds_a_negative():
    kept = [ordered(np.random.default_rng(4).normal(size=50), stage=stage) > 0 for stage in (1, 2, 3)]
    assert not (kept[1] & ~kept[0]).any()
    assert not (kept[2] & ~kept[1]).any()


def test_thirty_relevant_leave_no_negative():
    assert not ordered(np.linspace(3, -3, 40), stage=3, relevant=30).any()


def test_the_teacher_decides_and_not_the_student():
    teacher = np.random.default_rng(2).permutation(40).astype(float)
    weights = ordered(teacher, relevant=1, length=11)
    assert sorted(teacher[weights > 0]) == list(range(30, 40))


def test_several_positives_all_lead_the_list():
    teacher = {"cross_encoder": np.linspace(3, -3, 6, dtype=np.float32)[None]}
    for positives, expected in (([[0, -1]], [0, 1, 0.5, 0.5, 0, 0]), ([[0, 8]], [1, 0.5, 0.5, 0, 0, 0])):
        pool = make_pool([np.linspace(0.9, 0.1, 6)], [[0.95, NAN]], more_scores=teacher, positives=positives)
        assert teacher_order(pool, survivors=pool.eligible, relevant=2, length=5)[0].tolist() == expected


def test_what_the_teacher_did_not_score_has_no_place():
    assert ordered([NAN, 3.0, 2.0, NAN, 1.0], relevant=2, length=4).tolist() == [0, 0, 1, 0, 0.5]


def test_refused_candidates_take_no_place_in_the_list():
    dataset = make_dataset(1, 9)
    pool = judged(np.linspace(3, -3, 8), scale="logit", dataset=dataset)
    steps = ("rank_window", {"start": 2, "stop": 8}), ("teacher_order", {"relevant": 2, "length": 4})
    found = select(pool, recipe(*steps, count=8))
    assert found.weights[0].tolist() == [0, 0, 0, 1, 0.5, 0, 0, 0]
