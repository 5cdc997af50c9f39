"""RANCE-style weights (METHODS B7)."""

import dataclasses

import numpy as np
import pytest

from negviz.errors import MissingInputError
from negviz.judged import Judged, irrelevance, judged_candidates
from negviz.labels import LabelEvent, Labels, Verdict
from negviz.pool import KNOWN_NEGATIVE
from negviz.recipe import published
from negviz.select import select
from negviz.strategies.measured_irrelevance import measured_irrelevance
from tests.pools import make_dataset, make_pool

QUERIES, DEPTH = 12, 10


def ranked(flags=None, dataset=None):
    """Column = rank; the positive is no candidate."""
    scores = np.tile(np.linspace(0.9, 0.1, DEPTH), (QUERIES, 1))
    return make_pool(scores, [[0.95]] * QUERIES, flags=flags, dataset=dataset or make_dataset(QUERIES, DEPTH + 1))


def verdicts(code):
    return np.full((QUERIES, DEPTH), code, dtype=np.int8)


def weigh(pool, codes, **knobs):
    return measured_irrelevance(pool, scorer="dense", verdicts=codes, **knobs)


def test_all_judged_irrelevant_is_uniform_so_the_draw_is_that_of_ance():
    pool = ranked()
    weights = weigh(pool, verdicts(2))
    assert np.unique(weights).size == 1
    assert 0 < weights[0, 0] < 1
    labels = Labels.of(
        LabelEvent.of(pool.dataset, query, column + 1, Verdict.TRUE_NEGATIVE, annotator="a")
        for query in range(QUERIES)
        for column in range(DEPTH)
    )
    rance, ance = (dataclasses.replace(published()[name], count=3) for name in ("rance_style", "ance"))
    assert np.array_equal(select(pool, rance, labels).columns, select(pool, ance, labels).columns)


def test_it_never_falls_with_the_rank_and_no_rank_is_ruled_out():
    codes = verdicts(2)
    codes[:, :3] = 1
    codes[:4, 5] = 1
    weights = weigh(ranked(), codes)[0]
    assert (np.diff(weights) >= 0).all()
    assert weights[0] > 0
    assert weights[0] < 0.05
    assert 0.9 < weights[-1] < 1


def test_two_stretches_by_hand():
    """Rank 0: 4 of 4 relevant, so (0 + .5) / 5 = .1; rank 1: 4 of 4 irrelevant, so 4.5 / 5 = .9."""
    found = Judged(np.repeat([0, 1], 4).astype(np.int32), np.repeat([False, True], 4))
    assert irrelevance(found, 4).tolist() == pytest.approx([0.1, 0.9, 0.9, 0.9])


def test_a_violation_of_the_order_is_pooled():
    """Rank 0: 1 of 2 irrelevant, rank 1: none of 2: together 1 of 4, (1 + .5) / 5 = .3."""
    found = Judged(np.array([0, 0, 1, 1], np.int32), np.array([True, False, False, False]))
    assert irrelevance(found, 2).tolist() == pytest.approx([0.3, 0.3])


def test_smoothing_does_not_break_the_order():
    ranks = np.array([0] + [1] * 10, np.int32)
    found = Judged(ranks, np.array([False] + [True] + [False] * 9))
    pi = irrelevance(found, 2)
    assert pi[0] <= pi[1]


def test_drop_and_unsure_say_nothing_and_too_few_say_so():
    codes = verdicts(3)
    codes[:6] = 4
    assert len(judged_candidates(ranked(), "dense", codes, "labels")) == 0
    with pytest.raises(MissingInputError, match="random sample"):
        weigh(ranked(), codes)
    codes = verdicts(0)
    codes.ravel()[:29] = 2
    with pytest.raises(MissingInputError, match="only 29 of the 30"):
        weigh(ranked(), codes)
    codes.ravel()[29] = 2
    assert weigh(ranked(), codes).all()


def test_given_negatives_count_where_asked():
    flags = np.full((QUERIES, DEPTH), KNOWN_NEGATIVE)
    with pytest.raises(MissingInputError):
        weigh(ranked(flags), verdicts(0))
    assert weigh(ranked(flags), verdicts(0), judged="given").all()
    codes = verdicts(0)
    codes[:, 0] = 1
    both = judged_candidates(ranked(flags), "dense", codes, "both")
    assert (len(both), int(both.irrelevant.sum())) == (QUERIES * DEPTH, QUERIES * (DEPTH - 1))


def test_positives_count_as_relevant_where_asked_and_only_for_queries_with_a_judgment():
    flags = np.zeros((QUERIES, DEPTH))
    flags[:, 2] = 1
    codes = verdicts(0)
    codes[0, 5] = 2
    assert judged_candidates(ranked(flags), "dense", codes, "labels").ranks.tolist() == [5]
    found = judged_candidates(ranked(flags), "dense", codes, "labels", positives=True)
    assert found.ranks.tolist() == [2, 5]
    assert found.irrelevant.tolist() == [False, True]


def test_held_out_judgments_change_nothing():
    secret = make_dataset(QUERIES, DEPTH + 1, held_out=[("q00", "d001", 1), ("q01", "d002", 2)])
    codes = verdicts(2)
    codes[:5, 0] = 1
    assert np.array_equal(weigh(ranked(), codes), weigh(ranked(dataset=secret), codes))
