"""Charts of the Mine and Thresholds pages: the traces, marks and axes that they promise."""

import json

import numpy as np
import pytest

from negviz.charts import DISPUTED, Line, Zone
from negviz.charts._option import Sketch, percentages
from negviz.charts.anchor_strip import Ticks, anchor_strip, picked
from negviz.charts.funnel import funnel
from negviz.charts.kept_per_query import kept_per_query
from negviz.charts.rank_curve import rank_curve

EDGES = np.linspace(0.0, 1.0, 5)
COUNTS = np.array([1, 2, 1, 0], dtype=np.int32)
NONE = np.zeros(4, dtype=np.int32)


def names(option):
    return [entry["name"] for entry in option["legend"]["data"]]


def series(option, name):
    return [drawn for drawn in option["series"] if drawn["name"] == name]


def histogram(counts=COUNTS, edges=EDGES, title="score", lines=(), zones=()):
    sketch = Sketch(title, "share, %", "{@[2]}", ends=(float(edges[0]), float(edges[-1])))
    sketch.steps(edges, percentages(counts), {"name": "Candidates"})
    sketch.mark(lines, zones)
    return sketch.option()


def test_a_line_beyond_the_scores_is_still_on_the_chart():
    option = histogram(lines=[Line("ceiling 1.5", 1.5, "#e8590c")])
    assert (option["xAxis"]["min"], option["xAxis"]["max"]) == (0.0, 1.5)


def test_a_zone_reaches_the_lines_at_its_ends_and_no_further_than_the_axis():
    lines = [Line("upper", 1.5, "#0c8599"), Line("lower", -1.5, "#0c8599")]
    zones = [Zone("half weight", -1.5, 1.5, "#0c8599"), Zone("wide", -9.0, 9.0, "#0c8599")]
    option = histogram(edges=EDGES - 0.5, lines=lines, zones=zones)
    for name in ("half weight", "wide"):
        (zone,) = series(option, name)
        assert {place[0] for place in zone["data"]} == {-1.5, 1.5}


def test_a_narrow_chart_leaves_the_legend_more_rows():
    lines = [Line(f"95% of the positive, median {place}", 0.5, "#e8590c") for place in range(4)]
    option = histogram(lines=lines)
    tops = [option["grid"]["top"], *(media["option"]["grid"]["top"] for media in option["media"])]
    assert tops == sorted(tops)
    assert tops[0] < tops[-1]


def test_funnel_shows_left_and_removed_of_each_stage():
    option = funnel(100, [("leak", 10, 90), ("not drawn", 80, 10)])
    assert option["yAxis"][0]["data"] == ["candidates", "leak", "not drawn"]
    left, removed = option["series"]
    assert [row[:2] for row in left["data"]] == [[100, 0], [90, 1], [10, 2]]
    assert [row[:2] for row in removed["data"]] == [[0, 0], [10, 1], [80, 2]]
    assert left["data"][1][2] == "90 left, 10 removed (10.0% of all)"


def test_queries_with_fewer_than_wanted_are_hatched():
    (bars,) = kept_per_query(np.array([1, 0, 5], dtype=np.int32), 2).data
    assert list(bars.marker.pattern.shape) == ["/", "/", ""]


def test_rank_curve_tells_outcomes_apart_by_colour_and_shape():
    ranks, scores = np.arange(4, dtype=np.int32), np.array([0.9, 0.8, np.nan, 0.6], dtype=np.float32)
    option = rank_curve(
        ranks,
        scores,
        ["labelled positive", "taken", "refused", "refused"],
        np.array([0.9, np.nan], np.float32),
        "score",
    )
    assert names(option) == ["Refused", "Taken", "Labelled positive", "Level of a positive"]
    points = option["series"][:3]
    assert len({(drawn["itemStyle"]["color"], drawn["symbol"]) for drawn in points}) == 3
    assert points[0]["data"] == [[3, pytest.approx(0.6)]]
    (level,) = series(option, "Level of a positive")
    assert [place[1] for place in level["data"]] == pytest.approx([0.9, 0.9])


def test_rank_curve_marks_the_disputed_by_colour_and_keeps_their_shape():
    option = rank_curve(
        np.arange(4, dtype=np.int32),
        np.array([0.9, 0.8, 0.7, 0.6], dtype=np.float32),
        ["refused", "refused", "taken", "taken"],
        np.array([0.75], np.float32),
        "score",
        disputed=np.array([True, False, True, False]),
        zone=(0.7125, 0.85),
    )
    assert names(option) == ["Refused", "Taken", "Level of a positive", "Disputed zone"]
    plain, marked = series(option, "Refused")
    assert (plain["symbol"], plain["itemStyle"]["color"]) != (marked["symbol"], marked["itemStyle"]["color"])
    assert plain["symbol"] == marked["symbol"]
    assert marked["itemStyle"]["color"] == DISPUTED
    assert series(option, "Taken")[1]["itemStyle"]["borderColor"] == DISPUTED
    (band,) = series(option, "Disputed zone")
    assert [end["yAxis"] for end in band["markArea"]["data"][0]] == [0.7125, 0.85]


def test_a_zone_is_shaded_from_end_to_end():
    zone = Zone("Disputed zone of the median positive", 0.5, 0.6, DISPUTED)
    option = histogram(zones=[zone])
    (band,) = series(option, "Disputed zone of the median positive")
    assert {place[0] for place in band["data"]} == {0.5, 0.6}


