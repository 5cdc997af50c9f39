"""Charts of batches, caches and margins."""

import json

import numpy as np
import pytest

from negviz.charts import DISPUTED, FALSE_NEGATIVE
from negviz.charts.batch_heat_map import batch_heat_map
from negviz.charts.cache_ages import cache_ages
from negviz.charts.collision_curve import collision_curve
from negviz.charts.compared_histograms import compared_histograms
from negviz.charts.hardest_curve import hardest_curve
from negviz.charts.margin_bins import margin_bins
from negviz.charts.pair_shares import pair_shares

HOSTILE = "<b>$x$</b><script>"


def marks(*cells):
    found = np.zeros((2, 3), dtype=bool)
    for cell in cells:
        found[cell] = True
    return found


def trace(figure, name):
    return next(drawn for drawn in figure.data if drawn.name == name)


def heat_map(**more):
    given = {"positive": marks((0, 0), (1, 1)), "collision": marks((0, 1)), "axis": "score", **more}
    return batch_heat_map(np.array([[0.9, 0.5, np.nan], [0.1, 0.8, 0.2]]), **given)


def test_heat_map_marks_each_kind_of_cell_once_by_colour_and_shape():
    figure = heat_map(masked=marks((0, 1), (1, 2)), disputed=marks((0, 2), (1, 2)), chosen=1)
    assert figure.data[0].type == "heatmap"
    assert figure.data[0].z[0][2] is None
    own, collision, masked, disputed = figure.data[1:5]
    assert list(zip(own.y, own.x, strict=True)) == [(0, 0), (1, 1)]
    assert list(zip(collision.y, collision.x, strict=True)) == [(0, 1)]
    # A cell has one mark: a collision is no mask, a masked cell is not disputed.
    assert list(zip(masked.y, masked.x, strict=True)) == [(1, 2)]
    assert list(zip(disputed.y, disputed.x, strict=True)) == [(0, 2)]
    assert len({drawn.marker.symbol for drawn in figure.data[1:5]}) == 4
    assert (collision.marker.color, disputed.marker.color) == (FALSE_NEGATIVE, DISPUTED)
    assert figure.layout.shapes[0].y0 == 0.5


def test_heat_map_without_a_mask_has_none_in_the_legend():
    names = [drawn.name for drawn in heat_map().data[1:]]
    assert names == ["Own positive", "Collision: labelled, or its text"]


def test_names_in_the_heat_map_are_no_markup():
    figure = heat_map(rows=[HOSTILE, "b"], columns=[HOSTILE, "d", "e"])
    text = json.dumps(figure.to_plotly_json()["data"][0]["customdata"].tolist())
    assert "<script>" not in text
    assert "$" not in text


def test_heat_map_of_nothing_known_is_drawn():
    unknown = np.full((1, 1), np.nan)
    batch_heat_map(unknown, positive=np.array([[True]]), collision=np.array([[False]]), axis="score").to_json()


def test_collisions_are_percentages_with_a_line_at_the_recipe_s_batch():
    figure = collision_curve(np.array([8, 16], np.int32), np.array([0.1, 0.2]), np.array([0.05, 0.3]), now=16)
    assert list(trace(figure, "Expected").y) == pytest.approx([10, 20])
    assert list(trace(figure, "Counted").y) == pytest.approx([5, 30])
    assert figure.layout.xaxis.type == "log"
    assert figure.layout.shapes[0].x0 == 16
    assert not collision_curve(np.array([8], np.int32), np.zeros(1), np.zeros(1), now=4).layout.shapes


def test_hardest_in_batch_beside_the_positive():
    sizes = np.array([8, 16], np.int32)
    figure = hardest_curve(sizes, np.array([0.3, 0.4]), np.array([80.0, 90.0]), 0.7, "score")
    assert list(trace(figure, "Positive (median)").y) == [0.7, 0.7]
    assert list(trace(figure, "Hardest in the batch (median)").customdata) == [80, 90]


def test_groups_of_a_comparison_add_up_to_all_of_it():
    edges = np.linspace(0, 1, 4)
    option = compared_histograms(edges, [("One", np.array([1, 1, 2])), ("Other", np.array([0, 5, 5]))], "score")
    assert [entry["name"] for entry in option["legend"]["data"]] == ["One", "Other"]
    for drawn in option["series"]:
        assert sum(row[1] for row in drawn["data"][1:-1]) == pytest.approx(100)
    json.dumps(option, allow_nan=False)


def test_parts_of_a_batch_are_shares_of_pairs_and_of_loss():
    figure = pair_shares(("in-batch", "hard"), np.array([1, 3], np.int32), np.array([3.0, 1.0]))
    assert [list(drawn.x) for drawn in figure.data] == [[25, 75], [75, 25]]


def test_margins_before_and_after():
    shares = np.array([0.8, 0.2]), np.array([0.5, 0.5])
    figure = margin_bins(np.array([1.0, 6.0, 11.0]), np.array([4, 1], np.int32), *shares, "margin")
    assert list(figure.layout.xaxis.ticktext) == ["1 to 6", "6 to 11"]
    assert list(trace(figure, "Unbalanced").y) == pytest.approx([80, 20])
    assert list(trace(figure, "Balanced").y) == pytest.approx([50, 50])


def test_ages_are_put_together_where_they_are_many():
    assert list(cache_ages(np.array([3, 2], np.int32)).data[0].x) == ["0", "1"]
    figure = cache_ages(np.ones(130, np.int32))
    assert len(figure.data[0].x) <= 60
    assert figure.data[0].x[0] == "0 to 2"
    assert sum(figure.data[0].y) == 130
