"""What the values of a knob cost and bring, on a pool small enough to count by hand."""

import numpy as np
import pytest

from negviz.diagnostics import _taken_scores
from negviz.diagnostics.sweep import outcome_of, sweep
from negviz.labels import LabelEvent, Labels, Verdict
from negviz.select import select
from negviz.sweeping import labels_as_judgments
from tests.pools import NAN, make_pool, recipe

VALUES = (0.35, 0.65, 0.9)


def pool():
    """Two queries with the positive at 0.9: candidates .88 .6 .4 and .7 .5 .3."""
    return make_pool([[0.88, 0.6, 0.4], [0.7, 0.5, 0.3]], [[0.9], [0.9]])


def ceilings(found, **more):
    return [select(found, recipe(("score_ceiling", {"ceiling": value}), count=2, **more)) for value in VALUES]


def test_each_value_is_counted():
    """Below 0.35 only .3; below 0.65 .6 .4 and .5 .3; below 0.9 .88 .6 and .7 .5 (the limit of 0.95 x 0.9 is 0.855)."""
    low, middle, high = sweep(ceilings(pool()), {})
    assert (low.taken, low.per_query, low.filled, low.starved, low.starved_share) == (1, 0.5, 0.25, 2, 1.0)
    assert (middle.taken, middle.starved) == (4, 0)
    assert [each.hardness for each in (low, middle, high)] == pytest.approx(
        [0.3 - 0.9, (0.6 + 0.4 + 0.5 + 0.3) / 4 - 0.9, (0.88 + 0.6 + 0.7 + 0.5) / 4 - 0.9], abs=1e-6
    )
    assert [each.likely.above for each in (low, middle, high)] == [0, 0, 1]
    assert [each.likely_share for each in (low, middle, high)] == [0, 0, 0.25]
    assert (high.scored, high.queries, high.wanted, dict(high.measured)) == (4, 2, 2, {})


def test_measured_false_negatives_are_those_that_people_called_so_with_wilsons_interval():
    """One false of two judged: Wilson gives 0.0945 to 0.9055."""
    found = pool()
    said = [(0, 1, Verdict.FALSE_NEGATIVE), (1, 1, Verdict.TRUE_NEGATIVE), (1, 2, Verdict.UNSURE)]
    labels = Labels.of(LabelEvent.of(found.dataset, *each, annotator="a") for each in said)
    judges = {"labels": labels_as_judgments(labels, found.dataset)}
    measured = [each.measured["labels"] for each in sweep(ceilings(found), judges)]
    assert [(each.false_negatives, each.judged, each.taken) for each in measured] == [(0, 0, 1), (0, 0, 4), (1, 2, 4)]
    assert (measured[-1].low, measured[-1].high) == pytest.approx((0.0945, 0.9055), abs=1e-4)
    assert np.isnan(measured[0].rate)


def test_blocks_give_what_the_whole_gives(monkeypatch, full):
    chosen = [select(full, recipe(("score_ceiling", {"ceiling": value}), count=7)) for value in VALUES]
    whole = sweep(chosen, {})
    monkeypatch.setattr(_taken_scores, "CELLS", 20)
    parts = sweep(chosen, {})
    assert [each.hardness for each in parts] == pytest.approx([each.hardness for each in whole], nan_ok=True)
    assert [each.likely for each in parts] == [each.likely for each in whole]


def test_more_wanted_than_there_is():
    outcome = outcome_of(select(pool(), recipe(count=50)), {})
    assert (outcome.taken, outcome.starved, outcome.filled) == (6, 2, 3 / 50)


@pytest.mark.parametrize(("scores", "positive"), [([[0.5]], [[NAN]]), ([[NAN]], [[0.9]]), ([[0.5]], [[0.9]])])
def test_nothing_taken_or_nothing_known_has_no_hardness(scores, positive):
    outcome = outcome_of(select(make_pool(scores, positive), recipe(("score_ceiling", {"ceiling": 0.1}))), {})
    assert (outcome.taken, outcome.starved) == (0, 1)
    assert np.isnan(outcome.hardness)
    assert np.isnan(outcome.likely_share)


def test_no_queries():
    empty = make_pool(np.zeros((0, 3)), np.zeros((0, 1)), documents=np.zeros((0, 3)), positives=np.zeros((0, 1)))
    outcome = outcome_of(select(empty, recipe(count=2)), {})
    assert (outcome.taken, outcome.per_query, outcome.starved_share) == (0, 0, 0)
