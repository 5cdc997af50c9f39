"""Agreement of annotators, against numbers worked out by hand and against the libraries."""

import krippendorff
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from negviz.labels import ADJUDICATION, LabelEvent, Verdict, agreement
from negviz.labels.agreement import OPINIONS, _alphas, _kappas

FN, TN, DROP, UNSURE = Verdict


def said(annotator, number, verdict, **more):
    return LabelEvent(query_key=f"q{number}", document_key="d", verdict=verdict, annotator=annotator, **more)


def table(**columns):
    """Events of a table with a column an annotator: f, t, d, u or a dot for nothing."""
    verdicts = dict(zip("ftdu", Verdict, strict=True))
    return [
        said(name, number, verdicts[letter])
        for name, letters in columns.items()
        for number, letter in enumerate(letters)
        if letter != "."
    ]


def test_kappa_by_hand():
    # 50 pairs: 20 both yes, 15 both no, 5 and 10 differ. Seen 0.7, by chance 0.5 * 0.6 + 0.5 * 0.4 = 0.5.
    found = agreement(table(ann="f" * 20 + "t" * 15 + "f" * 5 + "t" * 10, bob="f" * 20 + "t" * 15 + "t" * 5 + "f" * 10))
    (two,) = found.two
    assert (two.first, two.second, two.pairs, two.agreed) == ("ann", "bob", 50, 35)
    assert two.kappa.value == pytest.approx(0.4)
    assert two.kappa.low < 0.4 < two.kappa.high
    # Standard error of kappa here: sqrt(0.7 * 0.3 / 50) / 0.5 = 0.13; the interval is about four of them wide.
    assert two.kappa.high - two.kappa.low == pytest.approx(4 * 0.13, rel=0.15)
    assert (found.pairs, found.agreed, found.annotators) == (50, 35, {"ann": 50, "bob": 50})


def test_alpha_by_hand_with_missing_opinions():
    # Four pairs with voices ff, tt, ft and a lone f that counts nowhere: 6 voices, 3 each.
    # Observed disagreement 2 / 6; expected 2 * 3 * 3 / (6 * 5) = 0.6; alpha = 1 - (1/3) / 0.6 = 4/9.
    found = agreement(table(ann="ftff", bob="f.t.", cleo=".t.."))
    assert found.alpha.value == pytest.approx(4 / 9)
    assert (found.pairs, found.agreed) == (3, 2)
    assert {(two.first, two.second): two.pairs for two in found.two} == {("ann", "bob"): 2, ("ann", "cleo"): 1}


def test_where_all_said_one_thing_nothing_is_measured():
    found = agreement(table(ann="ttt", bob="ttt"))
    assert found.agreed == found.pairs == 3
    assert found.alpha.value is found.alpha.low is found.two[0].kappa.value is None


def test_nobody_or_one_person_is_no_team():
    assert agreement([]).pairs == 0
    assert agreement([]).alpha.value is None
    assert agreement(table(ann="ftd")).two == ()


def test_unsure_is_no_opinion():
    found = agreement(table(ann="ftu", bob="ftt", cleo="uuu"))
    assert found.unsure == 4
    assert found.two[0].pairs == found.pairs == 2
    assert found.two[0].kappa.value == pytest.approx(1)


def test_what_was_taken_back_or_said_anew_counts_as_it_is_now():
    first = said("ann", 0, FN, time="2026-01-01")
    events = [first, said("ann", 0, None, withdraws=first.event, time="2026-01-02"), *table(bob="ft", ann=".f")]
    assert agreement(events).two[0].pairs == 1
    assert agreement([*events, said("ann", 1, TN, time="2099-01-01")]).two[0].agreed == 1


def test_who_adjudicates_is_no_independent_voice():
    events = table(ann="ft", bob="tt")
    judged = [said("ann", 0, TN, queue=ADJUDICATION, time="2099-01-01"), said("cleo", 1, FN, queue=ADJUDICATION)]
    assert agreement([*events, *judged]) == agreement(events)


def test_the_order_of_events_does_not_matter():
    events = table(ann="ftdftdfft", bob="fttfddftt", cleo="f.dft..tt")
    assert agreement(events) == agreement(events[::-1])


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=2, max_size=40))
def test_the_resampled_kappa_is_the_librarys(rows):
    both = np.array(rows)
    (mine,) = _kappas(both, np.ones((1, len(both)), dtype=np.int64))
    if len(np.unique(both)) > 1:
        assert mine == pytest.approx(cohen_kappa_score(both[:, 0], both[:, 1], labels=range(len(OPINIONS))))
    else:
        assert np.isnan(mine)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(st.integers(0, 2), min_size=2, max_size=5), min_size=2, max_size=30), st.data())
def test_the_resampled_alpha_is_the_librarys(voices, data):
    counts = np.array([np.bincount(row, minlength=3) for row in voices])
    draw = np.array(data.draw(st.lists(st.integers(0, 3), min_size=len(counts), max_size=len(counts))))
    again = np.repeat(counts, draw, axis=0)
    if (again.sum(axis=0) > 0).sum() < 2:
        return
    expected = krippendorff.alpha(value_counts=again, level_of_measurement="nominal")
    assert _alphas(counts, draw[None])[0] == pytest.approx(expected)
