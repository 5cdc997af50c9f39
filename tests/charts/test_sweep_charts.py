"""Charts of sweeps: what is marked, what stands in the tooltip, and nothing that JSON cannot hold."""

import json

import numpy as np
import pytest

from negviz.charts.sweep import FILLED, HARDNESS, Share, sweep
from negviz.charts.sweep_heat_map import sweep_heat_map
from negviz.charts.sweep_trained import sweep_trained

NONE = np.full(3, np.nan)


def series(option, name):
    return next(each for each in option["series"] if each["name"] == name)


def names(option):
    return [each["name"] for each in option["series"]]


def swept(**more):
    values = np.array([0.1, 0.2, 0.3])
    given = {
        "per_query": 4 * values, "filled": values, "starved": 1 - values, "likely": np.array([np.nan, 0.0, 0.5]),
        "hardness": np.array([np.nan, -0.4, -0.5]), "knob": "score_ceiling.ceiling", "scale": "dense, cosine",
        "now": 0.2, "usual": 0.7,
    }  # fmt: skip
    return sweep(values, **{**given, **more})


def heat(outcome, **more):
    given = {
        "names": ("a.x", "b.y"),
        "axis": "starved, %",
        "told": [[["one", "1"], ["two", "2"]]],
        "now": (1.0, 5.0),
        "usual": None,
    }
    return sweep_heat_map(np.array([1.0, 2.0]), np.array([5.0]), outcome, **{**given, **more})


def test_the_value_at_hand_and_the_published_one_are_marked_wherever_they_are():
    option = swept()
    assert {place[0] for place in series(option, "Published, 0.7")["data"]} == {0.7}
    assert {place[0] for place in series(option, "Now, 0.2")["data"]} == {0.2}
    assert option["xAxis"]["max"] == 0.7
    assert not any(name.startswith("Published") for name in names(swept(usual=None)))


def test_the_first_line_has_all_numbers_and_its_points_can_be_clicked():
    option = swept()
    assert names(option)[0] == FILLED
    assert option["series"][0]["selectedMode"] == "single"
    assert option["series"][0]["data"][1] == [0.2, 20, 0.8, 80, "-0.4", "0.0%", "not known, nothing is judged"]
    assert option["series"][0]["data"][0][4:6] == ["unknown", "unknown"]
    assert series(option, HARDNESS)["data"][0] == [0.1, "-"]
    assert option["yAxis"][2]["name"] == "score minus positive (dense, cosine)"
    assert not any(name.startswith("Measured") for name in names(option))


def test_measured_false_negatives_have_their_interval_and_what_they_rest_on():
    rates = np.array([np.nan, 0.25, 0.5])
    measured = Share("Measured false negatives, %", rates, rates - 0.1, rates + 0.1)
    option = swept(measured=measured, judged=["of 0 judged", "of 4 judged", "of 8 judged"])
    drawn = [each["data"] for each in option["series"] if each["name"] == "95% interval of it"]
    assert [part[1][1] for part in drawn] == pytest.approx([15, 35])
    told = [row[-1] for row in option["series"][0]["data"]]
    assert told == ["none judged", "25.0% (15.0 to 35.0) of 4 judged", "50.0% (40.0 to 60.0) of 8 judged"]


def test_what_training_gave_can_be_drawn_on_the_same_axes():
    given = np.array([0.4, 0.5, 0.45])
    option = swept(more=[Share("Dev nDCG@10, %", given, given - 0.02, given + 0.02, "#2f9e44")])
    assert [row[1] for row in series(option, "Dev nDCG@10, %")["data"]] == pytest.approx([40, 50, 45])


def test_nothing_known_is_drawn_without_numbers_that_are_none():
    for option in (swept(hardness=NONE, likely=NONE, filled=np.zeros(3)), heat(np.full((1, 2), np.nan))):
        json.dumps(option, allow_nan=False)


def test_cells_stand_row_by_row_and_both_values_are_marked():
    option = heat(np.array([[10.0, 20.0]]), usual=(2.0, 5.0))
    cells, now, published = option["series"]
    assert [cell["value"][:3] for cell in cells["data"]] == [[0, 0, 10], [1, 0, 20]]
    assert cells["data"][1]["value"][3:] == ["a.x 2", "b.y 5", "two", "2"]
    assert option["tooltip"]["formatter"] == "{@[3]}<br>{@[4]}<br>{@[5]}<br>{@[6]}"
    assert len({cell["name"] for cell in cells["data"]}) == 2
    assert cells["selectedMode"] == "single"
    assert (now["data"], published["data"]) == ([[0, 0]], [[1, 0]])
    assert (option["visualMap"]["min"], option["visualMap"]["max"]) == (10, 20)
    assert option["xAxis"]["data"] == ["1", "2"]


def test_a_value_at_hand_outside_is_said_so_and_equal_cells_have_one_colour():
    option = heat(np.array([[3.0, 3.0]]), now=(9.0, 5.0))
    assert option["series"][1]["name"] == "Now: outside"
    assert option["series"][1]["data"] == []
    assert option["visualMap"]["max"] > option["visualMap"]["min"]


def trained(**more):
    values = np.array([0.1, 0.2, 0.3])
    given = {
        "differences": (np.array([np.nan, -0.01, 0.02]), np.array([np.nan, 0.03, 0.06])), "at": 0.1,
        "metric": "nDCG@10", "knob": "ceiling", "now": 0.1, "usual": 0.7, "ends": (0.0, 0.4),
    }  # fmt: skip
    mean = np.array([0.85, 0.86, 0.89])
    return sweep_trained(values, mean, mean - 0.05, mean + 0.05, **{**given, **more})


def test_training_has_its_own_axis_on_which_its_values_can_be_told_apart():
    option = trained()
    assert [row[1] for row in option["series"][0]["data"]] == [0.85, 0.86, 0.89]
    assert option["series"][0]["selectedMode"] == "single"
    axis = option["yAxis"][0]
    assert 0.78 < axis["min"] < 0.8
    assert 0.94 < axis["max"] < 0.96
    assert (option["xAxis"]["min"], option["xAxis"]["max"]) == (0.0, 0.7)
    assert {"Now, 0.1", "Published, 0.7"} <= set(names(option))


def test_bars_show_the_difference_around_the_level_of_the_value_compared_with():
    option = trained()
    bars = series(option, "95% interval of the difference from 0.1")["data"]
    assert bars == [[0.2, 0.84], [0.2, 0.88], [0.2, "-"], [0.3, 0.87], [0.3, 0.91], [0.3, "-"]]
    assert {row[1] for row in series(option, "Mean at 0.1")["data"]} == {0.85}
    told = [row[2:] for row in option["series"][0]["data"]]
    assert told[0] == ["0.800 to 0.900", "no difference to tell"]
    assert told[1][1] == "difference -0.010 to +0.030"


def test_one_value_without_an_interval_is_drawn():
    one = np.array([0.5])
    none = np.array([np.nan])
    option = sweep_trained(
        one, one, none, none, differences=(none, none), at=0.5, metric="nDCG@10", knob="k", now=0.5, usual=None,
        ends=(0.0, 1.0),
    )  # fmt: skip
    json.dumps(option, allow_nan=False)
    assert option["yAxis"][0]["min"] < 0.5 < option["yAxis"][0]["max"]
