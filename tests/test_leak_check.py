"""What of a training set is in the data to evaluate with: three queries by hand, and what an export does about it."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from negviz.errors import ExportError
from negviz.export import export
from negviz.held_out import HeldOut, read_held_out
from negviz.leak_check import check_leaks
from negviz.training_set import make_training_set
from tests.exporters import three
from tests.exporters.three import NONE

EVALUATED = HeldOut(
    "exam",
    {"e0": "What sets  JAM", "e1": "who wrote this", "q2": "another question of the same id"},
    {"x0": "tides follow the moon", "x1": "is a leaf"},
    same_ids=False,
)


def test_the_same_text_is_found_in_another_case_and_spacing():
    check = check_leaks(make_training_set(three.selection(), NONE), EVALUATED)
    found = [(leak.what, leak.how, leak.id, leak.held_out_id) for leak in check.leaks]
    assert found == [("query", "same text", "q0", "e0"), ("positive", "same text", "d5", "x0")]
    assert check.summary() == {
        "held_out": "exam", "queries": 1, "dropped": 0,
        "by_kind": {"query": {"same text": 1}, "positive": {"same text": 1}, "negative": {}},
    }  # fmt: skip


def test_ids_count_where_they_are_those_of_the_training_data():
    same = HeldOut("split", {"q2": "a question that was edited"}, {"d3": "rewritten"}, same_ids=True)
    check = check_leaks(make_training_set(three.selection(), NONE), same)
    assert {(leak.what, leak.how, leak.id) for leak in check.leaks} == {
        ("query", "same id", "q2"), ("negative", "same id", "d3"),
    }  # fmt: skip


def test_a_near_copy_is_found():
    held = HeldOut("near", {"e": "where do the tides come from"}, {}, same_ids=False)
    near = HeldOut("near", {"e": "where do tides come from?"}, {}, same_ids=False)
    assert not check_leaks(make_training_set(three.selection(), NONE), held).leaks
    assert [leak.how for leak in check_leaks(make_training_set(three.selection(), NONE), near).leaks] == [
        "nearly the same text"
    ]


def test_an_export_reports_them_in_manifest_card_and_list(tmp_path):
    manifest = export(three.selection(), NONE, "triplet", tmp_path / "out", held_out=EVALUATED)
    assert manifest["leaks"]["queries"] == 1
    listed = [json.loads(line) for line in (tmp_path / "out" / "leaks.jsonl").read_text().splitlines()]
    assert [leak["id"] for leak in listed] == ["q0", "d5"]
    assert "1 queries, 1 positives and 0 negatives are in the held-out data" in (tmp_path / "out/README.md").read_text()


def test_an_export_is_refused_in_one_sentence_and_nothing_is_written(tmp_path):
    with pytest.raises(ExportError, match=r"1 training queries are held-out queries of 'exam' \(first 'q0'") as refused:
        export(three.selection(), NONE, "triplet", tmp_path / "out", held_out=EVALUATED, leaks="refuse")
    assert "\n" not in str(refused.value)
    assert not list(tmp_path.iterdir())


def test_dropped_queries_are_in_no_list_and_the_counts_add_up(tmp_path):
    manifest = export(three.selection(), NONE, "n-tuple", tmp_path / "out", held_out=EVALUATED, leaks="drop",
                      knobs={"negatives": 1, "file": "jsonl"})  # fmt: skip
    rows = [json.loads(line) for line in (tmp_path / "out" / manifest["written"]["data"]).read_text().splitlines()]
    assert [row["anchor"] for row in rows] == ["where do tides come from", "what conducts"]
    counts = manifest["counts"]
    assert counts["queries"] == 2
    assert counts["queries_evaluated_with"] == 1
    assert counts["positives"] == 2
    assert counts["taken"] == counts["negatives"] + counts["in_queries_left_out"] == 5
    assert manifest["leaks"]["dropped"] == 1


def test_documents_that_only_dropped_queries_have_are_no_leaks_any_more(tmp_path):
    selection = three.selection()
    held = HeldOut("held", {"q1": "anything"}, dict.fromkeys(selection.pool.dataset.document_ids, "anything"), True)
    export(selection, NONE, "flagembedding", tmp_path / "out", held_out=held, leaks="drop")
    leaks = [json.loads(line) for line in (tmp_path / "out/leaks.jsonl").read_text("utf-8").splitlines()]
    kept = pq.read_table(tmp_path / "out/ids.parquet").to_pylist()
    assert "q1" not in {row["query_id"] for row in kept}
    for what in ("positive", "negative"):
        left = {name for row in kept for name in row[f"{what}_ids"]}
        assert {leak["id"] for leak in leaks if leak["what"] == what} == left
    assert [leak["id"] for leak in leaks if leak["what"] == "query"] == ["q1"]


def test_all_queries_held_out_is_said_as_that(tmp_path):
    selection = three.selection()
    held = HeldOut("held", dict.fromkeys(selection.pool.dataset.query_ids, "anything"), {}, True)
    with pytest.raises(ExportError, match="is in the held-out data, so none is left"):
        export(selection, NONE, "pair", tmp_path / "out", held_out=held, leaks="drop")


def test_the_sample_and_whatever_load_knows_by_name_can_be_held_out(sample):
    assert len(read_held_out(Path("sample"), sample).queries) == 176


def test_labels_of_a_dropped_query_change_nothing():
    from negviz.labels import Verdict

    labels = three.labels(("q0", "d1", Verdict.FALSE_NEGATIVE), ("q0", "d0", Verdict.DROP))
    made = make_training_set(three.selection(), labels, without=[0])
    assert [made.query(example.query).id for example in made] == ["q1", "q2"]
    assert made.changes == ()
    assert made.counts["promoted"] == 0
    assert made.counts["taken"] == made.counts["negatives"] + made.counts["in_queries_left_out"]


def test_a_word_that_is_no_choice_is_refused(tmp_path):
    with pytest.raises(ExportError, match="leaks was given 'maybe'"):
        export(three.selection(), NONE, "triplet", tmp_path / "out", held_out=EVALUATED, leaks="maybe")