def strip(lows, *, marked=(False, False, False), pick=False):
    ticks = Ticks(
        np.array([0, 0, 1], dtype=np.int32), np.array([-0.2, 0.05, 0.0]), ["taken", "refused", "labelled positive"],
        np.array([False, True, False]), np.array([7, 1, 0], dtype=np.int32), ["d7", "d1", "d0"],
        np.array([0.6, 0.85, 0.3]), np.array([17, 11, 20]), np.array(marked),
    )  # fmt: skip
    return anchor_strip(["first", "second"], ticks, lows, "score minus positive", pick=pick)


def test_anchor_strip_has_a_row_a_query_and_the_shared_guides():
    option = strip(np.array([-0.04, -0.015]))
    assert option["yAxis"][0]["data"] == ["first", "second"]
    guides = {name: {place[0] for place in series(option, name)[0]["data"]} for name in names(option)[-3:]}
    assert guides == {"Positive - 0.05": {-0.05}, "The positive": {0}, "Positive + 0.1": {0.1}}
    assert [row[:2] for row in series(option, "95% of the positive")[0]["data"]] == [[-0.04, 0], [-0.015, 1]]
    assert series(option, "Disputed zone")[0]["data"][:3] == [[-0.04, 0], [0.1, 0], ["-", "-"]]
    (refused,) = series(option, "Refused")
    assert (refused["data"], refused["itemStyle"]["color"]) == ([[0.05, 0, "+0.05", 1, "d1", 0.85, 11]], DISPUTED)
    assert "{@[4]}<br>score {@[5]}" in option["tooltip"]["formatter"]
    assert "brush" not in option
    json.dumps(option, allow_nan=False)


def test_what_is_marked_on_an_anchor_strip_comes_back_as_cells():
    option = strip(np.array([-0.04, -0.015]), marked=(False, True, False), pick=True)
    places = {each["name"]: place for place, each in enumerate(option["series"])}
    (ring,) = series(option, "Marked")
    assert ring["data"][0][:2] == [0.05, 0]
    assert set(option["brush"]["seriesIndex"]) == {places["Taken"], places["Refused"], places["Labelled positive"]}
    both = [{"series_index": places[name], "data_indices": [0]} for name in ("Refused", "Taken", "Taken")]
    assert picked(option, both).tolist() == [11, 17]


def test_places_that_a_strip_does_not_have_mark_nothing():
    option = strip(None, pick=True)
    odd = [{"series_index": 99, "data_indices": [0]}, {"series_index": 0, "data_indices": [5, -1, "0"]}]
    guides = [{"series_index": len(option["series"]) - 1, "data_indices": [0]}]
    assert picked(option, [*odd, *guides]).tolist() == []


def test_tools_stand_above_the_legend_at_every_width():
    plain, picking = strip(None), strip(None, pick=True)
    assert picking["legend"]["top"] > plain["legend"]["top"]
    for one, other in zip([plain, *(each["option"] for each in plain["media"])],
                          [picking, *(each["option"] for each in picking["media"])], strict=True):  # fmt: skip
        if "grid" in one:
            assert other["grid"]["top"] - one["grid"]["top"] == picking["legend"]["top"]


def test_anchor_strip_on_another_scale_draws_the_positive_alone():
    option = strip(None)
    assert "Disputed zone" not in names(option)
    assert [name for name in names(option) if "ositive" in name] == ["Labelled positive", "The positive"]


def test_anchor_strip_leaves_out_the_limit_of_a_query_without_a_positive():
    option = strip(np.array([np.nan, -0.015]))
    assert [row[1] for row in series(option, "95% of the positive")[0]["data"]] == [1]
    json.dumps(option, allow_nan=False)


def test_rank_curve_fits_the_ranks_shown_at_first():
    ranks, scores = np.arange(4, dtype=np.int32), np.array([0.9, 0.8, 0.1, -0.6], dtype=np.float32)
    option = rank_curve(ranks, scores, ["taken"] * 4, np.array([], np.float32), "score", shown=2)
    assert 0.7 < option["yAxis"][0]["min"] < 0.8
    assert 0.9 < option["yAxis"][0]["max"] < 1.0
    assert option["dataZoom"][0]["endValue"] == 2


def test_rank_curve_without_a_known_score_is_drawn():
    unknown = np.full(2, np.nan, dtype=np.float32)
    option = rank_curve(np.arange(2, dtype=np.int32), unknown, ["taken"] * 2, unknown, "score", shown=2)
    assert option["series"] == []
    json.dumps(option, allow_nan=False)


def test_no_name_is_a_part_of_the_tooltip_which_is_markup():
    name = "<b>$x$</b>{@[2]}"
    lines, zones = [Line(name, 0.5, "#000000")], [Zone(name, 0.1, 0.2, "#000000")]
    for option in (
        histogram(title=name, lines=lines, zones=zones),
        rank_curve(np.arange(1, dtype=np.int32), np.ones(1, np.float32), ["taken"], np.ones(1, np.float32), name),
    ):
        assert option["xAxis"]["name"] == name or option["yAxis"][0]["name"] == name
        assert "$x$" not in option["tooltip"]["formatter"]


def test_empty_histogram_is_drawn_without_numbers_that_are_none():
    option = histogram(NONE)
    json.dumps(option, allow_nan=False)
    assert {row[1] for drawn in option["series"] for row in drawn["data"]} == {0}
