"""Charts of the page Train."""

import numpy as np

from negviz.charts.arm_intervals import Measured, arm_intervals
from negviz.charts.learning_curve import Curve, cut, learning_curve
from negviz.charts.loss_steps import MOST, loss_steps
from negviz.charts.rank_bands import rank_bands, shares_of
from negviz.charts.round_negatives import round_negatives

HOSTILE = "<b>one</b> $x$"


def test_learning_curves_have_bands_only_where_there_are_seeds():
    several = Curve(HOSTILE, [0, 1, 2], [0.5, 0.6, 0.7], [0.1, 0.05, 0.2])
    one = Curve("other", [0, 1], [0.5, 0.4], [None, None])
    figure = learning_curve([several, one], "nDCG@10")
    lines = [trace for trace in figure.data if trace.name]
    assert [trace.name for trace in lines] == ["&lt;b&gt;one&lt;/b&gt; ＄x＄", "other"]
    assert len({(trace.line.color, trace.line.dash, trace.marker.symbol) for trace in lines}) == 2
    bands = [trace for trace in figure.data if not trace.name]
    assert np.allclose([trace.y for trace in bands], [[0.4, 0.55, 0.5], [0.6, 0.65, 0.9]])
    assert figure.layout.legend.traceorder == "normal"


def test_a_long_name_keeps_its_beginning_and_its_end():
    name = "Top-k below 95 percent of the positive, " * 3 + "cleaned by labels"
    assert len(cut(name)) < 50
    assert cut(name).startswith("Top-k below")
    assert cut(name).endswith("by labels")


def test_points_have_their_intervals_beside_the_line_before_training():
    rows = [Measured(HOSTILE, 0.5, 0.4, 0.7), Measured("no interval", 0.6, None, None)]
    figure = arm_intervals(rows, Measured("before", 0.45, 0.35, 0.55), "nDCG@10")
    trace = figure.data[0]
    assert np.allclose(trace.error_x.array, [0.2, 0.0])
    assert np.allclose(trace.error_x.arrayminus, [0.1, 0.0])
    assert trace.customdata[0] == "0.500 (0.400 to 0.700)"
    assert trace.customdata[1] == "0.600"
    assert figure.layout.yaxis.ticktext[0] == "&lt;b&gt;one&lt;/b&gt; ＄x＄"
    line, band = figure.layout.shapes
    assert line.x0 == line.x1 == 0.45
    assert (band.x0, band.x1) == (0.35, 0.55)
    assert not arm_intervals(rows, None, "nDCG@10").layout.shapes


def test_a_long_name_takes_three_lines_at_most():
    words = Measured("word " * 40, 0.5, 0.4, 0.6)
    unbroken = Measured("x" * 200, 0.5, 0.4, 0.6)
    for name in arm_intervals([words, unbroken], None, "m").layout.yaxis.ticktext:
        assert all(len(line) <= 28 for line in name.split("<br>"))
        assert name.count("<br>") <= 2


def test_unknown_numbers_of_a_round_are_left_out():
    figure = round_negatives([1, 2, 3], {"shared": [None, 0.5, 0.25], "near": [1.0, 0.9, 0.8]}, "share")
    assert list(figure.data[0].x) == [2, 3]
    assert list(figure.data[1].y) == [1.0, 0.9, 0.8]
    assert list(figure.layout.yaxis.range) == [-0.02, 1.04]
    assert round_negatives([1], {"hard": [-0.2]}, "hardness", shares=False).layout.yaxis.range is None


def test_bands_of_ranks_hold_every_positive_once():
    shares = shares_of(np.array([0, 0, 1, 9, 10, 99, 100, 5000], dtype=np.int32))
    assert shares.tolist() == [2 / 8, 2 / 8, 2 / 8, 2 / 8]
    assert shares_of(np.zeros(0, dtype=np.int32)).tolist() == [0, 0, 0, 0]
    figure = rank_bands([0, 1], np.stack([shares, shares]))
    assert [trace.name for trace in figure.data] == ["first", "2nd to 10th", "11th to 100th", "beyond the 100th"]
    assert np.allclose(sum(np.array(trace.y) for trace in figure.data), 1)


def test_the_loss_of_very_many_steps_is_thinned():
    places = np.linspace(0, 5, 5 * MOST)
    option = loss_steps(places, places**2, 5)
    drawn = option["series"][0]["data"]
    assert len(drawn) <= MOST
    assert drawn[0] == [0.0, 0.0]
    assert option["xAxis"]["max"] == 5.0


def test_noise_does_not_fill_the_plot_of_the_curves():
    near = learning_curve([Curve("a", [0, 1, 2], [0.764, 0.766, 0.765])], "nDCG@10").layout.yaxis.range
    assert near[0] < 0.75
    assert near[1] > 0.77
    top = learning_curve([Curve("a", [0], [0.999])], "nDCG@10").layout.yaxis.range
    assert 0.999 < top[1] < 1.01
    far = learning_curve([Curve("a", [0, 1], [0.4, 0.6])], "nDCG@10").layout.yaxis.range
    assert far is None


def test_differences_leave_the_look_of_the_first_to_the_first():
    rows = [Measured("b", 0.01, -0.01, 0.03), Measured("c", 0.02, 0.0, 0.04)]
    whole = arm_intervals([Measured("a", 0.5, 0.4, 0.6), *rows], None, "m")
    gaps = arm_intervals(rows, Measured("a", 0.0, None, None), "m minus that of the first", first=1)
    assert tuple(gaps.data[0].marker.color) == tuple(whole.data[0].marker.color)[1:]
    assert [note.text for note in gaps.layout.annotations] == ["a"]
