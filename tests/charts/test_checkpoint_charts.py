"""Charts of checkpoints, ranks and sources: the traces that they promise, and names that are not markup."""

import json

import numpy as np
import pytest

from negviz.charts.irrelevance_by_rank import irrelevance_by_rank
from negviz.charts.lambda_strip import lambda_strip
from negviz.charts.overlap_by_depth import overlap_by_depth
from negviz.charts.rank_rank import LOOKS, rank_rank
from negviz.charts.slope import slope
from negviz.charts.source_bars import source_bars
from negviz.charts.taken_by_rank import taken_by_rank
from negviz.diagnostics.candidate_states import STATES

EDGES = np.array([0, 10, 20], np.int32)
HOSTILE = "<b>x</b> $y$"


def rows(*values):
    return np.array(values, dtype=np.int32)


def named(figure):
    return {trace.name: trace for trace in figure.data}


def test_shares_of_taken_and_of_candidates_add_up_to_100():
    drawn = named(taken_by_rank(EDGES, rows(30, 10), rows(1, 3)))
    assert list(drawn["Taken"].y) == [25, 75]
    assert list(drawn["Could be drawn"].y) == [75, 25]
    assert list(drawn["Taken"].customdata[1]) == ["rank 10 to 19", 3]


def test_nothing_taken_is_drawn_as_nothing():
    assert list(named(taken_by_rank(EDGES, rows(0, 0), rows(0, 0)))["Taken"].y) == [0, 0]


def test_each_pair_of_checkpoints_is_a_curve_of_its_own_dash():
    drawn = overlap_by_depth([1, 5], [("a", np.array([0.5, 1.0])), (HOSTILE, np.array([0.1, 0.2]))]).data
    assert [trace.line.dash for trace in drawn] == ["solid", "dash"]
    assert "<b>" not in drawn[1].name


def test_the_strip_shows_the_positive_only_where_it_was_found():
    args = rows(0, 1), np.array([0.75, 0.25])
    usual = np.array([5.0]), np.array([0.1])
    found = named(lambda_strip(*args, [3], *usual))
    assert list(found["This query"].y) == [75, 25]
    assert list(found["Labelled positive"].x) == [3]
    assert "Labelled positive" not in named(lambda_strip(*args, [], *usual))


def test_bins_without_a_judgment_have_no_point():
    share, low, high = np.array([0.5, np.nan]), np.array([0.2, np.nan]), np.array([0.8, np.nan])
    figure = irrelevance_by_rank(np.array([4.5, 14.5]), rows(4, 0), share, low, high, np.full(20, 0.5))
    points = named(figure)["Judged, with 95% interval"]
    assert list(points.x) == [4.5]
    assert points.error_y.array[0] == pytest.approx(0.3)


def test_each_bar_of_sources_is_100_percent():
    figure = source_bars(["all", "taken"], [("a", [30, 0]), (HOSTILE, [10, 4])])
    assert [list(trace.x) for trace in figure.data] == [[75, 0], [25, 100]]
    assert "<b>" not in figure.data[1].name + figure.data[1].hovertemplate.replace("<extra></extra>", "")


def test_slopes_are_told_apart_by_the_rule():
    drawn = named(slope(np.array([0.5, 0.6]), np.array([0.4, 0.7]), [True, False], ("old", HOSTILE), 0.8, "score"))
    assert list(drawn["No longer hard (1)"].y) == [0.5, 0.4, None]
    assert list(drawn["Still hard (1)"].y) == [0.6, 0.7, None]
    assert list(drawn["Floor 0.8"].y) == [0.8, 0.8]


def test_what_one_retriever_did_not_bring_stands_beyond_its_last_rank():
    figure = rank_rank(rows(0, 30, -1), rows(1, -1, 40), ["taken", "refused", "not drawn"], ("dense", HOSTILE), 20)
    drawn = named(figure)
    assert list(drawn["Taken"].x) == [0]
    assert drawn["Refused"].y[0] > 40
    assert drawn["Not drawn"].x[0] > 30
    assert "did not bring it" in drawn["Refused"].customdata[0]
    assert figure.layout.xaxis.ticktext[-1] == "none"
    assert "<b>" not in figure.layout.yaxis.title.text


def test_every_state_of_a_candidate_has_a_look():
    assert set(STATES) == set(LOOKS)


def test_figures_can_be_sent():
    figure = rank_rank(rows(-1), rows(0), ["taken"], ("a", "b"), 20)
    assert json.loads(figure.to_json())["data"]
