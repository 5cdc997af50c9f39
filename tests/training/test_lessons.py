from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from negviz.labels import LabelEvent, Labels, Verdict
from negviz.recipe import Step
from negviz.select import select
from negviz.training.lessons import Lessons, Listed, PairScores, lessons_of
from negviz.training_set import make_training_set
from tests.pools import make_pool
from tests.training.worlds import TOP, world, world_dataset

LOSS = Step("infonce")
DATA = world_dataset(queries=16, documents=60)


def rows(*numbers):
    return np.array(numbers, dtype=np.int32)


def lessons(pairs, negatives=None, *, answers=None, shielded=None, **settings):
    """Lessons by hand; answers are those of the pairs unless given."""
    table = np.array(pairs, dtype=np.int32).reshape(-1, 2)
    known: dict[int, list[int]] = {}
    for query, document in pairs:
        known.setdefault(query, []).append(document)
    known.update(answers or {})
    return Lessons(
        DATA, table, {query: rows(*sorted(each)) for query, each in known.items()},
        {query: rows(*each) for query, each in (negatives or {}).items()},
        {query: rows(*each) for query, each in (shielded or {}).items()}, LOSS, **settings,
    )  # fmt: skip


def only(made):
    """The one batch of all pairs."""
    (found,) = made.batches(0, max(len(made), 1))
    return found


def seen(batch, query):
    """What each line of a query sees: its own answer, the negatives that it is pushed from, those mined for it."""
    found = []
    for line in np.flatnonzero(batch.queries == query):
        pushed = batch.documents[batch.present[line] & ~batch.positive[line]].tolist()
        hard = batch.documents[batch.hard[line]].tolist()
        found.append((int(batch.documents[batch.own[line]]), pushed, hard))
    return found


def test_a_batch_by_hand():
    batch = only(lessons([(0, 10), (1, 11)], {0: [20, 21], 1: [30]}))
    assert batch.documents.tolist() == [10, 11, 20, 21, 30]
    assert seen(batch, 0) == [(10, [11, 20, 21, 30], [20, 21])]
    assert seen(batch, 1) == [(11, [10, 20, 21, 30], [30])]
    assert batch.positive.sum(axis=1).tolist() == [1, 1]


def test_without_documents_of_others_a_line_sees_only_its_own():
    batch = only(lessons([(0, 10), (1, 11)], {0: [20, 21], 1: [30]}, in_batch=False))
    assert seen(batch, 0) == [(10, [20, 21], [20, 21])]
    assert seen(batch, 1) == [(11, [30], [30])]
    assert batch.present.sum() == 3 + 2


def test_known_answers_that_come_with_other_lines_are_no_negatives():
    """Document 11 answers query 0, too, and comes as the positive of query 1 and as a negative of query 2."""
    made = lessons([(0, 10), (1, 11), (2, 12)], {0: [20], 2: [11]}, answers={0: [10, 11]})
    batch = only(made)
    assert seen(batch, 0) == [(10, [12, 20], [20])]
    assert batch.positive[np.flatnonzero(batch.queries == 0)[0]].tolist() == [True, True, False, False]


def test_what_is_shielded_is_absent_also_as_documents_of_other_lines():
    """Document 30 leaks for query 0 and document 11 was labelled; both are there for query 1."""
    batch = only(lessons([(0, 10), (1, 11)], {0: [20], 1: [30]}, shielded={0: [30, 11]}))
    assert seen(batch, 0) == [(10, [20], [20])]
    assert seen(batch, 1) == [(11, [10, 20, 30], [30])]


def test_a_further_answer_is_a_positive_of_the_line_whether_or_not_it_was_a_candidate():
    """Labelled positives that are candidates are flagged as leaks, and so shielded; that makes no difference."""
    pairs, negatives = [(0, 10), (0, 11), (1, 12)], {0: [20], 1: [30]}
    one, other = (only(lessons(pairs, negatives, shielded=each)) for each in ({}, {0: [10, 11], 1: [12]}))
    assert np.array_equal(one.present, other.present)
    assert np.array_equal(one.positive, other.positive)
    assert one.positive.sum(axis=1).tolist() == [2 if query == 0 else 1 for query in one.queries]
    assert one.present.all()


def test_without_documents_of_others_each_line_has_its_own_positive_alone():
    batch = only(lessons([(0, 10), (0, 11)], {0: [20]}, in_batch=False, shielded={0: [10, 11]}))
    assert (batch.positive & batch.present).sum(axis=1).tolist() == [1, 1]
    assert batch.positive[np.arange(2), batch.own].all()


