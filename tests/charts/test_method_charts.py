"""Charts of teacher-denoised, geometric and SimANS-like methods: what they draw and where."""

import json

import numpy as np

from negviz.charts.bell import bell
from negviz.charts.curriculum import curriculum
from negviz.charts.doc_doc_scatter import doc_doc_scatter
from negviz.charts.reciprocal_evidence import MASS, NAME, reciprocal_evidence
from negviz.charts.teacher_scatter import teacher_scatter
from negviz.charts.triangle import triangle

WORDS = ["labelled positive", "taken", "refused"]
X, Y = np.array([0.0, 1.0, 2.0]), np.array([0.95, 0.05, 0.5])


def names(option):
    return [entry["name"] for entry in option["legend"]["data"]]


def series(option, name):
    return next(drawn for drawn in option["series"] if drawn["name"] == name)


def corners(option, name):
    return [(end["xAxis"], end["yAxis"]) for end in series(option, name)["markArea"]["data"][0]]


def test_bands_of_the_teacher_reach_as_deep_as_the_method_looks():
    option = teacher_scatter(X, Y, WORDS, negative=0.1, positive=0.9, depth=2)
    assert corners(option, "To review, above 0.9") == [(-1, 0.9), (1.5, 1)]
    assert corners(option, "Negative, below 0.1") == [(-1, 0), (1.5, 0.1)]
    assert series(option, "Labelled positive")["data"] == [[0, 0.95]]
    assert {"Taken", "Refused", "Discarded"} <= set(names(option))


def test_the_line_of_the_query_and_what_lies_above_it():
    option = doc_doc_scatter(X / 2, Y, WORDS, 0.75, "cosine")
    level = series(option, "The query, s(q, d+)")["data"]
    assert {place[1] for place in level} == {0.75}
    assert corners(option, "Nearer to the positive than the query is")[0][1] == 0.75
    (one, other) = series(option, "As near to both")["data"]
    assert one[0] == one[1] < other[0] == other[1]
    assert "The query, s(q, d+)" not in names(doc_doc_scatter(X, Y, WORDS, float("nan"), "cosine"))


def test_the_relevant_part_is_shaded_and_the_first_place_is_on_top():
    option = curriculum(
        np.array([np.nan, 3.0, 1.0, 0.0]), np.arange(4), np.array([1, 1, 2, 3]), np.array([1, 0.5, -0.25, -0.5]), 2, 30
    )
    assert corners(option, "The first 2")[1][1] == 1.5
    assert option["yAxis"][0]["inverse"]
    assert series(option, "Treated as relevant")["data"] == [[3, 1, "0.5"]]
    assert series(option, "Semi hard")["data"] == [[0, 3, "-0.5"]]


def test_angles_within_the_boundary_are_shaded():
    option = triangle(np.array([25.0, 80.0, 95.0]), np.array([10.0, 90.0, 60.0]), WORDS, 26.0, 60.0)
    band = corners(option, "Within 60° of the positive's angle")
    assert band[1][0] == 86.0
    assert series(option, "Taken")["data"] == [[80, 90]]


def test_evidence_stands_on_an_axis_of_its_own():
    option = reciprocal_evidence(
        X, Y, WORDS, np.array([np.nan, 0.4, 0.0]), np.array([0, 0.3, 0]), positives=np.array([0.95, np.nan]), floor=0.1,
        axis="score",
    )  # fmt: skip
    assert series(option, NAME)["data"] == [[1, 0.4], [2, 0]]
    assert series(option, MASS)["data"] == [[1, 0.3]]
    right = option["yAxis"][series(option, NAME)["yAxisIndex"]]
    assert (right["min"], right["max"], right["position"]) == (0, 1, "right")
    assert series(option, "Labelled positive")["data"] == [[0, 0.95, "not known"]]


def test_bell_shows_probability_and_frequency_at_each_distance():
    curve = np.array([-2, 0, 2], np.float32), np.array([0, 1, 0], np.float32)
    option = bell(
        np.array([-1.0, np.nan]), np.array([0.25, 0]), np.array([0.5, 0]), curve=curve, peak=-1.0, axis="away"
    )
    assert series(option, "Taken in so many draws")["data"] == [[-1, 50, "25.00%", "50%"]]
    assert series(option, "Probability of the first draw")["data"] == [[-1, 25, "25.00%", "50%"]]
    assert {"Peak", "Positive", "Weight, top is 1"} <= set(names(option))


def test_nothing_known_is_drawn_without_numbers_that_are_none():
    none = np.full(3, np.nan)
    for option in (
        teacher_scatter(X, none, WORDS, negative=0.1, positive=0.9, depth=50),
        doc_doc_scatter(none, none, WORDS, float("nan"), "cosine"),
        curriculum(none, np.arange(3), np.ones(3, int), none, 5, 30),
        curriculum(np.array([]), np.array([]), np.array([]), np.array([]), 5, 30),
        triangle(none, none, WORDS, 40.0, 60.0),
        reciprocal_evidence(X, none, WORDS, none, np.zeros(3), positives=none, floor=0.1, axis="score"),
        bell(none, np.zeros(3), np.zeros(3), curve=(X.astype(np.float32), X.astype(np.float32)), peak=0.0, axis="away"),
    ):
        json.dumps(option, allow_nan=False)
