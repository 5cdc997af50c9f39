"""BEIR and TREC: read back by the rules of their readers."""

import csv
import json

import pytest

from negviz.errors import ExportError
from negviz.exporters import EXPORTERS
from negviz.labels import Verdict
from negviz.training_set import make_training_set
from tests.exporters import three
from tests.exporters.three import NONE, ODD


def write(name, folder, labels=NONE, selection=None, **knobs):
    made = make_training_set(selection or three.selection(3), labels)
    return EXPORTERS.get(name).function(examples=made, folder=folder, **knobs)


def beir(folder, split="train"):
    """GenericDataLoader of BEIR: JSON lines, qrels whose first line is skipped and whose score goes through int()."""
    corpus, queries, qrels = {}, {}, {}
    with (folder / "corpus.jsonl").open(encoding="utf8") as file:
        for line in file:
            row = json.loads(line)
            corpus[row["_id"]] = {"text": row["text"], "title": row["title"]}
    with (folder / "queries.jsonl").open(encoding="utf8") as file:
        for line in file:
            row = json.loads(line)
            queries[row["_id"]] = row["text"]
    with (folder / "qrels" / f"{split}.tsv").open(encoding="utf-8") as file:
        reader = csv.reader(file, delimiter="\t", quoting=csv.QUOTE_MINIMAL)
        next(reader)
        for query, document, score in reader:
            qrels.setdefault(query, {})[document] = int(score)
    return corpus, {query: queries[query] for query in qrels}, qrels


def test_beir_holds_corpus_queries_and_grades_with_promoted_positives(tmp_path):
    counts = write("beir", tmp_path, three.labels(("q1", "d0", Verdict.FALSE_NEGATIVE), grade=2))
    corpus, queries, qrels = beir(tmp_path)
    assert {name: (row["title"], row["text"]) for name, row in corpus.items()} == {
        name: (title, text) for name, title, text in three.DOCUMENTS
    }
    assert corpus["d4"]["text"] == ODD
    assert queries == dict(three.QUERIES)
    assert qrels == {"q0": {"d0": 1, "d7": 2}, "q1": {"d5": 1, "d0": 2}, "q2": {"d6": 3}}
    assert counts["rows"] == 5
    lines = (tmp_path / "hard_negatives.jsonl").read_text("utf-8").splitlines()
    assert json.loads(lines[1]) == {"qid": "q1", "pos": ["d5", "d0"], "neg": {"hardest": ["d3", "d4"]}}


def test_beir_keeps_ids_with_quotes_and_refuses_ids_that_no_tsv_can_hold(tmp_path):
    quoted = [('"d0', *three.DOCUMENTS[0][1:]), *three.DOCUMENTS[1:]]
    write("beir", tmp_path, selection=three.selection(of=three.pool(quoted)))
    assert beir(tmp_path)[2]["q0"] == {'"d0': 1, "d7": 2}
    (tmp_path / "other").mkdir()
    tabbed = [("d\t0", *three.DOCUMENTS[0][1:]), *three.DOCUMENTS[1:]]
    with pytest.raises(ExportError, match=r"d\\t0"):
        write("beir", tmp_path / "other", selection=three.selection(of=three.pool(tabbed)))


def test_a_run_has_ranks_from_1_and_scores_that_never_rise(tmp_path):
    write("trec_run", tmp_path, tag="my run")
    lines = [line.split() for line in (tmp_path / "run.trec").read_text("utf-8").splitlines()]
    assert all(len(line) == 6 for line in lines)
    assert lines[3:5] == [["q1", "Q0", "d0", "1", "0.7", "my_run"], ["q1", "Q0", "d3", "2", "0.41", "my_run"]]
    for query in ("q0", "q1", "q2"):
        mine = [line for line in lines if line[0] == query]
        scores = [float(line[4]) for line in mine]
        assert scores == sorted(scores, reverse=True)
        assert [int(line[3]) for line in mine] == list(range(1, len(mine) + 1))
    qrels = [line.split() for line in (tmp_path / "qrels.trec").read_text("utf-8").splitlines()]
    assert qrels[1] == ["q0", "0", "d7", "2"]


@pytest.mark.parametrize("name", ["d 3", "", "d\u00a03"])
def test_a_run_refuses_ids_with_white_space(tmp_path, name):
    documents = [*three.DOCUMENTS[:3], (name, *three.DOCUMENTS[3][1:]), *three.DOCUMENTS[4:]]
    with pytest.raises(ExportError, match="white space") as refused:
        write("trec_run", tmp_path, selection=three.selection(of=three.pool(documents)))
    assert repr(name) in str(refused.value)
