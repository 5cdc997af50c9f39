"""JSON in pieces: whatever the values and wherever the text is cut, they come out the same."""

import gzip
import json

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from negviz.errors import DataError
from negviz.load import load, load_files
from negviz.loaders._json import Stream

# Not NaN, which is unlike itself; halves of surrogate pairs and every other sign may stand in a text.
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(st.characters(), max_size=12),
    st.sampled_from(["\\", '"', "\ud83d", "\U0001f642", "\u2028", "]", "}", ",", "\ufeff", "a\tb\nc"]),
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)
texts = st.builds(
    lambda ascii, indent: {"ensure_ascii": ascii, "indent": indent}, st.booleans(), st.sampled_from([None, 1])
)
cuts = st.sampled_from([1, 2, 3, 7, 50])


def pieces(text, size):
    return [text[start : start + size] for start in range(0, len(text), size)]


def read(text, size=1):
    stream = Stream(pieces(text, size))
    return [value for _, value in stream], stream.broken


@given(st.lists(values, max_size=5), texts, cuts)
def test_values_of_an_array_come_out_the_same_wherever_it_is_cut(rows, how, size):
    assert read(json.dumps(rows, **how), size) == (rows, None)


@given(st.lists(st.dictionaries(st.text(max_size=3), values, max_size=3), max_size=5), texts, cuts)
def test_objects_one_after_the_other_come_out_the_same(rows, how, size):
    assert read("\n".join(json.dumps(row, **how) for row in rows), size) == (rows, None)


@given(st.dictionaries(st.text(max_size=3), values, min_size=1, max_size=4), texts, cuts)
def test_members_of_an_object_come_out_the_same(whole, how, size):
    stream = Stream(pieces(json.dumps(whole, **how), size))
    long = set(sorted(whole)[:-1])
    found = [(key, name, value) for _, key, name, value in stream.members(long)]
    assert stream.broken is None
    assert found == [(key, *part) for key, value in whole.items() for part in parts(value, key in long)]


def parts(value, is_long):
    """Names and values of what stands under a key."""
    if is_long and isinstance(value, dict):
        return list(value.items())
    return [(None, each) for each in value] if is_long and isinstance(value, list) else [(None, value)]


@given(st.lists(values, min_size=1, max_size=4), st.data())
def test_what_is_cut_off_keeps_what_is_whole(rows, data):
    text = json.dumps(rows)
    end = data.draw(st.integers(1, len(text) - 1))
    found, broken = read(text[:end], 3)
    assert broken == 1
    # A number at the very end may be the beginning of another one.
    whole = found[:-1] if found and isinstance(found[-1], int | float) else found
    assert whole == rows[: len(whole)]


@pytest.mark.parametrize("number", ["1.5", "1e5", "-1E+5", "12345678901234567890.25", "-0.0", "NaN", "-Infinity"])
def test_numbers_that_are_cut_anywhere_stay_whole(number):
    for size in range(1, len(number) + 2):
        found, broken = read(f"[{number}]", size)
        assert (repr(found), broken) == (repr([json.loads(number)]), None)


def test_arrays_glued_together_are_all_read():
    assert read('[{"a": 1}]\n[{"a": 2}]') == ([{"a": 1}, {"a": 2}], None)


def test_lines_are_counted_in_any_pieces():
    text = '[\n{"a": "x\\n",\n "b": 1},\n\n{"a": 2}\n, 3]'
    for size in (1, 2, 5, 100):
        assert [line for line, _ in Stream(pieces(text, size))] == [2, 5, 6]


def test_a_fault_is_known_at_once_and_does_not_read_the_rest_into_memory():
    def endless():
        yield '[{"query": "q"}, {"query": oops, "positive": "p"}'
        while True:
            yield ', {"query": "q"}' * 1000

    stream = Stream(endless())
    assert [value for _, value in stream] == [{"query": "q"}]
    assert stream.broken == 1


def test_a_text_that_never_ends_does_not_fill_the_memory(monkeypatch):
    monkeypatch.setattr("negviz.loaders._json.LONGEST_VALUE", 1 << 16)
    taken = []

    def endless():
        while True:
            taken.append(1)
            yield "x" * 1024

    stream = Stream(_after('["', endless()))
    assert list(stream) == []
    assert len(taken) < 300


def _after(first, rest):
    yield first
    yield from rest


def rows(count=3, text="p"):
    return [{"query": f"q {number}", "positive": f"{text} {number}"} for number in range(count)]


def test_an_array_on_one_line_with_texts_of_a_megabyte():
    big = 'schön \U0001f642 \\ " ' * (1 << 16)
    data = json.dumps(rows(6, big)).encode()
    dataset = load_files({"t.json": data})
    assert len(data) > 6_000_000
    assert {dataset.document_text(row) for row in range(6)} == {f"{big} {number}" for number in range(6)}
    assert dataset.problems == ()


@pytest.mark.parametrize("as_array", [True, False])
@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstandard.compress], ids=["plain", "gz", "zst"])
@pytest.mark.parametrize("encoding", [None, "utf-8-sig", "utf-16", "utf-32"])
def test_whatever_the_compression_and_the_encoding(pack, as_array, encoding):
    text = json.dumps(rows(), ensure_ascii=False) if as_array else "\n".join(map(json.dumps, rows()))
    data = pack(text.encode(encoding or "utf-8"))
    dataset = load_files({"t.json": data}, encoding=encoding if encoding != "utf-8-sig" else None)
    assert dataset.query_texts == ["q 0", "q 1", "q 2"]
    assert dataset.problems == ()


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
def test_a_compressed_file_that_is_cut_off_is_refused_and_not_read_in_part(pack):
    # Random enough to fill several blocks: the first ones can be unpacked.
    data = pack(
        "\n".join(json.dumps({"query": f"q {n * n * 7919}", "positive": f"p {n}"}) for n in range(60_000)).encode()
    )
    for end in (len(data) // 2, len(data) - 1):
        with pytest.raises(DataError, match=r"t.jsonl is compressed but damaged or cut off \(.+\); make or fetch it"):
            load_files({"t.jsonl": data[:end]})


def test_frames_of_zstandard_may_follow_each_other():
    first, second = ("\n".join(map(json.dumps, part)).encode() + b"\n" for part in (rows(3)[:1], rows(3)[1:]))
    assert len(load_files({"t.jsonl": zstandard.compress(first) + zstandard.compress(second)}).queries) == 3


def test_raw_tabs_and_line_ends_inside_texts_are_read():
    assert load_files({"t.jsonl": b'{"query": "a\tb", "positive": "p"}\n'}).query_texts == ["a\tb"]
    assert load_files({"t.json": b'[{"query": "a\tb\nc", "positive": "p"}]'}).query_texts == ["a\tb\nc"]


def test_a_row_that_is_no_json_ends_an_array_with_its_line(tmp_path):
    (tmp_path / "t.json").write_text('[\n{"query": "q", "positive": "p"},\n{"query": oops},\n{"query": "r"}\n]')
    problems = load(tmp_path / "t.json").problems
    assert [(problem.line, problem.kind) for problem in problems] == [(3, "truncated line")]


def test_nan_is_nothing_and_halves_of_surrogates_are_replaced():
    data = b'[{"query": "q", "positive": "bad \\ud800 half", "negative": NaN}]'
    dataset = load_files({"t.json": data})
    assert dataset.document_text(0) == "bad \ufffd half"
    assert sorted(problem.kind for problem in dataset.problems) == ["blank text", "damaged text"]