def test_a_graded_list_stands_in_the_place_of_the_negatives_with_all_of_its_answers():
    """Query 0 has two answers, 10 and 11, and a list of six; both of its lines see all six."""
    listed = Listed(rows(10, 11, 20, 21, 22, 23), np.array([1, 1 / 2, 1 / 3, 1 / 4, -0.25, -0.5]))
    made = lessons([(0, 10), (0, 11)], {0: [40, 41]}, in_batch=False, lists={0: listed}, shielded={0: [10, 11]})
    batch = only(made)
    assert batch.documents.tolist() == listed.documents.tolist()
    assert batch.present.all()
    assert not (batch.hard & batch.positive).any()
    assert np.array_equal(made.layers(batch)["grades"], np.tile(listed.grades, (2, 1)))


def test_draws_are_at_most_count_without_repetition_and_other_ones_each_epoch():
    made = lessons([(0, 1)], {0: range(10, 40)}, count=4)
    drawn = [made.drawn(0, epoch).tolist() for epoch in range(30)]
    assert all(len(set(each)) == 4 and each == sorted(each) for each in drawn)
    assert len({tuple(each) for each in drawn}) > 25
    assert drawn[3] == made.drawn(0, 3).tolist()


def test_every_negative_is_drawn_about_equally_often():
    """METHODS B1: n of k, each with chance n / k; 3,000 draws of 4 of 20 have a standard error of .0073."""
    made = lessons([(0, 1)], {0: range(10, 30)}, count=4)
    times = np.bincount(np.concatenate([made.drawn(0, epoch) for epoch in range(3_000)]), minlength=30)[10:]
    assert np.abs(times / 3_000 - 4 / 20).max() < 0.03


def test_fewer_negatives_than_count_are_all_taken():
    made = lessons([(0, 1), (2, 3)], {0: [30, 20]}, count=4)
    assert made.drawn(0, 5).tolist() == [20, 30]
    assert made.drawn(1, 5).tolist() == []


def test_two_pairs_of_one_query_draw_for_themselves():
    made = lessons([(0, 1), (0, 2)], {0: range(10, 40)}, count=4)
    same = [made.drawn(0, epoch).tolist() == made.drawn(1, epoch).tolist() for epoch in range(20)]
    assert not all(same)


def test_rounds_and_seeds_draw_and_order_in_other_ways():
    pairs, negatives = [(query, query) for query in range(12)], {query: range(20, 50) for query in range(12)}
    one, again, other = (lessons(pairs, negatives, seed=seed) for seed in (1, 1, 2))
    assert one.order(0).tolist() == again.order(0).tolist() != other.order(0).tolist()
    assert one.order(0).tolist() != one.order(1).tolist()
    assert one.drawn(0, 0).tolist() != other.drawn(0, 0).tolist()
    # The seed of a round is not that of an epoch: none of the next round's epochs repeats one of this round's.
    assert not {tuple(one.order(epoch)) for epoch in range(5)} & {tuple(other.order(epoch)) for epoch in range(5)}


@given(seed=st.integers(0, 99), epoch=st.integers(0, 5))
def test_order_and_draws_follow_ids_and_not_rows(seed, epoch):
    """The same queries and pairs in another order of the file: the same batches, by id."""
    order = np.random.default_rng(seed).permutation(16)
    names = list(zip(DATA.query_ids, DATA.query_texts, strict=True))
    turned = world_dataset([names[row] for row in order], positives=[])
    place = {name: row for row, name in enumerate(turned.query_ids)}
    negatives = {query: range(20, 40) for query in range(16)}
    one = lessons([(query, query) for query in range(16)], negatives, count=3)
    pairs = [(place[f"q{query:02}"], query) for query in order.tolist()]
    other = replace(lessons(pairs, negatives, count=3), dataset=turned)
    told = []
    for made in (one, other):
        ids = made.dataset.query_ids
        told.append([
            ([ids[row] for row in batch.queries], batch.documents.tolist(), batch.hard.tolist())
            for batch in made.batches(epoch, 5)
        ])  # fmt: skip
    assert told[0] == told[1]


@given(size=st.integers(1, 20))
def test_an_epoch_sees_every_pair_once(size):
    made = lessons([(query, query + 20) for query in range(16)], {}, epochs=3)
    batches = list(made.batches(1, size))
    assert sorted(row for batch in batches for row in batch.queries.tolist()) == list(range(16))
    assert made.steps(size) == 3 * len(batches)
    assert all(len(batch.queries) == size for batch in batches[:-1])


