"""The board's payload, what it makes of the browser's words, and that it stands on a page."""

import json
import math

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from negviz.charts import DISPUTED, POSITIVE, REFUSED, Zone
from negviz.ui.board import Curve, Handle, Moved, Series, payload, read, sequence

EDGES = np.linspace(0, 1, 5)
COUNTS = np.array([1, 2, 3, 4])
SECONDS = 30
LINE = Handle("ceiling", "Ceiling", 0.75, POSITIVE)


def sent(edges=EDGES, groups=(), **more):
    return payload(edges, groups, axis="score", **more)


def test_bins_are_sent_and_nothing_else() -> None:
    group = sent(groups=[Series("Candidates", COUNTS, REFUSED, "line", "dot")])["groups"]
    assert group == [{"name": "Candidates", "counts": [1, 2, 3, 4], "colour": REFUSED, "area": False, "dash": "dot"}]


@pytest.mark.parametrize("dtype", [np.int64, np.int32, np.float64, np.float32])
def test_counts_of_any_dtype_become_json(dtype: type) -> None:
    found = json.loads(json.dumps(sent(groups=[Series("A", COUNTS.astype(dtype), REFUSED)])))
    assert found["groups"][0]["counts"] == [1, 2, 3, 4]


def test_sixty_bins_of_fifty_million_take_less_than_two_kilobytes() -> None:
    edges = np.linspace(0.1234567890123, 0.9876543210987, 61)
    groups = [Series("Candidates", np.full(60, 50_000_000 // 60), REFUSED), Series("Taken", np.arange(60), POSITIVE)]
    assert len(json.dumps(sent(edges, groups, lines=[LINE]))) < 2_000


@pytest.mark.parametrize("scale", [1e-6, 1.0, 60.0, 1e9])
def test_places_are_rounded_far_below_a_pixel(scale: float) -> None:
    edges = np.linspace(-scale / 3, scale, 61)
    found = np.array(sent(edges)["edges"])
    assert np.abs(found - edges).max() < scale / 1e5
    assert (np.diff(found) > 0).all()


def test_a_count_that_is_nan_counts_as_none() -> None:
    found = sent(groups=[Series("A", np.array([np.nan, 1, np.inf, 2]), REFUSED)])
    assert found["groups"][0]["counts"] == [0, 1, 0, 2]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_line_that_is_nowhere_has_no_place(value: float) -> None:
    found = sent(lines=[Handle("a", "A", value, POSITIVE, low=math.nan, high=0.5)])["lines"][0]
    assert found["value"] is None
    assert found["low"] is None
    assert found["high"] == 0.5
    json.dumps(found, allow_nan=False)


def test_a_line_beyond_the_axis_keeps_its_place() -> None:
    assert sent(lines=[Handle("a", "A", 7.5, POSITIVE)])["lines"][0]["value"] == 7.5


@pytest.mark.parametrize(("value", "bins"), [(0.5, 1), (0.0, 3), (-40.0, 1)])
def test_bins_of_equal_values_are_given_a_width(value: float, bins: int) -> None:
    edges = sent(np.full(bins + 1, value), [Series("A", np.ones(bins), REFUSED)])["edges"]
    assert edges[0] < value < edges[-1]
    assert (np.diff(edges) > 0).all()


def test_an_infinite_zone_reaches_to_the_border_and_a_nan_one_is_nowhere() -> None:
    zones = [Zone("Above", 0.5, math.inf, DISPUTED), Zone("Nowhere", math.nan, 1.0, DISPUTED)]
    assert sent(zones=zones)["zones"] == [{"label": "Above", "low": 0.5, "high": None, "colour": DISPUTED}]


def test_a_curve_stays_on_its_axis() -> None:
    x, y = np.array([0.0, 0.5, 1.0, 2.0]), np.array([-0.5, 1.5, 0.25, np.nan])
    found = sent(curve=(x, y, "Weight"))["curve"]
    assert (found["x"], found["y"], found["name"]) == ([0.0, 0.5, 1.0], [0.0, 1.0, 0.25], "Weight")
    assert sent(curve=Curve(x, y, "Weight", "#112233"))["curve"]["colour"] == "#112233"


def test_the_ends_of_an_interval_are_in_order() -> None:
    assert sent(brush=(0.8, 0.2))["brush"] == [0.2, 0.8]
    assert sent(brush=(math.nan, 0.2))["brush"] is None
    assert sent()["brush"] is None


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"edges": np.array([0.5])}, "at least two"),
        ({"edges": np.array([0.0, np.nan, 1.0])}, "finite"),
        ({"edges": np.array([0.0, 2.0, 1.0])}, "ascending"),
        ({"groups": [Series("Short", COUNTS[:2], REFUSED)]}, "Short"),
        ({"groups": [Series("Less than none", -COUNTS, REFUSED)]}, "Less than none"),
        ({"groups": [Series("A", COUNTS, "red")]}, "#rrggbb"),
        ({"groups": [Series("A", COUNTS, "url(x)")]}, "#rrggbb"),
        ({"groups": [Series("A", COUNTS, REFUSED, "bars")]}, "bars"),
        ({"groups": [Series("A", COUNTS, REFUSED, "line", "wavy")]}, "wavy"),
        ({"lines": [LINE, LINE]}, "ceiling"),
        ({"lines": [Handle("a", "A", 0.5, "#12345")]}, "#rrggbb"),
        ({"zones": [Zone("Z", 0, 1, "gold")]}, "#rrggbb"),
        ({"curve": (EDGES, COUNTS, "Weight")}, "Weight"),
    ],
)
def test_what_does_not_fit_is_named(arguments: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        sent(**arguments)


@pytest.mark.parametrize(
    ("raw", "moved"),
    [
        ({"seq": 1, "line": "a", "value": 0.5}, Moved(line="a", value=0.5)),
        ({"seq": 1, "line": "a", "value": 1}, Moved(line="a", value=1.0)),
        ({"seq": 1, "brush": [0.7, 0.2]}, Moved(brush=(0.2, 0.7))),
        ({"seq": 1, "cleared": True}, Moved(cleared=True)),
        (None, Moved()),
        ("nonsense", Moved()),
        ({}, Moved()),
        ({"line": "a", "value": None}, Moved()),
        ({"line": "a", "value": "0.5"}, Moved()),
        ({"line": "a", "value": True}, Moved()),
        ({"line": "a", "value": math.nan}, Moved()),
        ({"line": ["a"], "value": 0.5}, Moved()),
        ({"brush": [0.1]}, Moved()),
        ({"brush": [0.1, None]}, Moved()),
        ({"brush": "01"}, Moved()),
        ({"cleared": "yes"}, Moved()),
        ({"line": "gone", "value": 0.5}, Moved()),
    ],
)
def test_only_sense_is_read_from_what_the_browser_says(raw: object, moved: Moved) -> None:
    assert read(raw, {"a"}) == moved
    assert bool(moved) is (moved != Moved())


def test_the_number_of_what_was_heard_only_grows() -> None:
    assert sequence({"seq": 12}, 3) == 12
    assert sequence({"seq": 2}, 3) == 3
    assert sequence({"seq": "x"}, 3) == 3
    assert sequence(None, 3) == 3


def page() -> None:
    import numpy as np
    import streamlit as st

    from negviz.ui.board import Handle, Series, board

    line = st.session_state.setdefault("line", 0.5)
    moved = board(
        np.linspace(0, 1, 5), [Series("<b>bold</b>", np.array([1, 2, 3, 4]), "#868e96")], axis="score",
        lines=[Handle("a", "A", line, "#e8590c")], brush=st.session_state.get("brush"), key="seen", alt="Scores",
    )  # fmt: skip
    st.text(repr(moved))


def said(at: AppTest) -> str:
    assert not at.exception
    return at.text[0].value


def data(at: AppTest) -> dict:
    return json.loads(at.get("bidi_component")[0].proto.json)


@pytest.mark.app
def test_it_stands_on_a_page_and_says_that_nothing_was_done() -> None:
    at = AppTest.from_function(page, default_timeout=SECONDS).run()
    assert said(at) == repr(Moved())
    found = at.get("bidi_component")[0].proto
    assert found.component_name == "negviz_board"
    assert found.js_content
    assert found.css_content
    assert data(at)["groups"][0]["name"] == "<b>bold</b>"


@pytest.mark.app
def test_a_move_is_told_once_and_heard_in_the_run_after() -> None:
    at = AppTest.from_function(page, default_timeout=SECONDS)
    at.session_state["seen.said"] = {"seq": 7, "line": "a", "value": 0.25}
    at.run()
    assert said(at) == repr(Moved(line="a", value=0.25))
    # The caller has not answered yet: the browser must not fall back to the line's old place.
    assert data(at)["heard"] == 0
    at.run()
    assert said(at) == repr(Moved())
    assert data(at)["heard"] == 7


@pytest.mark.app
def test_a_move_of_a_line_that_is_gone_is_not_told() -> None:
    at = AppTest.from_function(page, default_timeout=SECONDS)
    at.session_state["seen.said"] = {"seq": 7, "line": "gone", "value": 0.25}
    assert said(at.run()) == repr(Moved())
    assert said(at.run()) == repr(Moved())
    assert data(at)["heard"] == 7
