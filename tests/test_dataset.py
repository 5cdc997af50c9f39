from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from negviz.dataset import Contents, Dataset, Judgments, Problem
from negviz.text import text_key

DOCUMENTS = [("d2", "Two", "second"), ("d10", "", "tenth"), ("d1", "One", "first")]


def build(**more):
    given = {
        "name": "tiny",
        "format": "test",
        "queries": [("b", "beta?"), ("a", "alpha?")],
        "documents": DOCUMENTS,
        "positives": [("a", "d1", 1), ("b", "d2", 2)],
        "groups": ["g2", None, "g1"],
    }
    return Dataset.build(**{**given, **more})


def test_documents_are_in_order_of_id_and_queries_in_order_of_file():
    dataset = build()
    assert dataset.document_ids == ["d1", "d10", "d2"]
    assert dataset.query_ids == ["b", "a"]
    assert dataset.documents["group"].to_pylist() == ["g1", None, "g2"]
    assert [dataset.content(row) for row in range(3)] == ["One first", "tenth", "Two second"] == dataset.contents


def test_judgments_are_rows_sorted_by_query_and_document():
    positives = build(positives=[("a", "d2", 1), ("b", "d2", 2), ("a", "d1", 3)]).positives
    assert list(zip(positives.queries, positives.documents, positives.grades, strict=True)) == [
        (0, 2, 2),
        (1, 0, 3),
        (1, 2, 1),
    ]
    assert positives.of_query(1).tolist() == [0, 2]
    assert positives.of_query(7).tolist() == []


def test_of_a_pair_judged_twice_the_highest_grade_counts():
    assert Judgments.of([(0, 1, 1), (0, 1, 3), (0, 1, 2)]).grades.tolist() == [3]
    assert len(Judgments.of([])) == 0


def test_order_of_the_corpus_file_changes_nothing():
    groups = ["g1", "g2", None]
    turned = build(documents=[DOCUMENTS[2], DOCUMENTS[0], DOCUMENTS[1]], groups=groups)
    assert turned.fingerprint == build().fingerprint
    assert turned.documents.equals(build().documents)


@pytest.mark.parametrize(
    "change",
    [
        {"queries": [("b", "beta?"), ("a", "alpha")]},
        {"queries": [("b", "beta?a"), ("a", "lpha?")]},
        {"documents": [("d2", "Two", "second"), ("d10", "", "tenth"), ("d1", "", "One first")]},
        {"positives": [("a", "d1", 1)]},
        {"positives": [("a", "d1", 2), ("b", "d2", 2)]},
        {"given": [("a", "d10")]},
        {"groups": [None, None, None]},
    ],
)
def test_fingerprint_sees_everything_that_mining_may_read(change):
    assert build(**change).fingerprint != build().fingerprint


def test_fingerprint_does_not_see_held_out_judgments_problems_or_names():
    same = build(
        held_out=[("a", "d2", 1)], problems=[Problem("f", 1, "blank text", "x")], facts={"split": "train"}, name="other"
    )
    assert same.fingerprint == build().fingerprint


def test_content_keys_are_those_of_the_text():
    dataset = build()
    assert dataset.document_keys[0] == text_key("ONE  first")
    assert dataset.query_keys == [text_key("beta?"), text_key("alpha?")]


def test_pair_keys_follow_ids_and_not_places():
    dataset = build()
    turned = build(queries=[("a", "alpha?"), ("b", "beta?")], documents=[*DOCUMENTS, ("d0", "", "new")], groups=None)
    here = dataset.pair_keys(np.array([0, 1], np.int32), np.array([[0, 1, 2]] * 2, np.int32))
    there = turned.pair_keys(np.array([1, 0], np.int32), np.array([[1, 2, 3]] * 2, np.int32))
    assert np.array_equal(here, there)
    assert len(np.unique(here)) == 6


def test_pair_keys_tell_query_and_document_apart():
    dataset = build(queries=[("d1", "x"), ("d2", "y")], positives=[])
    keys = dataset.pair_keys(np.array([0, 1], np.int32), np.array([[2], [0]], np.int32))
    assert keys[0, 0] != keys[1, 0]


def test_an_empty_dataset_can_be_built():
    empty = Dataset.build(name="none", format="test", queries=[], documents=[], positives=[])
    assert len(empty.documents) == 0
    assert empty.fingerprint
    assert empty.contents == []


def test_texts_beyond_the_basic_plane_survive():
    dataset = build(queries=[("b", "𝄞 émigré 🙂"), ("a", "x")])
    assert dataset.query_text(0) == "𝄞 émigré 🙂"


def test_the_fingerprint_does_not_depend_on_how_the_tables_lie_in_memory():
    whole = build()
    parts = [whole.documents.slice(0, 1), whole.documents.slice(1)]
    again = replace(whole, documents=pa.concat_tables(parts), queries=whole.queries.combine_chunks())
    assert len(again.documents["text"].chunks) == 2
    assert again.fingerprint == whole.fingerprint
    assert replace(whole, documents=whole.documents.slice(1)).fingerprint != whole.fingerprint


def test_contents_of_very_many_documents_are_read_when_asked_for(monkeypatch):
    monkeypatch.setattr("negviz.dataset.MANY", 2)
    monkeypatch.setattr("negviz.dataset.READ", 2)
    whole = build()
    assert isinstance(whole.contents, Contents)
    assert list(whole.contents) == ["One first", "tenth", "Two second"]
    assert (whole.contents[1], whole.contents[-1], whole.contents[np.int32(0)]) == ("tenth", "Two second", "One first")
    assert (whole.contents[1:], whole.contents[::-2], whole.contents[2:1]) == (
        ["tenth", "Two second"], ["Two second", "One first"], [],
    )  # fmt: skip
    with pytest.raises(IndexError):
        whole.contents[3]
