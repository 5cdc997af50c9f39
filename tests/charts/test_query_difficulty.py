"""The scatter of queries by difficulty."""

import json

import numpy as np
import pytest

from negviz.charts.query_difficulty import EQUAL, PICKED, query_difficulty
from negviz.diagnostics.query_difficulty import KINDS

BEST, POSITIVE = np.array([0.25, 0.75, 0.5]), np.array([0.5, 0.5, 0.5])
TEXTS = (["q0 · one", "q1 · <b>two</b>", "q2 · three"], ["4 taken", "0 taken", "4 taken"])


def drawn(codes=(0, 2, 1), marked=(False, False, False), best=BEST):
    return query_difficulty(
        best, POSITIVE, np.array(codes, np.int8), KINDS, TEXTS, np.array(marked), scale="dense (dot)"
    )


def points(option, name):
    (series,) = [each for each in option["series"] if each["name"] == name]
    return option["dataset"][series["datasetIndex"]]["source"].to_pydict()


def test_every_kind_has_its_own_points_colour_and_shape():
    option = drawn()
    assert points(option, KINDS[2])["best"] == [0.75]
    assert points(option, KINDS[0])["query"] == ["q0 · one"]
    looks = [(each["symbol"], each["itemStyle"]["color"]) for each in option["series"] if each["type"] == "scatter"]
    assert len({shape for shape, _ in looks}) == len({colour for _, colour in looks}) == 3
    assert option["xAxis"]["name"] == "score of the best candidate, dense (dot)"


def test_the_diagonal_lies_inside_both_axes():
    option = drawn()
    (line,) = [each for each in option["series"] if each["name"] == EQUAL]
    (low, same), (high, other) = line["data"]
    assert low == same < high == other
    assert option["xAxis"]["min"] <= low
    assert option["yAxis"][0]["max"] >= high


def test_marked_queries_have_a_ring_that_cannot_be_marked_itself():
    option = drawn(marked=(False, True, False))
    assert points(option, PICKED)["positive"] == [0.5]
    ring = next(place for place, each in enumerate(option["series"]) if each["name"] == PICKED)
    assert ring not in option["brush"]["seriesIndex"]
    assert len(option["brush"]["seriesIndex"]) == 3


def test_texts_are_no_part_of_the_tooltip_which_is_markup():
    assert "<b>" not in drawn()["tooltip"]["formatter"]


@pytest.mark.parametrize("count", [0, 1])
def test_one_query_or_none_is_drawn(count):
    option = query_difficulty(
        BEST[:count], POSITIVE[:count], np.zeros(count, np.int8), KINDS, ([""] * count, [""] * count),
        np.zeros(count, bool), scale="x",
    )  # fmt: skip
    json.dumps({name: part for name, part in option.items() if name != "dataset"}, allow_nan=False)
    assert option["xAxis"]["min"] < option["xAxis"]["max"]
