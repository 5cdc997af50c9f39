"""Amounts of memory, as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from negviz.budget import bytes_of, rows_within, shown
from negviz.errors import DataError


@pytest.mark.parametrize(
    ("text", "size"),
    [("2GB", 2 << 30), ("512MiB", 512 << 20), ("1.5g", 3 << 29), (" 1 tb ", 1 << 40), ("70000k", 70000 << 10)],
)
def test_amounts(text, size):
    assert bytes_of(text) == size


@pytest.mark.parametrize("text", ["", "much", "-2GB", "2 G B", "2GBs", "1e9", "GB"])
def test_what_is_no_amount(text):
    with pytest.raises(DataError, match=r"wants an amount such as 2GB"):
        bytes_of(text)


@pytest.mark.parametrize("text", ["2", "63MB", "0GB"])
def test_an_amount_without_a_unit_is_too_little(text):
    with pytest.raises(DataError, match="at least 64MB"):
        bytes_of(text)


@given(st.integers(0, 10**12), st.integers(1, 10**6), st.integers(1, 100))
def test_rows_stay_within_the_memory(memory, each, least):
    rows = rows_within(memory, each, least=least)
    assert rows * each <= memory or rows == least
    assert rows_within(memory, each, least=1, most=7) <= 7


def test_sizes_for_people():
    assert [shown(size) for size in (0, 900, 2048, 3 << 29, 5 << 40)] == [
        "0 bytes", "900 bytes", "2.0 KiB", "1.5 GiB", "5.0 TiB",
    ]  # fmt: skip
