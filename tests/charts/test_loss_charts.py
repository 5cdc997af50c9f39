"""Charts of losses, masks and positives: what they promise to draw."""

import json

import numpy as np

from negviz.charts import DISPUTED, Zone
from negviz.charts.guide_scatter import MASKED, guide_scatter
from negviz.charts.likelihood_histogram import likelihood_histogram
from negviz.charts.mean_line import height, mean_line
from negviz.charts.weight_curve import LOOKS, Curve, weight_curve


def names(option):
    json.dumps(option)
    return [entry["name"] for entry in option["legend"]["data"]]


def series(option, name):
    return [drawn for drawn in option["series"] if drawn["name"] == name]


def curve_option(**more):
    curves = [Curve("This recipe", np.array([0.0, 0.25, 0.75])), Curve("InfoNCE", np.array([0.00001, 0.4, 0.6]))]
    return weight_curve(
        np.array([0.1, 0.5, 0.9]), curves, "score", positive=0.8, disputed=np.array([False, False, True]), **more
    )


def test_weight_curve_draws_every_curve_over_the_scores_in_percent():
    option = curve_option(zone=Zone("Disputed zone", 0.76, 0.9, DISPUTED))
    assert names(option) == [
        "This recipe", "InfoNCE", "Candidates", "Candidates in the disputed zone", "Disputed zone", "The positive",
    ]  # fmt: skip
    (own,) = series(option, "This recipe")
    assert [row[:2] for row in own["data"]] == [[0.1, 0.0], [0.5, 25.0], [0.9, 75.0]]
    assert own["data"][1][2:] == ["25%", "40%"]
    (disputed,) = series(option, "Candidates in the disputed zone")
    assert [place[0] for place in disputed["data"]] == [0.9]


def test_weight_curve_leaves_out_what_a_logarithm_does_not_have():
    option = curve_option(logarithmic=True)
    assert option["yAxis"][0]["type"] == "log"
    assert [row[1] for row in series(option, "This recipe")[0]["data"]] == ["-", 25.0, 75.0]
    assert series(option, "InfoNCE")[0]["data"][0][1] == "-"


def test_curves_can_be_told_apart_without_colour_alone():
    assert len(set(LOOKS)) == len(LOOKS) >= 10


def test_guide_scatter_groups_points_and_draws_both_limits():
    option = guide_scatter(
        np.array([0.1, 0.5, 0.9]), np.array([0.9, 0.2, 0.3]), [MASKED, "taken", "kept"],
        positives=(np.array([0.7, np.nan]), np.array([0.6, np.nan])), anchor=0.7, limit=0.6,
        axes=("student", "guide"),
    )  # fmt: skip
    assert names(option) == [
        "Kept", "Taken", "Masked by the guide", "Labelled positive", "Guide's limit", "Student's score of the positive",
    ]  # fmt: skip
    assert series(option, "Masked by the guide")[0]["data"] == [[0.1, 0.9]]
    assert series(option, "Labelled positive")[0]["data"] == [[0.7, 0.6]]
    assert {place[1] for place in series(option, "Guide's limit")[0]["data"]} == {0.6}


def test_guide_scatter_without_any_candidate_is_still_a_chart():
    option = guide_scatter(
        np.array([]), np.array([]), [], positives=(np.array([0.7]), np.array([0.6])), anchor=0.7, limit=0.6,
        axes=("student", "guide"),
    )  # fmt: skip
    assert "Labelled positive" in names(option)


def test_likelihood_histogram_has_both_gaussians_the_cuts_and_the_query():
    edges = np.linspace(0.0, 4.0, 5)
    option = likelihood_histogram(
        edges, np.array([5, 1, 0, 2], np.int32), np.array([4.5, 1.5, 0, 0]), np.array([0, 0, 0.5, 1.5]), [2.0], own=3.5
    )
    assert names(option) == ["Queries", "Lower Gaussian: clean", "Upper Gaussian: doubtful", "Cut", "This query"]
    assert [row[1] for row in series(option, "Queries")[0]["data"][1:-1]] == [5, 1, 0, 2]
    assert {place[0] for place in series(option, "Cut")[0]["data"]} == {2.0}


def test_mean_line_has_a_row_a_query_with_its_mean_and_positive():
    option = mean_line(
        ["one", "two"], np.array([0, 0, 1], np.int32), np.array([0.7, 0.2, 0.4]),
        ["above the mean, refused", "taken", "below the mean"],
        means=np.array([0.55, np.nan]), positives=np.array([0.8, 0.5]), axis="score",
    )  # fmt: skip
    assert option["yAxis"][0]["data"] == ["one", "two"]
    assert series(option, "Mean of candidates and positive")[0]["data"] == [[0.55, 0]]
    assert series(option, "The positive")[0]["data"] == [[0.8, 0], [0.5, 1]]
    assert height(12) > height(1)