@given(seed=st.integers(0, 2**32 - 1), in_batch=st.booleans())
def test_no_answer_and_nothing_shielded_is_ever_pushed(seed, in_batch):
    random = np.random.default_rng(seed)
    answers = {query: random.choice(20, random.integers(1, 4), replace=False).tolist() for query in range(8)}
    shielded = {query: random.choice(60, 10, replace=False).tolist() for query in range(8)}
    negatives = {
        query: [row for row in random.choice(60, 8, replace=False).tolist()
                if row not in answers[query] and row not in shielded[query]]
        for query in range(8)
    }  # fmt: skip
    pairs = [(query, document) for query, own in answers.items() for document in own]
    made = lessons(pairs, negatives, answers=answers, shielded=shielded, in_batch=in_batch, count=3)
    for batch in made.batches(0, 6):
        for line, query in enumerate(batch.queries.tolist()):
            pushed = set(batch.documents[batch.present[line] & ~batch.positive[line]].tolist())
            assert not pushed & {*answers[query], *shielded[query]}
            assert batch.present[line, batch.own[line]]
            assert batch.positive[line, batch.own[line]]
            mined = set(batch.documents[batch.hard[line]].tolist())
            assert mined <= set(negatives[query])
            assert len(mined) == min(3, len(negatives[query]))
            assert in_batch or pushed == mined


def test_usable_drops_what_cannot_teach():
    pairs, negatives = [(0, 10), (1, 11), (2, 12)], {0: [20], 1: []}
    alone = lessons(pairs, negatives, in_batch=False)
    assert alone.usable.pairs.tolist() == [[0, 10]]
    assert len(lessons(pairs, negatives, in_batch=True).usable) == 3
    assert len(lessons(pairs, negatives, in_batch=False, search=5).usable) == 3


def test_a_list_with_its_answer_alone_teaches_nothing():
    lists = {0: Listed(rows(10), np.array([1.0])), 1: Listed(rows(11, 20), np.array([1.0, -0.25]))}
    # Query 0 has a negative, but its list replaces it.
    made = lessons([(0, 10), (1, 11)], {0: [30], 1: [30]}, in_batch=False, lists=lists)
    assert made.usable.pairs.tolist() == [[1, 11]]


def test_scores_of_a_teacher_are_looked_up_among_candidates_and_positives():
    pool = make_pool([[0.5, 0.25], [0.75, 0.5]], [[1.0], [2.0]], documents=[[3, 5], [4, -1]], positives=[[0], [7]])
    found = PairScores(pool, "dense").of(rows(1, 0, 9), rows(0, 3, 4, 5, 7))
    nan = float("nan")
    wanted = [[nan, nan, 0.75, nan, 2.0], [1.0, 0.5, nan, 0.25, nan], [nan] * 5]
    assert np.array_equal(found, wanted, equal_nan=True)


def test_layers_are_the_similarities_of_the_guide():
    pool = world()
    made = replace(lessons([(0, 0), (1, 1)], {0: [5], 1: [6]}), guide=pool.embeddings)
    batch = only(made)
    layers = made.layers(batch)
    vectors = pool.embeddings
    line = int(np.flatnonzero(batch.queries == 1)[0])
    for column, document in enumerate(batch.documents):
        wanted = [vectors.queries[1] @ vectors.documents[document], vectors.documents[1] @ vectors.documents[document]]
        assert [layers["guide"][line, column], layers["similarity_to_positive"][line, column]] == pytest.approx(
            wanted, abs=1e-6
        )
    assert "teacher" not in layers
    assert "grades" not in layers


def test_lessons_of_a_training_set_are_what_an_export_of_it_holds():
    pool = world(documents=40)
    places = rows(1, 4, 7)
    query = int(pool.queries[4])
    taken = int(pool.documents[4, select(pool, TOP).columns[4, 0]])
    labels = Labels.of([LabelEvent.of(pool.dataset, query, taken, Verdict.FALSE_NEGATIVE, annotator="me")])
    made = make_training_set(select(pool, TOP, labels), labels)
    found = lessons_of(made, places, {}, LOSS)
    exported = {example.query: example for example in made}
    assert sorted(found.negatives) == sorted(found.answers) == pool.queries[places].tolist()
    for row in pool.queries[places].tolist():
        assert found.negatives[row].tolist() == [each.document for each in exported[row].negatives]
        assert found.answers[row].tolist() == sorted(each.document for each in exported[row].positives)
    # The label made it a positive, so it is a pair of its own and no negative.
    assert [query, taken] in found.pairs.tolist()
    assert taken not in found.negatives[query]
    assert len(found) == 4
