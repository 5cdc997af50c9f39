from dataclasses import replace

import numpy as np
import pytest

from negviz.dataset import Judgments
from negviz.embeddings import Embeddings
from negviz.labels import LabelEvent, Labels
from negviz.recipe import Step
from negviz.training import observing
from negviz.training.lessons import Lessons
from negviz.training.observing import Observer, overlap, table
from negviz.training.splitting import Split, split_queries
from negviz.truth import Truth
from tests.pools import make_pool
from tests.training.worlds import world, world_dataset

NONE = np.zeros(0, dtype=np.int32)
DATA = world_dataset(queries=2, documents=6, positives=[("q00", "d000", 1), ("q01", "d001", 1), ("q01", "d005", 1)])


def rows(*numbers):
    return np.array(numbers, dtype=np.int32)


def vectors(scores):
    """Vectors whose inner products are the given (queries, documents) scores."""
    table_ = np.array(scores, dtype=np.float32)
    return Embeddings(np.eye(len(table_), dtype=np.float32), table_.T.copy(), "dot", "by hand", "0" * 32)


FIRST = vectors([[0.5, 0.9, 0.5, 0.1, 0.4, 0.0], [0.2, 0.8, 0.1, 0.7, 0.75, 0.6]])


def observer(truth=None, labels=None, train=(0, 1)):
    pool = make_pool(
        [[0.5, 0.9, 0.5, 0.1], [0.8, 0.7, 0.75, np.nan]],
        [[0.5, np.nan], [0.8, 0.6]],
        documents=[[0, 1, 2, 3], [1, 3, 4, -1]],
        positives=[[0, -1], [1, 5]],
        flags=[[1, 0, 0, 0], [1, 0, 0, 0]],
        dataset=DATA,
    )
    split = Split(rows(*train), NONE, Judgments.of(()), 1, 0, "by hand")
    return Observer(pool, split, truth, labels or Labels.of(()))


def lessons(negatives):
    answers = {0: rows(0), 1: rows(1, 5)}
    given = {query: rows(*each) for query, each in negatives.items()}
    return Lessons(DATA, np.array([[0, 0], [1, 1], [1, 5]], np.int32), answers, given, {}, Step("infonce"))


def test_ranks_of_the_positives_in_the_whole_corpus_with_ties_by_document():
    found = observer()
    assert found.pairs.tolist() == [[0, 0], [1, 1], [1, 5]]
    # Query 0: .9 is above; .5 of document 2 is equal and comes after document 0.
    assert found.ranks(FIRST).tolist() == [1, 0, 3]
    other = vectors([[0.5, 0.5, 0.5, 0.5, 0.5, 0.5], [0.6] * 6])
    assert found.ranks(other).tolist() == [0, 1, 5]


def test_only_queries_that_are_trained_on_are_looked_at():
    found = observer(train=(1,))
    assert found.pairs.tolist() == [[1, 1], [1, 5]]
    # What a student comes to prefer shows on the queries that it has not seen, too.
    assert found.gaps(FIRST).shape == (2, 4)
    assert found.watched.tolist() == [0, 1]


def test_of_many_queries_a_seeded_sample_is_looked_at(monkeypatch):
    pool = world(queries=30)
    found = Observer(pool, split_queries(pool), None, Labels.of(()))
    everything = found.places
    assert everything.tolist() == found.split.train.tolist()
    monkeypatch.setattr(observing, "MOST_QUERIES", 5)
    few = replace(found).places
    assert len(few) == 5
    assert set(few.tolist()) < set(everything.tolist())
    assert few.tolist() == sorted(few.tolist()) == replace(found).places.tolist()


def test_gaps_are_measured_from_the_best_positive_and_leave_leaks_out():
    nan = np.nan
    wanted = [[nan, 0.4, 0.0, -0.4], [nan, 0.7 - 0.8, 0.75 - 0.8, nan]]
    assert np.allclose(observer().gaps(FIRST), wanted, equal_nan=True, atol=1e-6)


