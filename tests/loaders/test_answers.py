"""Answers of queries: read where files have them, never at the cost of the row."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from negviz.load import describe, load, load_files

ROW = {"positive_passages": [{"docid": "a", "title": "", "text": "p"}], "negative_passages": []}
TRAINERS = {
    "dpr": {"question": "q", "answers": ["x", "y"], "positive_ctxs": [{"title": "", "text": "p"}]},
    "flagembedding": {"query": "q", "pos": ["p"], "neg": [], "answers": ["x", "y"]},
    "tevatron": {"query_id": "1", "query": "q", "answers": ["x", "y"], **ROW},
    "tabular": {"query": "q", "positive": "p", "answers": ["x", "y"]},
}


def read(text, name="t.csv", **options):
    return load_files({name: text.encode()}, **options)


def answers(dataset):
    return dict(zip(dataset.query_texts, dataset.answers, strict=True))


@pytest.mark.parametrize("name", TRAINERS)
def test_trainers_files_bring_their_answers(name):
    dataset = read(json.dumps(TRAINERS[name]), "t.jsonl")
    assert dataset.format == name
    assert answers(dataset) == {"q": ["x", "y"]}
    assert describe(dataset)["queries_with_answers"] == 1


@pytest.mark.parametrize(
    ("cell", "wanted"),
    [
        ("x", ["x"]),
        ('"[""x"", ""y""]"', ["x", "y"]),
        ("\"['x', 'y']\"", ["x", "y"]),
        ("\"['x', __import__('os')]\"", ["['x', __import__('os')]"]),
        ("  ", []),
        ("", []),
        ("1998", ["1998"]),
    ],
)
def test_cells_of_delimited_text(cell, wanted):
    assert answers(read(f"query,positive,answers\nq one,p one,{cell}\nq two,p two,z\n")) == {
        "q one": wanted,
        "q two": ["z"],
    }


def test_a_column_called_answer_is_the_positive_where_there_is_no_other():
    dataset = read("question,answer\nq one,a one\nq two,a two\n")
    assert dataset.document_text(0) == "a one"
    assert dataset.answers == [[], []]
    dataset = read("question,context,answer\nq one,p one,a one\nq two,p two,a two\n")
    assert answers(dataset) == {"q one": ["a one"], "q two": ["a two"]}
    assert dataset.document_text(0) == "p one"


def test_a_column_can_be_named():
    dataset = read("query,positive,loesung\nq one,p one,x\nq two,p two,y\n", columns={"answers": "loesung"})
    assert answers(dataset) == {"q one": ["x"], "q two": ["y"]}


def test_a_squad_column_and_answers_of_several_rows(tmp_path):
    row = {"question": "q", "context": "p", "answers": {"text": ["x", "x"], "answer_start": [3, 9]}}
    rows = [row, {**row, "context": "other", "answers": {"text": ["y"], "answer_start": [0]}}]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "t.parquet")
    assert answers(load(tmp_path / "t.parquet")) == {"q": ["x", "y"]}


@pytest.mark.parametrize("more", [{"answers": ["x"]}, {"metadata": {"answers": ["x"]}}, {"metadata": {"answer": "x"}}])
def test_beir_queries_may_carry_answers(tmp_path, more):
    (tmp_path / "corpus.jsonl").write_text('{"_id": "d", "text": "p"}\n')
    (tmp_path / "queries.jsonl").write_text(json.dumps({"_id": "q", "text": "q", **more}) + "\n")
    (tmp_path / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\nq\td\t1\n")
    assert load(tmp_path).answers == [["x"]]


def test_answers_that_are_no_texts_are_reported_and_the_row_is_kept():
    dataset = read(json.dumps({"query": "q", "positive": "p", "answers": [{"odd": 1}]}), "t.jsonl")
    assert len(dataset.positives) == 1
    assert dataset.answers == [[]]
    assert [(problem.line, problem.kind) for problem in dataset.problems] == [(1, "unreadable answer")]


def test_labelled_pairs_bring_answers_too():
    dataset = read("query,passage,label,answers\nq one,p one,1,x\nq one,p two,0,\n")
    assert dataset.answers == [["x"]]
