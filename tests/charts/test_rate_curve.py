"""The curve of rates over the values of a knob."""

import numpy as np

from negviz.charts.rate_curve import rate_curve


def drawn(rates: list[float]):
    numbers = np.array(rates)
    values = np.linspace(0, 1, len(rates))
    return rate_curve(
        values, numbers, numbers - 1, numbers + 1, numbers + 2, np.array([9] * len(rates), np.int32), axis="margin",
        wanted=5.0, now=0.5,
    )  # fmt: skip


def test_what_is_not_known_is_not_drawn_and_the_negatives_are() -> None:
    figure = drawn([4.0, float("nan"), 8.0])
    by_name = {trace.name: trace for trace in figure.data}
    assert list(by_name["estimated rate"].x) == [0.0, 1.0]
    assert list(by_name["at most, all values together"].y) == [6.0, 10.0]
    assert len(by_name["negatives kept (right)"].x) == 3
    assert figure.layout.yaxis.range[1] > 10


def test_nothing_known_still_shows_what_is_wanted() -> None:
    figure = drawn([float("nan")] * 3)
    assert figure.layout.yaxis.range[1] > 5
    assert figure.layout.shapes[0].y0 == 5
