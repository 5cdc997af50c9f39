"""Suspicion: the prior, what labels do to it, and reasons."""

import dataclasses

import numpy as np
import pytest

from negviz.arrays import PAD
from negviz.labels import LabelEvent, Labels, Verdict
from negviz.suspicion import Features, shipped_prior, suspicion_model
from tests.pools import make_pool, rich_pool

FN, TN = Verdict.FALSE_NEGATIVE, Verdict.TRUE_NEGATIVE


def label(pool, row, column, verdict, **more):
    dataset = pool.dataset
    return LabelEvent.of(dataset, int(pool.queries[row]), int(pool.documents[row, column]), verdict, **more)


def first_free(pool, rows, verdict, place=0, **more):
    """Label the first candidate without a leak of some queries."""
    return [label(pool, row, int(np.flatnonzero(pool.eligible[row])[place]), verdict, **more) for row in rows]


def test_probabilities_lie_between_0_and_1_and_leaks_have_none(full):
    found = suspicion_model(full).probabilities()
    assert found.dtype == np.float32
    assert np.isnan(found[~full.eligible]).all()
    assert ((found[full.eligible] > 0) & (found[full.eligible] < 1)).all()


def test_without_labels_it_is_the_prior(full):
    model = suspicion_model(full)
    assert (model.fitted, model.labelled) == (False, 0)
    assert "prior" in model.about
    features = Features(full, [(term.signal, term.view) for term in model.prior.terms])
    logit = model.prior.intercept + features.of(np.array([3], np.int32)) @ model.prior.coefficients
    expected = 1 / (1 + np.exp(-logit))
    found = model.probabilities(np.array([3]))
    np.testing.assert_allclose(found[full.eligible[[3]]], expected[full.eligible[[3]]], rtol=1e-6)


def test_the_shipped_prior_suspects_more_whatever_stands_out():
    prior = shipped_prior()
    assert (prior.coefficients > 0).all()
    assert prior.intercept < 0


def test_some_rows_are_as_all_and_labels_in_any_order_give_the_same(full):
    events = [*first_free(full, range(0, 12), FN), *first_free(full, range(4, 24), TN, place=2)]
    one, other = (suspicion_model(full, Labels.of(order)) for order in (events, events[::-1]))
    np.testing.assert_array_equal(one.probabilities(), other.probabilities())
    rows = np.array([20, 3], dtype=np.int32)
    np.testing.assert_array_equal(one.probabilities(rows), one.probabilities()[rows])


def test_an_encoder_of_another_scale_gives_the_same_suspicion(full):
    scaled = dataclasses.replace(
        full,
        scores={**full.scores, "dense": full.scores["dense"] * 8},
        positive_scores={**full.positive_scores, "dense": full.positive_scores["dense"] * 8},
    )
    np.testing.assert_allclose(
        suspicion_model(scaled).probabilities(), suspicion_model(full).probabilities(), rtol=1e-5
    )


def test_labels_of_both_kinds_fit_and_of_one_kind_only_shift(full):
    both = suspicion_model(full, Labels.of([*first_free(full, [0, 1], FN), *first_free(full, [2, 3], TN)]))
    assert (both.fitted, both.labelled) == (True, 4)
    assert "4 labels" in both.about
    plain = suspicion_model(full)
    for verdict, direction in ((FN, 1), (TN, -1)):
        model = suspicion_model(full, Labels.of(first_free(full, range(8), verdict)))
        assert (model.fitted, model.labelled) == (False, 8)
        np.testing.assert_array_equal(model.coefficients, plain.coefficients)
        assert np.sign(model.intercept - plain.intercept) == direction


def test_drop_and_unsure_say_nothing(full):
    events = [*first_free(full, [0, 1], Verdict.DROP), *first_free(full, [2], Verdict.UNSURE)]
    model = suspicion_model(full, Labels.of(events))
    assert (model.fitted, model.labelled) == (False, 0)
    np.testing.assert_array_equal(model.probabilities(), suspicion_model(full).probabilities())


def test_labels_can_overrule_a_term_of_the_prior():
    pool = rich_pool(queries=24)
    low = np.where(pool.eligible, np.nan_to_num(pool.scores["bm25"], nan=9), 9)
    order = np.argsort(low, axis=1)
    events = []
    for row in range(len(pool)):
        free = [column for column in order[row] if pool.eligible[row, column]]
        events += [label(pool, row, int(column), FN) for column in free[:6]]
        events += [label(pool, row, int(column), TN) for column in free[-6:]]
    model = suspicion_model(pool, Labels.of(events))
    place = [(term.signal, term.view) for term in model.prior.terms].index(("bm25", "list"))
    assert model.coefficients[place] < model.prior.coefficients[place]


