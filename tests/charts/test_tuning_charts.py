"""Charts of the Mine and Thresholds pages: the traces, marks and axes that they promise."""

import numpy as np
import pytest

from negviz.charts import Line, Zone
from negviz.charts.funnel import funnel
from negviz.charts.kept_per_query import kept_per_query
from negviz.charts.margin_histogram import margin_histogram
from negviz.charts.rank_curve import rank_curve
from negviz.charts.score_histogram import score_histogram

EDGES = np.linspace(0.0, 1.0, 5)
COUNTS = np.array([1, 2, 1, 0], dtype=np.int32)
NONE = np.zeros(4, dtype=np.int32)


def names(figure):
    return [trace.name for trace in figure.data]


def test_each_group_of_the_score_histogram_adds_up_to_all_of_it():
    figure = score_histogram(
        EDGES, COUNTS, COUNTS * 3, NONE, "score, dense (cosine)", [Line("ceiling 0.7", 0.7, "#e8590c")]
    )
    assert names(figure) == ["Candidates", "Positives", "Taken"]
    assert [float(trace.y.sum()) for trace in figure.data] == pytest.approx([100, 100, 0])
    assert figure.data[0].x.tolist() == pytest.approx([0.125, 0.375, 0.625, 0.875])
    assert figure.layout.xaxis.title.text == "score, dense (cosine)"
    assert figure.layout.yaxis.title.text
    (drawn,) = figure.layout.shapes
    assert (drawn.x0, drawn.x1, drawn.name, drawn.line.color) == (0.7, 0.7, "ceiling 0.7", "#e8590c")


def test_margin_histogram_draws_positive_band_zone_and_curve():
    figure = margin_histogram(
        EDGES - 0.5, COUNTS, COUNTS, "score minus positive",
        lines=[Line("95%", -0.04, "#e8590c", low=-0.05, high=-0.02)],
        zones=[Zone("Disputed zone", -0.04, 0.1, "#e8590c")],
        curve=(np.array([0.0], np.float32), np.array([1.0], np.float32)),
    )  # fmt: skip
    assert names(figure) == ["Candidates", "Taken", "Weight"]
    kinds = [(shape.type, shape.name) for shape in figure.layout.shapes]
    assert kinds == [("rect", "Disputed zone"), ("line", "Positive"), ("rect", "95%"), ("line", "95%")]
    assert figure.layout.yaxis2.overlaying == "y"


def test_funnel_shows_left_and_removed_of_each_stage():
    figure = funnel(100, [("leak", 10, 90), ("not drawn", 80, 10)])
    assert figure.data[0].y == ("candidates", "leak", "not drawn")
    assert list(figure.data[0].x) == [100, 90, 10]
    assert list(figure.data[1].x) == [0, 10, 80]


def test_queries_with_fewer_than_wanted_are_hatched():
    (bars,) = kept_per_query(np.array([1, 0, 5], dtype=np.int32), 2).data
    assert list(bars.marker.pattern.shape) == ["/", "/", ""]


def test_rank_curve_tells_outcomes_apart_by_colour_and_shape():
    ranks, scores = np.arange(4, dtype=np.int32), np.array([0.9, 0.8, np.nan, 0.6], dtype=np.float32)
    figure = rank_curve(
        ranks,
        scores,
        ["labelled positive", "taken", "refused", "refused"],
        np.array([0.9, np.nan], np.float32),
        "score",
    )
    assert names(figure) == ["Refused", "Taken", "Labelled positive"]
    assert len({(trace.marker.color, trace.marker.symbol) for trace in figure.data}) == 3
    assert figure.data[0].x.tolist() == [3]
    assert [shape.y0 for shape in figure.layout.shapes] == pytest.approx([0.9])


def test_rank_curve_fits_the_ranks_shown_at_first():
    ranks, scores = np.arange(4, dtype=np.int32), np.array([0.9, 0.8, 0.1, -0.6], dtype=np.float32)
    figure = rank_curve(ranks, scores, ["taken"] * 4, np.array([], np.float32), "score", shown=2)
    low, high = figure.layout.yaxis.range
    assert 0.7 < low < 0.8
    assert 0.9 < high < 1.0


def test_names_are_shown_as_they_are():
    figure = score_histogram(EDGES, COUNTS, COUNTS, NONE, "score, <b>$x$</b>", [Line("<i>$y$</i>", 0.5, "#000000")])
    for text in (figure.layout.xaxis.title.text, figure.layout.shapes[0].name):
        assert "<" not in text
        assert "$" not in text


def test_empty_histogram_is_drawn_without_numbers_that_are_none():
    figure = score_histogram(EDGES, NONE, NONE, NONE, "score")
    assert all(np.isfinite(trace.y).all() for trace in figure.data)
