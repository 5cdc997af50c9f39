"""Charts of the Compare page: what they show and how they stay legible."""

import json

import numpy as np

from negviz.charts.hardness_box import hardness_box
from negviz.charts.jaccard_heat_map import jaccard_heat_map
from negviz.charts.upset import SHOWN, upset

NAMES = ["one", "<b>two</b>", "$three$"]


def drawn(figure):
    return json.loads(figure.to_json())


def test_heat_map_writes_every_index_and_says_where_there_is_none():
    found = drawn(jaccard_heat_map(NAMES[:2], np.array([[1.0, 0.25], [0.25, np.nan]])))
    assert [note["text"] for note in found["layout"]["annotations"]] == ["1.00", "0.25", "0.25", "–"]
    assert found["data"][0]["z"] == [[1.0, 0.25], [0.25, None]]
    assert found["layout"]["annotations"][0]["font"]["color"] != found["layout"]["annotations"][1]["font"]["color"]


def test_names_are_data_in_every_chart():
    charts = [
        jaccard_heat_map(NAMES, np.eye(3)),
        upset(NAMES, [1, 1, 1], [((0, 1, 2), 1)]),
        hardness_box(NAMES, [tuple(range(9))] * 3, [4.0] * 3, "dense"),
    ]
    for chart in charts:
        text = chart.to_json()
        assert "<b>" not in text
        assert "\\u003cb\\u003e" not in text
        assert "$three$" not in text


def test_upset_draws_the_largest_twenty_with_a_dot_for_each_member():
    parts = [((place % 3,), 100 - place) for place in range(25)]
    bars, grid, *links, dots = drawn(upset(NAMES, [10, 20, 30], parts))["data"]
    assert bars["y"] == [100 - place for place in range(SHOWN)]
    assert len(grid["x"]) == SHOWN * 3
    assert len(links) == SHOWN
    assert (dots["x"], dots["y"]) == (list(range(SHOWN)), [place % 3 for place in range(SHOWN)])


def test_bars_of_one_alone_differ_by_more_than_colour():
    (bars, *_) = drawn(upset(NAMES[:2], [2, 3], [((0, 1), 2), ((1,), 1)]))["data"]
    assert bars["marker"]["pattern"]["shape"] == ["", "/"]
    assert bars["marker"]["color"][0] != bars["marker"]["color"][1]


def test_upset_of_nothing_is_a_figure():
    assert upset(["a", "b"], [0, 0], []).layout.height


def test_box_spans_deciles_and_the_diamond_is_the_mean():
    box, means = drawn(hardness_box(["a"], [(1, 2, 3, 4, 5, 6, 7, 8, 9)], [5.5], "dense"))["data"]
    ends = [box[name] for name in ("lowerfence", "q1", "median", "q3", "upperfence")]
    assert ends == [[1], [3], [5], [7], [9]]
    assert means["x"] == [5.5]