def test_candidates_that_the_student_has_come_to_prefer_are_told_with_what_is_known_of_them():
    """Query 1's best positive is .8: document 3 comes from -.1 to +.1, document 4 from -.05 to +.1."""
    now = vectors([[0.5, 0.95, 0.4, 0.1, 0.4, 0.0], [0.2, 0.8, 0.1, 0.9, 0.9, 0.6]])
    truth = Truth("t", Judgments.of([(1, 3, 2), (1, 1, 2)]), 2, complete=True)
    found = observer(truth)
    told = found.preferred(found.gaps(FIRST), found.gaps(now))
    assert [(each["query"], each["document"]) for each in told] == [(1, 3), (1, 4)]
    assert [each["before"] for each in told] == pytest.approx([-0.1, -0.05], abs=1e-6)
    assert [each["now"] for each in told] == pytest.approx([0.1, 0.1], abs=1e-6)
    assert [each["answers"] for each in told] == [True, False]
    assert [each["trained"] for each in told] == [True, True]
    unseen = observer(truth, train=(0,))
    assert [each["trained"] for each in unseen.preferred(unseen.gaps(FIRST), unseen.gaps(now))] == [False, False]
    without = observer()
    assert [each["answers"] for each in without.preferred(without.gaps(FIRST), without.gaps(now))] == [None, None]
    # Query 0's document 1 was above before, so it is not news.
    assert found.preferred(found.gaps(FIRST), found.gaps(FIRST)) == []


def test_what_a_rounds_negatives_are_to_the_student():
    """Gaps from the lowest positive: query 0: .4, 0; query 1, whose lowest is .6: .1."""
    truth = Truth("t", Judgments.of([(0, 1, 2), (0, 0, 2), (0, 2, 0)]), 2)
    found = observer(truth).negatives(lessons({0: [1, 2], 1: [3]}), FIRST)
    assert found["negatives"] == 3
    assert found["queries"] == 2
    assert found["hardness"] == pytest.approx((0.4 + 0.0 + 0.1) / 3, abs=1e-6)
    # At least 95 % of the positive: .9, .5 and .7 against .5, .5 and .6.
    assert found["likely_false"] == 3
    assert (found["false"], found["judged"]) == (1, 2)


def test_complete_judgments_know_every_pair_of_a_judged_query():
    truth = Truth("t", Judgments.of([(0, 1, 2), (0, 0, 2)]), 2, complete=True)
    found = observer(truth).negatives(lessons({0: [1, 2, 3], 1: [3]}), FIRST)
    assert (found["false"], found["judged"]) == (1, 3)


def test_labels_are_what_is_known_where_there_are_no_judgments():
    labels = Labels.of(
        LabelEvent.of(DATA, query, document, verdict, annotator="me")
        for query, document, verdict in [
            (0, 1, "false negative"), (0, 2, "true negative"), (0, 3, "unsure"), (1, 3, "drop")
        ]
    )  # fmt: skip
    found = observer(labels=labels).negatives(lessons({0: [1, 2, 3], 1: [3]}), FIRST)
    assert (found["false"], found["judged"]) == (1, 2)


def test_no_negatives_have_no_hardness():
    for negatives in ({}, {0: [], 1: []}):
        found = observer().negatives(lessons(negatives), FIRST)
        assert (found["negatives"], found["hardness"], found["likely_false"]) == (0, None, 0)
        assert observer().still_near({query: rows(*each) for query, each in negatives.items()}, FIRST) is None


def test_negatives_that_are_still_near(monkeypatch):
    monkeypatch.setattr(observing, "NEAR", 2)
    # The first two of query 0 are .9 and .5 (twice); of query 1 .8 and .75.
    found = observer().still_near({0: rows(1, 2, 3), 1: rows(3)}, FIRST)
    assert found == pytest.approx(2 / 4)


def test_the_overlap_of_two_rounds_by_hand():
    one, other = {0: rows(1, 2), 1: rows(3)}, {0: rows(2, 4), 1: rows(3), 2: rows(1)}
    assert overlap(one, other) == pytest.approx(2 / 5)
    assert overlap(one, one) == 1
    assert overlap({}, {0: rows()}) is None


def test_a_table_is_sorted_and_padded():
    queries, documents = table({4: rows(9, 2), 1: rows(), 3: rows(5)})
    assert queries.tolist() == [1, 3, 4]
    assert documents.tolist() == [[-1, -1], [5, -1], [2, 9]]
    assert table({})[1].shape == (0, 0)
