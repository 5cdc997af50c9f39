"""What an export would write, seen before it is written, is what it writes."""

import pytest

from negviz.export import export
from negviz.exporters import EXPORTERS
from negviz.training_set import make_training_set
from negviz.ui.outlook import Beginning, look_ahead, survey, trial
from tests.exporters import three
from tests.exporters.three import NONE

NAMES = EXPORTERS.names()


@pytest.fixture
def three_queries():
    return make_training_set(three.selection(), NONE)


@pytest.mark.parametrize("name", NAMES)
def test_a_trial_says_what_the_export_says(name, three_queries, tmp_path):
    manifest = export(three.selection(), NONE, name, tmp_path / "out")
    tried = trial(three_queries, EXPORTERS.get(name), {})
    # A trial does without the documents that nobody refers to.
    differing = {key for key, value in manifest["written"].items() if tried[key] != value}
    assert differing <= {"documents", "texts_flattened"}
    ahead = look_ahead(three_queries, EXPORTERS.get(name), {})
    assert ahead.counted == manifest["written"]["rows"]
    assert ahead.filled == manifest["written"].get("backfilled", 0)
    assert ahead.whole


@pytest.mark.parametrize("name", NAMES)
def test_a_trial_of_one_query_names_the_same_file(name, three_queries):
    entry = EXPORTERS.get(name)
    assert trial(three_queries, entry, {}, most=1)["data"] == trial(three_queries, entry, {})["data"]


def test_a_trial_of_what_cannot_be_written_says_nothing(three_queries):
    assert trial(three_queries, EXPORTERS.get("n_tuple"), {"negatives": 900}) == {}


def test_the_beginning_has_the_documents_of_its_queries_once(three_queries):
    documents = [each.id for each in Beginning(three_queries, 1).corpus()]
    assert sorted(documents) == ["d0", "d1", "d2", "d7"]
    assert len(list(Beginning(three_queries, 2).texts())) == 2


def test_padding_is_named_row_by_row(three_queries):
    """q0 has two negatives and so has q1, q2 has one: with two in a row one is filled up, in the last of four rows."""
    ahead = look_ahead(three_queries, EXPORTERS.get("n_tuple"), {"short": "pad"})
    assert [len(filling) for filling in ahead.padding] == [0, 0, 0, 1]
    assert ahead.filled == 1


def test_looking_ends_where_it_should_and_says_so(three_queries):
    assert not look_ahead(three_queries, EXPORTERS.get("triplet"), {}, most=2).whole
    assert survey(three_queries).survey.examples == 3
    assert survey(three_queries).whole
    cut = survey(three_queries, most=2)
    assert (cut.survey.examples, cut.whole) == (2, False)


def test_what_is_filled_up_may_have_had_no_negative(three_queries):
    found = survey(three_queries).survey
    found.by_count[0] += 4
    found.facts["empty"] += 4
    entry = EXPORTERS.get("n_tuple")
    dropped = {loss.what: loss.number for loss in found.losses(entry, {"short": "drop"}, 2)}
    assert (dropped["empty"], dropped["counts"]) == (4, 1)
    padded = {loss.what: loss.number for loss in found.losses(entry, {"short": "pad"}, 2)}
    assert "empty" not in padded
    assert padded["counts"] == 5
