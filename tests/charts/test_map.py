"""The block of bytes that the map's plane reads."""

import json
import struct
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from negviz.charts.map import FOUND, MARKED, SHAPES, Frame, Group, Name, Star
from negviz.charts.map import map as draw_map

FRAME = Frame(alt="a map")
HOSTILE = "<img src=x onerror=alert(1)> $x$ {a}"


def group(name: str = "documents", count: int = 3, dims: int = 2, **more: Any) -> Group:
    places = np.arange(count * dims, dtype=np.float32).reshape(count, dims)
    return Group(name, "#000000", "circle", places, [f"{name} {row} é" for row in range(count)], **more)


def unpacked(block: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the plane makes of a block, in Python."""
    (size,) = struct.unpack("<I", block[:4])
    head = json.loads(block[4 : 4 + size])
    at, found = -(-(4 + size) // 4) * 4, {}
    wanted = [("places", "<f4", head["points"] * head["dims"]), ("codes", "u1", head["points"]),
              ("states", "u1", head["points"]), ("starts", "<u4", head["points"] + 1)]  # fmt: skip
    for name, kind, count in wanted:
        found[name] = np.frombuffer(block, kind, count, at)
        at += -(-found[name].nbytes // 4) * 4
    starts = found["starts"]
    found["texts"] = [block[at + low : at + high].decode() for low, high in pairwise(starts)]
    return head, found


def test_what_is_put_in_comes_out_again() -> None:
    states = np.array([0, MARKED, FOUND], dtype=np.uint8)
    head, found = unpacked(draw_map([group(states=states), group("queries", 2)], FRAME))
    assert [entry["title"] for entry in head["groups"]] == ["documents (3)", "queries (2)"]
    assert found["codes"].tolist() == [0, 0, 0, 1, 1]
    assert found["states"].tolist() == [0, 1, 2, 0, 0]
    assert found["places"].reshape(-1, 2)[:3].tolist() == [[0, 1], [2, 3], [4, 5]]
    assert found["texts"] == ["documents 0 é", "documents 1 é", "documents 2 é", "queries 0 é", "queries 1 é"]
    assert head["bounds"] == [[0, 1], [4, 5]]


def test_texts_are_no_part_of_the_head_and_half_characters_do_no_harm() -> None:
    places = np.zeros((2, 2), np.float32)
    head, found = unpacked(draw_map([Group("documents", "#000", "rect", places, [HOSTILE, "\ud800 cut"])], FRAME))
    assert found["texts"] == [HOSTILE, "? cut"]
    assert "onerror" not in json.dumps(head)


def test_groups_without_points_are_left_out_and_nothing_at_all_is_drawn_as_nothing() -> None:
    head, _ = unpacked(draw_map([group(count=0), group("one", 1)], FRAME))
    assert [entry["name"] for entry in head["groups"]] == ["one"]
    head, found = unpacked(draw_map([], FRAME))
    assert (head["points"], head["groups"], head["bounds"]) == (0, [], [[-1, -1], [1, 1]])
    assert found["texts"] == []


def test_the_stamp_changes_with_anything_that_is_seen_and_with_nothing_else() -> None:
    stamp = unpacked(draw_map([group()], FRAME))[0]["stamp"]
    assert unpacked(draw_map([group()], FRAME))[0]["stamp"] == stamp
    area = {"brush_type": "rect", "coord_range": [[0, 1], [0, 1]]}
    others = [
        draw_map([group("others")], FRAME),
        draw_map([group(states=np.ones(3, np.uint8))], FRAME),
        draw_map([group()], replace(FRAME, areas=(area,))),
        draw_map([group()], replace(FRAME, times=1)),
        draw_map([group()], FRAME, names=[Name("words", np.zeros(2, np.float32))]),
    ]
    assert len({stamp, *(unpacked(block)[0]["stamp"] for block in others)}) == 6


def test_lines_and_names_lie_where_they_are_told_also_in_space() -> None:
    ends = np.array([[1, 2, 3], [4, 5, 6]], dtype=np.float32)
    star = Star("#2f9e44", (8, 4), np.zeros(3, np.float32), ends)
    nothing = Star("#2f9e44", (), np.zeros(3, np.float32), ends[:0])
    names = [Name("wing, flow", ends[0], "documents"), Name("lost", ends[0], "no such group")]
    head, _ = unpacked(draw_map([group(dims=3)], FRAME, [star, nothing], names))
    assert [line["places"] for line in head["lines"]] == [[[[0, 0, 0], [1, 2, 3]], [[0, 0, 0], [4, 5, 6]]]]
    assert [(name["text"], name["code"]) for name in head["names"]] == [("wing, flow", 0), ("lost", -1)]


def test_some_points_of_a_group_keep_their_texts_and_states() -> None:
    picked = group(states=np.array([1, 0, 2], np.uint8)).pick(np.array([2, 0], dtype=np.int32))
    assert picked.texts == ["documents 2 é", "documents 0 é"]
    assert picked.states is not None
    assert picked.states.tolist() == [2, 1]


def test_more_groups_than_a_byte_tells_apart_are_refused() -> None:
    with pytest.raises(ValueError, match="at most 255"):
        draw_map([group(f"group {number}", 1) for number in range(256)], FRAME)


def test_the_plane_knows_every_shape() -> None:
    from pathlib import Path

    import negviz.ui

    script = (Path(negviz.ui.__file__).parent / "map_plane.js").read_text("utf-8")
    assert all(f"  {shape}: (g, r)" in script for shape in SHAPES)
    assert "innerHTML" not in script