def test_many_labels_of_one_query_weigh_less_than_as_many_of_many_queries():
    pool = rich_pool()
    free = np.flatnonzero(pool.eligible[0])[:16]
    one = suspicion_model(pool, Labels.of([label(pool, 0, int(column), FN) for column in free]))
    many = suspicion_model(pool, Labels.of(first_free(pool, range(16), FN)))
    assert one.labelled == many.labelled == 16
    assert one.intercept < many.intercept


def test_a_false_negative_that_labels_found_is_a_further_positive(full):
    row = 5
    column = int(np.flatnonzero(full.eligible[row])[0])
    vectors = full.embeddings.documents
    others = [c for c in np.flatnonzero(full.eligible[row]) if c != column]
    near = max(others, key=lambda c: vectors[full.documents[row, c]] @ vectors[full.documents[row, column]])
    labels = Labels.of([label(full, row, column, FN), *first_free(full, range(12, 20), TN)])
    model = suspicion_model(full, labels)
    without = dataclasses.replace(model, found=None)
    assert model.probabilities()[row, near] > without.probabilities()[row, near]
    assert model.probabilities()[row, column] == without.probabilities()[row, column]


def test_a_known_chance_of_being_drawn_weighs(full):
    def events(chance):
        return [*first_free(full, range(10), FN, probability=chance), *first_free(full, range(10, 20), TN,
                probability=0.5)]  # fmt: skip

    rare, even = (suspicion_model(full, Labels.of(events(chance))) for chance in (0.1, 0.5))
    assert rare.intercept > even.intercept


@pytest.mark.parametrize("lacking", [
    {"embeddings": None},
    {"scores": {}, "positive_scores": {}, "scales": {}},
    {"ranks": {}},
    {"scores": {}, "positive_scores": {}, "scales": {}, "ranks": {}, "embeddings": None},
])  # fmt: skip
def test_what_a_pool_lacks_says_nothing(full, lacking):
    pool = dataclasses.replace(full, **lacking)
    found = suspicion_model(pool).probabilities()
    assert np.isfinite(found[pool.eligible]).all()
    suspicion_model(pool).reasons(2, int(np.flatnonzero(pool.eligible[2])[0]))


def test_no_candidates_no_queries():
    none = make_pool(np.full((2, 2), np.nan), [[0.5], [0.5]], documents=np.full((2, 2), PAD))
    assert np.isnan(suspicion_model(none).probabilities()).all()
    empty = make_pool(np.zeros((0, 3)), np.zeros((0, 1)))
    assert suspicion_model(empty).probabilities().shape == (0, 3)


def test_reasons_are_words_with_numbers_strongest_first(full):
    model = suspicion_model(full)
    row, column = np.unravel_index(np.nanargmax(model.probabilities()), full.documents.shape)
    reasons = model.reasons(int(row), int(column))
    assert len(reasons) >= 2
    assert any(character.isdigit() for character in reasons[0])
    assert model.reasons_of(int(row), np.array([column]))[0] == reasons


def test_a_usual_candidate_has_no_reason():
    pool = make_pool([[0.5, 0.5, 0.5]], [[0.5]], ranks={})
    assert suspicion_model(pool).reasons(0, 1) == ()


def test_the_order_of_queries_does_not_matter(full, monkeypatch):
    monkeypatch.setattr("negviz.suspicion.KNOWN_BY", 10)
    monkeypatch.setattr("negviz.suspicion.USUAL_QUERIES", 5)
    turned = np.arange(len(full))[::-1]
    other = dataclasses.replace(
        full,
        queries=full.queries[turned],
        documents=full.documents[turned],
        ranks={name: layer[turned] for name, layer in full.ranks.items()},
        scores={name: layer[turned] for name, layer in full.scores.items()},
        positives=full.positives[turned],
        positive_scores={name: layer[turned] for name, layer in full.positive_scores.items()},
        flags=full.flags[turned],
    )
    one = dataclasses.replace(full)
    labels = Labels.of([*first_free(full, range(5), FN), *first_free(full, range(5, 12), TN)])
    for given in (None, labels):
        found, expected = (suspicion_model(pool, given).probabilities() for pool in (other, one))
        np.testing.assert_allclose(found[turned], expected, rtol=1e-5)
