"""Charts of the audit."""

import numpy as np

from negviz.charts import Line
from negviz.charts.counted import counted
from negviz.charts.rate_bars import rate_bars


def test_rates_have_their_intervals_and_names_are_no_markup():
    figure = rate_bars(["<b>all", "some"], np.array([0.1, 0.2]), np.array([0.05, 0.1]), np.array([0.2, 0.4]), [40, 9],
                       limit=0.05)  # fmt: skip
    trace = figure.data[0]
    assert np.allclose(trace.error_x.array, [10, 20])
    assert np.allclose(trace.error_x.arrayminus, [5, 10])
    assert figure.layout.yaxis.ticktext[0] == "&lt;b&gt;all"
    assert figure.layout.shapes[0].x0 == 5
    assert trace.customdata[1] == "20.0% (10.0% to 40.0%), 9 answers"


def test_shares_add_up_and_counts_stay():
    edges, counts = np.array([0.0, 1.0, 2.0]), np.array([3, 1], dtype=np.int32)
    shares = counted(edges, [("one", counts), ("none", counts * 0)], x="x", y="y", shares=True)
    assert list(shares.data[0].y) == [75, 25]
    assert list(shares.data[1].y) == [0, 0]
    plain = counted(edges, [("one", counts)], x="x", y="y", log=True, whole=True, lines=[Line("cut", 1.5, "#000")],
                    curves=[("bell", np.array([2.0, 2.0]), "#111")])  # fmt: skip
    assert list(plain.data[0].y) == [3, 1]
    assert plain.layout.yaxis.range[0] < 0
    assert plain.layout.xaxis.dtick == 1
    assert [trace.name for trace in plain.data] == ["one", "bell", "cut"]
    assert plain.layout.shapes[0].x0 == 1.5
