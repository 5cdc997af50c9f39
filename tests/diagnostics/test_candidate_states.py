"""What became of each candidate and which lie in the disputed zone, on numbers of METHODS E2 and D1."""

import numpy as np
import pytest

from negviz.charts._states import LOOKS
from negviz.diagnostics.candidate_states import STATES, candidate_states, disputed_zone
from negviz.labels import LabelEvent, Labels, Verdict
from negviz.pool import LEAKS
from negviz.select import select
from tests.pools import line, make_pool, recipe

ALL = np.array([0], dtype=np.int32)
NOBODY = Labels.of(())


def words(selection, labels=NOBODY):
    states = candidate_states(selection, labels, ALL)
    return states.words(0, np.arange(selection.pool.depth, dtype=np.int32)), states.disputed[0].tolist()


def test_each_candidate_has_one_state():
    # p* = 0.6: 0.95 p* = 0.57; the zone is (0.57, 0.70] (METHODS E2: .70 kept, .71 masked).
    pool = line([0.71, 0.70, 0.58, 0.57, 0.5, 0.4], 0.6)
    selection = select(pool, recipe(("relative_margin", {"margin": 0.05, "inclusive": False}), count=1))
    said, disputed = words(selection)
    assert said == ["suspected false negative", "refused", "refused", "refused", "taken", "not drawn"]
    assert disputed == [False, True, True, False, False, False]


def test_a_label_and_a_labelled_positive_stand_above_all_else():
    pool = make_pool([[0.9, 0.5, 0.4]], [[0.6]], flags=[[LEAKS["labelled positive"], 0, 0]])
    event = LabelEvent.of(pool.dataset, 0, int(pool.documents[0, 1]), Verdict.FALSE_NEGATIVE, annotator="a")
    labels = Labels.of([event])
    said, disputed = words(select(pool, recipe(), labels), labels)
    assert said == ["labelled positive", "labelled false negative", "taken"]
    assert disputed == [False, False, False]


def test_padding_is_told_apart():
    pool = make_pool([[0.9, 0.5, 0.4]], [[0.6]], ranks={"random": np.array([[0, 1, 2]], dtype=np.int32)})
    wanted = recipe(
        ("score_ceiling", {"ceiling": 0.45}), count=2, underfill="pad", backfill=_step("brought_by", retriever="random")
    )
    said, _ = words(select(pool, wanted))
    assert said[2] == "taken"
    assert sorted(said[:2]) in (["padding", "refused"], ["padding", "suspected false negative"])


def _step(name, **knobs):
    from negviz.recipe import Step

    return Step(name, knobs)


def test_on_another_scale_nothing_is_disputed_or_suspected():
    pool = make_pool([[0.71, 0.65]], [[0.6]], scale="dot")
    selection = select(pool, recipe(("absolute_margin", {"margin": 0.05})))
    assert words(selection) == (["refused", "refused"], [False, False])
    assert not disputed_zone(selection).any()


def test_padding_of_the_table_has_no_state():
    pool = make_pool([[0.5, np.nan]], [[0.6]], documents=[[1, -1]])
    states = candidate_states(select(pool, recipe()), NOBODY, ALL)
    assert states.codes.tolist() == [[STATES.index("taken"), -1]]


def test_every_state_has_a_look():
    assert tuple(LOOKS) == STATES


def test_a_negative_positive_keeps_the_zone_below_it():
    # p* = -0.2: 0.95 of it, sign-safe, is -0.21 (METHODS D1).
    _, disputed = words(select(line([-0.205, -0.215, -0.1, -0.09], -0.2), recipe()))
    assert disputed == [True, False, True, False]


@pytest.mark.parametrize("anchor", [float("nan")])
def test_without_a_positive_nothing_is_disputed(anchor):
    said, disputed = words(select(line([0.9, 0.1], anchor), recipe(count=1)))
    assert said == ["taken", "not drawn"]
    assert disputed == [False, False]
