"""Trainers' own files: FlagEmbedding, Tevatron, DPR and ms-swift."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from negviz.errors import DataError
from negviz.load import load, load_files


def read(rows, name="t.jsonl"):
    return load_files({name: "\n".join(json.dumps(row) for row in rows).encode()})


def triples(dataset):
    return {
        text: (
            {dataset.content(row) for row in dataset.positives.of_query(query)},
            {dataset.content(row) for row in dataset.given.of_query(query)},
        )
        for query, text in enumerate(dataset.query_texts)
    }


def message(text):
    return [{"role": "user", "content": text}]


def passage(own, title, text):
    return {"docid": own, "title": title, "text": text}


FILES = {
    "flagembedding": {"query": "q", "pos": ["T p"], "neg": ["n1", "n2"], "prompt": "x", "type": "normal"},
    "tevatron": {
        "query_id": "1",
        "query": "q",
        "positive_passages": [passage("a", "T", "p")],
        "negative_passages": [passage("b", "", "n1"), passage("c", "", "n2")],
    },
    "dpr": {
        "question": "q",
        "answers": ["x"],
        "positive_ctxs": [{"title": "T", "text": "p"}],
        "negative_ctxs": [{"title": "", "text": "n1"}],
        "hard_negative_ctxs": ["n2"],
    },
    "swift": {
        "messages": message("q"),
        "positive_messages": [message("T p")],
        "negative_messages": [message("n1"), message("n2")],
    },
}


@pytest.mark.parametrize("name", FILES)
def test_each_is_recognised_by_content_and_read(name):
    dataset = read([FILES[name]], "file.txt")
    assert dataset.format == name
    assert triples(dataset) == {"q": ({"T p"}, {"n1", "n2"})}
    assert dataset.problems == ()
    assert dataset.facts["why"]


@pytest.mark.parametrize("name", FILES)
def test_each_is_read_as_one_array_too(name):
    dataset = load_files({"file.json": json.dumps([FILES[name]] * 2, indent=1).encode()})
    assert dataset.format == name
    assert triples(dataset) == {"q": ({"T p"}, {"n1", "n2"})}


@pytest.mark.parametrize("name", FILES)
def test_bad_rows_are_named_and_the_rest_is_read(name):
    broken = [
        {"other": 1},
        {**FILES[name], **{key: 5 for key, value in FILES[name].items() if isinstance(value, list)}},
    ]
    dataset = read([FILES[name], *broken, ["x"]])
    assert [(problem.line, problem.kind) for problem in dataset.problems] == [(line, "bad row") for line in (2, 3, 4)]
    assert len(dataset.positives) == 1


def test_flagembedding_ids_and_negatives_that_stand_twice():
    row = {
        "query": "q",
        "query_id": 5,
        "pos": ["p"],
        "neg": ["n", "n", ""],
        "pos_ids": ["a"],
        "neg_ids": ["b", "b", "c"],
    }
    dataset = read([row])
    assert (dataset.query_ids, dataset.document_ids) == (["5"], ["a", "b", "c"])
    assert [problem.kind for problem in dataset.problems] == ["duplicate judgment", "blank text"]


def test_tevatron_keeps_ids_and_titles_and_reads_parquet(tmp_path):
    pq.write_table(pa.Table.from_pylist([FILES["tevatron"]]), tmp_path / "train.parquet")
    dataset = load(tmp_path / "train.parquet")
    assert dataset.format == "tevatron"
    assert (dataset.query_ids, dataset.document_ids) == (["1"], ["a", "b", "c"])
    assert dataset.document_title(0) == "T"


def test_files_of_one_folder_are_read_together(tmp_path):
    for number in (1, 2):
        row = {"query": f"q{number}", "pos": [f"p{number}"], "neg": ["n"]}
        (tmp_path / f"part{number}.jsonl").write_text(json.dumps(row))
    dataset = load(tmp_path)
    assert triples(dataset) == {"q1": ({"p1"}, {"n"}), "q2": ({"p2"}, {"n"})}
    assert dataset.facts["files"] == ["part1.jsonl", "part2.jsonl"]


def test_a_file_without_a_good_row_is_refused_with_its_first_problem():
    with pytest.raises(DataError, match=r"first in t.jsonl line 1: A positive is blank"):
        read([{"query": "q", "pos": [""], "neg": []}])
