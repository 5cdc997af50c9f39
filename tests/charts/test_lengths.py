"""Charts of a dataset: every text is in exactly one bar."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from negviz.charts.lengths import BINS, lengths
from negviz.charts.positives_per_query import MOST, positives_per_query


@given(st.lists(st.integers(0, 100_000), min_size=1, max_size=200))
def test_every_text_is_in_one_bar(words: list[int]) -> None:
    (bar,) = lengths(np.array(words, dtype=np.int32), what="documents", colour="#3b5bdb").data
    assert int(np.sum(bar.y)) == len(words)
    assert len(bar.y) <= BINS
    assert np.all(np.asarray(bar.width) >= 1)


def test_a_bar_says_its_range_and_the_last_takes_the_longest() -> None:
    words = np.array([1] * 500 + [2] * 498 + [9000, 9001], dtype=np.int32)
    (bar,) = lengths(words, what="queries", colour="#c2255c").data
    assert list(bar.y) == [500, 500]
    assert list(bar.customdata) == ["1", "2 or more"]


def test_no_texts_give_an_empty_chart() -> None:
    assert not lengths(np.empty(0, np.int32), what="documents", colour="#3b5bdb").data


@pytest.mark.parametrize(
    ("positives", "names", "counts"),
    [
        ([0, 1, 1, 3], ["0", "1", "2", "3"], [1, 2, 0, 1]),
        ([MOST, 50], [*map(str, range(MOST)), "10+"], [0] * MOST + [2]),
    ],
)
def test_positives_per_query_counts_queries(positives: list[int], names: list[str], counts: list[int]) -> None:
    (bar,) = positives_per_query(np.array(positives, dtype=np.int32)).data
    assert list(bar.x) == names
    assert list(bar.y) == counts
