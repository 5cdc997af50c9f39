"""A recipe in an address comes back the same; whatever else stands there is refused in a sentence."""

import base64
import dataclasses
import json
import string
import zlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from negviz.errors import NegvizError
from negviz.recipe import published
from negviz.recipe_link import LONGEST, MOST_BYTES, from_address, to_address


def packed(data) -> str:
    return base64.urlsafe_b64encode(zlib.compress(json.dumps(data).encode())).decode().rstrip("=")


@pytest.mark.parametrize("name", sorted(published()))
def test_every_published_recipe_comes_back_and_is_short(name):
    text = to_address(published()[name])
    assert from_address(text) == published()[name]
    assert len(text) < 700
    assert set(text) <= set(string.ascii_letters + string.digits + "-_")


def test_changes_and_texts_of_ones_own_come_back():
    changed = dataclasses.replace(published()["nv_perc"].with_knob("relative_margin", "margin", 0.11), notes="mine ✓")
    assert from_address(to_address(changed)) == changed


def test_what_is_too_long_for_an_address_says_so():
    noise = "".join(chr(0x4E00 + (place * 7919) % 20000) for place in range(20_000))
    with pytest.raises(NegvizError, match="too long for an address"):
        to_address(dataclasses.replace(published()["nv_perc"], notes=noise))


def test_a_bomb_is_not_unpacked():
    bomb = base64.urlsafe_b64encode(zlib.compress(b"[" + b" " * (40 * MOST_BYTES))).decode()
    assert len(bomb) < LONGEST
    with pytest.raises(NegvizError, match="cut off or too long"):
        from_address(bomb)


@pytest.mark.parametrize(
    "data",
    [
        {"steps": [{"nowhere": {}}]},
        {"steps": [{"relative_margin": {"margin": "x"}}]},
        {"source": {"nowhere": {}}},
        {"name": ["nv_perc"]},
        {"count": 10**9},
        {"unknown": 1},
        [1],
        None,
        "nv_perc",
    ],
)
def test_what_is_no_recipe_is_refused(data):
    with pytest.raises(NegvizError):
        from_address(packed(data))


@given(st.text(max_size=80))
@example("")
@example("eJw")
@example("a" * (LONGEST + 1))
@example("[" * 500)
def test_no_text_does_anything_but_be_refused(text):
    with pytest.raises(NegvizError):
        from_address(text)


@given(st.integers(1, 400))
def test_a_link_that_was_cut_off_is_refused(cut):
    text = to_address(published()["sentence_transformers"])
    with pytest.raises(NegvizError):
        from_address(text[: max(len(text) - cut, 0)])


def test_deep_nesting_is_refused():
    deep = base64.urlsafe_b64encode(zlib.compress(b"[" * 50_000)).decode()
    with pytest.raises(NegvizError):
        from_address(deep)
