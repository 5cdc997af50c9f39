"""Formats that name documents by id: each recognised as itself, its texts and negatives read, what is odd reported."""

import gzip
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from negviz.convert import convert
from negviz.errors import DataError
from negviz.load import describe, load, load_files, open_data

CORPUS = [{"_id": "d1", "title": "One", "text": "first"}, {"_id": "d2", "title": "", "text": "second"},
          {"_id": "d3", "title": "", "text": "third"}]  # fmt: skip
QUERIES = [{"_id": "q1", "text": "what is one"}, {"_id": "q2", "text": "what is two"}]
COLLECTION = "1\tfirst passage\n2\tsecond passage\n3\tthird passage\n"
ASKED = "10\twhat is first\n11\twhat is second\n"
HEADER = "query-id\tcorpus-id\tscore\n"


def lines(rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


def write(folder, files):
    """Text, rows of JSON lines, or rows of Parquet, by the ending of the name."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if name.endswith(".parquet"):
            pq.write_table(pa.Table.from_pylist(content), path)
        elif name.endswith(".gz"):
            path.write_bytes(gzip.compress(lines(content).encode()))
        else:
            path.write_text(content if isinstance(content, str) else lines(content))
    return folder


def kinds(dataset):
    return [(problem.file, problem.line, problem.kind) for problem in dataset.problems]


def pairs(dataset, judged):
    return {
        (dataset.query_id(query), dataset.document_id(document))
        for query, document in zip(judged.queries, judged.documents, strict=True)
    }


def negatives(path, **options):
    """(query, document) to (miner, score, rank), as the loader gives them."""
    reading = open_data(path, **options).reading
    for _ in (*reading.documents, *reading.queries):
        pass
    return {
        (example.query_id, each.id): (each.miner, each.score, each.rank)
        for example in reading.examples for each in example.negatives
    }  # fmt: skip


TEVATRON = {
    "train.jsonl": [
        {
            "query_id": "1",
            "query_text": "q",
            "query_image": None,
            "positive_document_ids": ["d1"],
            "negative_document_ids": ["d2", "d3"],
            "answer": None,
            "source": "x",
        }
    ],
    "corpus.jsonl": [{"docid": f"d{n}", "text": f"text {n}", "image": None, "source": "x"} for n in (1, 2, 3)],
}
NEMO = {
    "train.json": json.dumps(
        {
            "corpus": [{"path": "wiki_corpus"}],
            "data": [
                {
                    "question_id": "q1",
                    "question": "what is one",
                    "corpus_id": "wiki_corpus",
                    "pos_doc": [{"id": "d1"}],
                    "neg_doc": [{"id": "d2", "score": 0.41}, {"id": "d3"}],
                }
            ],
        },
        indent=1,
    ),
    "wiki_corpus/merlin_metadata.json": json.dumps({"class": "TextQADataset", "corpus_id": "wiki_corpus"}),
    "wiki_corpus/train.parquet": [{"id": f"d{n}", "text": f"text {n}"} for n in (1, 2, 3)],
}
PYLATE = {
    "train/train-00000-of-00001.parquet": [{"query_id": 1, "document_ids": [7, 3, 5], "scores": [0.9, 0.2, 0.1]}],
    "queries/train-00000-of-00001.parquet": [{"query_id": 1, "text": "q"}],
    "documents/train-00000-of-00001.parquet": [{"document_id": n, "text": f"text {n}"} for n in (3, 5, 7)],
}
COLBERT = {"triples.jsonl": "[10, 1, 2, 3]\n[11, 2, 1, 3]\n", "collection.tsv": COLLECTION, "queries.tsv": ASKED}
MSMARCO = {
    "collection.tsv": COLLECTION,
    "queries.train.tsv": ASKED,
    "qidpidtriples.train.full.2.tsv": "10\t1\t2\n10\t1\t3\n11\t2\t1\n",
}
MINERS = {
    "collection.tsv": COLLECTION,
    "queries.tsv": ASKED,
    "hard-negatives.jsonl.gz": [{"qid": 10, "pos": [1], "neg": {"bm25": [2], "tas-b": [3, 2]}}],
}
HUB = {
    "corpus/corpus-00000-of-00002.parquet": CORPUS[:2],
    "corpus/corpus-00001-of-00002.parquet": CORPUS[2:],
    "queries/queries-00000-of-00001.parquet": QUERIES,
    "default/train-00000-of-00001.parquet": [{"query-id": "q1", "corpus-id": "d1", "score": 1}],
    "default/test-00000-of-00001.parquet": [{"query-id": "q2", "corpus-id": "d2", "score": 1.0}],
}
LLAMAINDEX = {
    "qa.json": json.dumps(
        {
            "queries": {"q1": "what is one", "q2": "what is two"},
            "corpus": {"d1": "first", "d2": "second"},
            "relevant_docs": {"q1": ["d1"], "q2": ["d2"]},
            "mode": "text",
        },
        indent=2,
    )
}
RUN = "q1 Q0 d1 1 9.5 bm25\nq1 Q0 d2 2 8.5 bm25\nq1 Q0 d3 3 7.5 bm25\nq2 Q0 d1 1 3.0 bm25\n"
TREC = {"corpus.jsonl": CORPUS, "queries.jsonl": QUERIES, "qrels.txt": "q1 0 d1 1\nq1 0 d3 0\n", "bm25.run": RUN}
BEIR = {"corpus.jsonl": CORPUS, "queries.jsonl": QUERIES, "qrels/train.tsv": f"{HEADER}q1\td1\t1\n"}
EXPORT = {
    **BEIR,
    "qrels/train.tsv": f"{HEADER}q1\td1\t2\n",
    "hard_negatives.jsonl": [{"qid": "q1", "pos": ["d1"], "neg": {"topk_percpos": ["d3", "d2"]}}],
}
SAMPLES = {
    "tevatron_v2": ("tevatron_v2", TEVATRON),
    "nemo": ("nemo", NEMO),
    "nemo inside": ("nemo", {"train.jsonl": [{"query": "q", "pos_doc": ["p"], "neg_doc": ["n1", "n2"]}]}),
    "pylate": ("pylate", PYLATE),
    "colbert": ("colbert", COLBERT),
    "triples of ids": ("msmarco", MSMARCO),
    "negatives by miner": ("msmarco", MINERS),
    "BEIR": ("beir", BEIR),
    "BEIR of the Hub": ("beir", HUB),
    "BEIR with negatives": ("beir", EXPORT),
    "llamaindex": ("llamaindex", LLAMAINDEX),
    "trec": ("trec", TREC),
    "rows of one kind": ("tabular", {"train.jsonl": [{"anchor": "q", "positive": "p", "negative": "n"}]}),
    "a corpus beside pairs": ("tabular", {"train.jsonl": [{"anchor": "q", "positive": "p"}], "corpus.jsonl": CORPUS}),
    "a corpus beside passages": ("tevatron", {
        "corpus.jsonl": CORPUS,
        "train.jsonl": [{"query_id": "1", "query": "q", "positive_passages": [{"docid": "a", "title": "", "text": "p"}],
                         "negative_passages": []}],
    }),
}  # fmt: skip


@pytest.mark.parametrize("name", SAMPLES)
def test_each_is_recognised_as_itself_with_a_sentence_why(tmp_path, name):
    wanted, files = SAMPLES[name]
    found = describe(load(write(tmp_path / "data", files)))
    assert found["format"] == wanted
    assert found["why"].endswith((".", "columns", "negative", "positive"))
    assert found["positives"] >= 1
    assert found["problems"] == [] or name in {"trec", "BEIR", "BEIR with negatives", "negatives by miner"}


@pytest.mark.parametrize("name", ["tevatron_v2", "pylate", "colbert", "triples of ids", "negatives by miner"])
def test_ids_without_their_texts_are_refused_in_one_sentence(tmp_path, name):
    _, files = SAMPLES[name]
    row = next(name for name in files if any(word in name for word in ("train", "triples", "hard")))
    row = "qidpidtriples.train.full.2.tsv" if name == "triples of ids" else row
    write(tmp_path, {row: files[row]})
    with pytest.raises(DataError, match="folder") as refused:
        load(tmp_path / row)
    assert "\n" not in str(refused.value)


def test_tevatron_reads_texts_from_the_corpus_whatever_files_are_called(tmp_path):
    parquet = {
        "data/anything-00000-of-00001.parquet": TEVATRON["train.jsonl"],
        "texts/more.jsonl": TEVATRON["corpus.jsonl"],
    }
    for number, files in enumerate((TEVATRON, parquet)):
        dataset = load(write(tmp_path / str(number), files))
        assert dataset.format == "tevatron_v2"
        assert pairs(dataset, dataset.positives) == {("1", "d1")}
        assert pairs(dataset, dataset.given) == {("1", "d2"), ("1", "d3")}
        assert dataset.query_texts == ["q"]
        assert dataset.problems == ()


def test_texts_under_the_keys_of_tevatrons_readme_are_read_and_reported(tmp_path):
    corpus = [{"docid": row["docid"], "document_text": row["text"], "document_image": None}
              for row in TEVATRON["corpus.jsonl"]]  # fmt: skip
    dataset = load(write(tmp_path, {**TEVATRON, "corpus.jsonl": corpus}))
    assert dataset.content(0) == "text 1"
    assert kinds(dataset) == [("corpus.jsonl", 1, "no text key")]
    assert "Tevatron's code reads 'text'" in dataset.problems[0].message


def test_bad_rows_and_dangling_ids_of_tevatron(tmp_path):
    good = TEVATRON["train.jsonl"][0]
    other = {**good, "query_id": "2", "query_text": "r", "negative_document_ids": ["d9"]}
    rows = [good, {**good, "positive_document_ids": "d1"}, other]
    dataset = load(write(tmp_path, {**TEVATRON, "train.jsonl": rows}))
    assert kinds(dataset) == [("train.jsonl", 2, "bad row"), ("train.jsonl", 3, "unknown document")]


def test_nemo_keeps_scores_and_reads_the_file_alone_too(tmp_path):
    write(tmp_path, NEMO)
    for path in (tmp_path, tmp_path / "train.json"):
        assert negatives(path) == {("q1", "d2"): ("", 0.41, None), ("q1", "d3"): ("", None, None)}
        dataset = load(path)
        assert (dataset.format, dataset.content(0)) == ("nemo", "text 1")
        assert pairs(dataset, dataset.positives) == {("q1", "d1")}


def test_nemo_tells_two_corpora_apart(tmp_path):
    rows = json.loads(NEMO["train.json"])
    rows["corpus"].append({"path": "./other"})
    rows["data"].append({**rows["data"][0], "question_id": "q2", "question": "two", "corpus_id": "o"})
    rows["data"].append({**rows["data"][0], "question_id": "q3", "corpus_id": "nowhere"})
    files = {
        **NEMO,
        "train.json": json.dumps(rows),
        "other/merlin_metadata.json": '{"corpus_id": "o"}',
        "other/x.parquet": [{"id": f"d{n}", "text": f"other {n}"} for n in (1, 2, 3)],
    }
    dataset = load(write(tmp_path, files))
    assert pairs(dataset, dataset.positives) == {("q1", "wiki_corpus/d1"), ("q2", "o/d1")}
    assert [kind for _, _, kind in kinds(dataset)] == ["bad row"]


@pytest.mark.parametrize("path", ["/etc", "../secret", "wiki_corpus/../../secret", "nowhere"])
def test_nemo_reads_no_corpus_outside_its_folder(tmp_path, path):
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "a.jsonl").write_text('{"id": "d1", "text": "secret"}\n')
    text = json.dumps({"corpus": [{"path": path}], "data": json.loads(NEMO["train.json"])["data"]})
    write(tmp_path / "data", {"train.json": text, "x.txt": ""})
    with pytest.raises(DataError, match="not in its folder"):
        load(tmp_path / "data")


def test_nemo_with_texts_inside():
    rows = [
        {"query": "q", "pos_doc": "p", "neg_doc": [{"text": "n1", "score": 0.5}, "n2"]},
        {"query": "r", "pos_doc": [{"id": "d", "text": "p2"}]},
        {"query": "s", "pos_doc": 5},
    ]
    dataset = load_files({"a.jsonl": lines(rows).encode()})
    assert dataset.format == "nemo"
    assert (len(dataset.positives), len(dataset.given)) == (2, 2)
    assert kinds(dataset) == [("a.jsonl", 3, "bad row")]


def test_teacher_lists_give_the_first_as_the_positive_and_the_others_with_scores(tmp_path):
    path = write(tmp_path, PYLATE)
    dataset = load(path)
    assert pairs(dataset, dataset.positives) == {("1", "7")}
    assert negatives(path) == {("1", "3"): ("", 0.2, None), ("1", "5"): ("", 0.1, None)}


def test_teacher_lists_as_lines_written_out_and_too_short(tmp_path):
    rows = [
        {"query_id": "1", "document_ids": "['7', '3']", "scores": "[0.9, 0.2]"},
        {"query_id": "1", "document_ids": ["7", "3"], "scores": [0.9]},
        {"query_id": "1", "document_ids": ["7", "9"], "scores": [0.9, 0.1]},
        {"query_id": "8", "document_ids": ["7", "3"]},
    ]
    files = {
        "train.jsonl": rows,
        "queries.jsonl": [{"query_id": "1", "text": "q"}],
        "documents.jsonl": [{"document_id": n, "text": n} for n in ("3", "7")],
    }
    dataset = load(write(tmp_path, files))
    assert dataset.format == "pylate"
    assert kinds(dataset) == [
        ("train.jsonl", 2, "bad row"), ("train.jsonl", 3, "unknown document"), ("train.jsonl", 4, "unknown query")
    ]  # fmt: skip
    assert "2 documents and 1 scores" in dataset.problems[0].message
    assert pairs(dataset, dataset.given) == {("1", "3")}


def test_lists_with_scores_of_several_splits(tmp_path):
    files = {}
    for split in ("msmarco", "nq"):
        files |= {
            f"scores/{split}-00000-of-00001.parquet": [
                {"query_id": 1, "document_ids": [1, 2], "scores": [1.0, 0.5], "split": split}
            ],
            f"queries/{split}-00000-of-00001.parquet": [{"query_id": 1, "query": f"{split} q", "split": split}],
            f"documents/{split}-00000-of-00001.parquet": [
                {"document_id": n, "document": f"{split} {n}", "split": split} for n in (1, 2)
            ],
        }
    path = write(tmp_path, files)
    with pytest.raises(DataError, match="msmarco, nq; choose one, as in --split msmarco"):
        load(path)
    dataset = load(path, split="nq")
    assert dataset.query_texts == ["nq q"]
    assert [dataset.content(row) for row in range(2)] == ["nq 1", "nq 2"]
    assert dataset.problems == ()


def test_colbert_lists_with_scores_titles_and_bad_ones(tmp_path):
    files = {
        "examples.json": '[10, [1, 0.9], [2, 0.1]]\n["11", ["2", 3], ["3", 1.5]]\n[10]\n["11", ["9", 1], ["1", 1]]\n',
        "collection.tsv": "1\tfirst\tTitle\n2\tsecond\n3\tthird\n",
        "queries.tsv": ASKED,
    }
    path = write(tmp_path, {**files, "examples.json": "".join(files["examples.json"].splitlines(True)[:2])})
    assert negatives(path) == {("10", "2"): ("", 0.1, None), ("11", "3"): ("", 1.5, None)}
    dataset = load(path)
    assert dataset.format == "colbert"
    assert (dataset.document_title(0), dataset.document_text(0)) == ("Title", "first")
    (path / "examples.json").write_text(files["examples.json"])
    assert [row[1:] for row in kinds(load(path))] == [(3, "bad row"), (4, "unknown document")]


def test_colbert_lists_may_have_no_negatives(tmp_path):
    dataset = load(write(tmp_path, {**COLBERT, "triples.jsonl": "[10, 1]\n[11, 2]\n"}))
    assert (dataset.format, len(dataset.positives), len(dataset.given)) == ("colbert", 2, 0)


def test_triples_of_ids_are_put_together_by_pair(tmp_path):
    path = write(tmp_path, MSMARCO)
    examples = list(open_data(path).reading.examples)
    assert [(len(each.positives), len(each.negatives)) for each in examples] == [(1, 2), (1, 1)]
    dataset = load(path)
    assert pairs(dataset, dataset.positives) == {("10", "1"), ("11", "2")}
    assert pairs(dataset, dataset.given) == {("10", "2"), ("10", "3"), ("11", "1")}


def test_triples_of_ids_beside_judgments(tmp_path):
    files = {**MSMARCO, "qrels.train.tsv": "10\t0\t1\t1\n", "qrels.dev.small.tsv": "11\t0\t3\t1\n"}
    path = write(tmp_path, files)
    dataset = load(path)
    assert pairs(dataset, dataset.positives) == {("10", "1"), ("11", "2")}
    assert pairs(dataset, dataset.held_out) == {("11", "3")}
    assert dataset.problems == ()
    dev = load(path, split="dev")
    assert len(dev.given) == 0
    assert dev.facts["mined_not_read"] == ["qidpidtriples.train.full.2.tsv"]
    (path / "qrels.train.tsv").unlink()
    dataset = load(path)
    assert pairs(dataset, dataset.positives) == {("10", "1"), ("11", "2")}
    assert pairs(dataset, dataset.held_out) == {("11", "3")}


def test_negatives_by_miner_name_their_miner_and_may_be_positives(tmp_path):
    path = write(tmp_path, MINERS)
    assert [
        (example.negatives[0].miner, [each.id for each in example.negatives])
        for example in open_data(path).reading.examples
        if example.negatives
    ] == [("bm25", ["2"]), ("tas-b", ["3", "2"])]
    leaked = [{"qid": 10, "pos": [1], "neg": {"bm25": [1, 2]}}, {"qid": 11, "pos": "x", "neg": {}}]
    dataset = load(write(tmp_path, {"hard-negatives.jsonl.gz": leaked}))
    assert pairs(dataset, dataset.given) == {("10", "1"), ("10", "2")}
    assert {(line, kind) for file, line, kind in kinds(dataset) if file.startswith("hard")} == {
        (1, "conflicting judgment"), (2, "bad row")
    }  # fmt: skip


@pytest.mark.parametrize(
    "neg",
    [
        {"bm25": [{"pid": "d2", "ce-score": 1.5}]},
        [{"miner": "bm25", "ids": ["d2"]}],
        [{"miner": "bm25", "documents": [{"id": "d2", "score": 1.5}]}],
    ],
)
def test_other_shapes_of_negatives_by_miner(tmp_path, neg):
    path = write(tmp_path, {**BEIR, "mined.jsonl": [{"qid": "q1", "pos": ["d1"], "neg": neg}]})
    (found,) = negatives(path).items()
    assert found[0] == ("q1", "d2")
    assert found[1][0] == "bm25"
    assert found[1][1] in {1.5, None}


def test_the_negatives_of_an_own_beir_export_are_read_back(tmp_path):
    path = write(tmp_path, EXPORT)
    dataset = load(path)
    assert pairs(dataset, dataset.given) == {("q1", "d3"), ("q1", "d2")}
    assert dataset.positives.grades.tolist() == [2]
    assert not [kind for _, _, kind in kinds(dataset) if kind == "conflicting judgment"]
    assert {miner for miner, _, _ in negatives(path).values()} == {"topk_percpos"}
    assert "hard_negatives.jsonl" in dataset.facts["why"]
    write(path, {"qrels/test.tsv": f"{HEADER}q2\td2\t1\n"})
    assert len(load(path, split="test").given) == 0


def test_the_hubs_form_of_beir_has_the_same_splits(tmp_path):
    path = write(tmp_path, HUB)
    dataset = load(path)
    assert dataset.document_ids == ["d1", "d2", "d3"]
    assert dataset.document_title(0) == "One"
    assert pairs(dataset, dataset.positives) == {("q1", "d1")}
    assert pairs(dataset, dataset.held_out) == {("q2", "d2")}
    assert dataset.problems == ()
    assert pairs(load(path, split="test"), load(path, split="test").positives) == {("q2", "d2")}
    with pytest.raises(DataError, match="split 'nope'; there are test, train"):
        load(path, split="nope")


def test_the_hubs_form_with_texts_for_each_split(tmp_path):
    files = {}
    for split in ("dev", "test"):
        files |= {
            f"corpus/{split}-00000-of-00001.parquet": [{"id": "d1", "title": "", "text": "first"}],
            f"queries/{split}-00000-of-00001.parquet": [{"id": split, "text": f"q {split}"}],
            f"qrels/{split}-00000-of-00001.parquet": [
                {"query-id": split, "corpus-id": "d1", "score": 1}, {"query-id": split, "corpus-id": "gone", "score": 1}
            ],
        }  # fmt: skip
    dataset = load(write(tmp_path, files))
    assert dataset.query_ids == ["test"]
    assert kinds(dataset) == [("qrels/test-00000-of-00001.parquet", 2, "unknown document")]


def test_two_corpora_in_one_folder_are_refused(tmp_path):
    files = {f"{language}-{name}": rows for language in ("ar", "en") for name, rows in HUB.items()}
    with pytest.raises(DataError, match=r"more than one corpus \(ar-corpus, en-corpus\)"):
        load(write(tmp_path, files))
    dataset = load(f"{tmp_path}:en")
    assert dataset.name == f"{tmp_path.name}-en"
    assert pairs(dataset, dataset.positives) == {("q1", "d1")}


def test_llamaindex_reports_what_is_not_there(tmp_path):
    whole = json.loads(LLAMAINDEX["qa.json"])
    whole["relevant_docs"] |= {"q1": ["d1", "gone"], "q9": ["d1"], "q2": "d2"}
    dataset = load_files({"qa.json": json.dumps(whole).encode()})
    assert dataset.format == "llamaindex"
    assert sorted(kind for _, _, kind in kinds(dataset)) == [
        "bad row", "query without a positive", "unknown document", "unknown query"
    ]  # fmt: skip
    cut = LLAMAINDEX["qa.json"][:-30]
    assert "truncated line" in {kind for _, _, kind in kinds(load_files({"qa.json": cut.encode()}))}


def test_a_large_llamaindex_file_is_read_piece_by_piece(tmp_path):
    corpus = {f"d{number}": "word " * 200 for number in range(6000)}
    text = json.dumps({"corpus": corpus, "queries": {"q": "what"}, "relevant_docs": {"q": ["d5999"]}})
    (tmp_path / "big.json").write_text(text)
    opened = open_data(tmp_path / "big.json")
    assert opened.entry.name == "llamaindex"
    assert next(iter(opened.reading.documents))[0].id == "d0"
    assert "query" not in describe(load(tmp_path / "big.json"))["problems"]


def test_runs_bring_what_nobody_judged_a_positive(tmp_path):
    path = write(tmp_path, TREC)
    assert negatives(path) == {("q1", "d2"): ("bm25", 8.5, 1), ("q1", "d3"): ("bm25", 7.5, 2)}
    dataset = load(path)
    assert pairs(dataset, dataset.positives) == {("q1", "d1")}
    assert pairs(dataset, dataset.given) == {("q1", "d2"), ("q1", "d3")}
    assert dataset.facts["run_lines_of_other_queries"] == 1
    assert dataset.facts["runs"] == ["bm25.run"]


def test_an_upload_of_runs_is_read_as_its_folder_is():
    uploaded = {name: (text if isinstance(text, str) else lines(text)).encode() for name, text in TREC.items()}
    uploaded["run.txt"] = uploaded.pop("bm25.run")
    dataset = load_files(uploaded)
    assert (dataset.format, len(dataset.given)) == ("trec", 2)
    assert {kind for _, _, kind in kinds(dataset)} == {"query without a positive"}


def test_what_runs_found_goes_through_a_conversion_with_its_miner(tmp_path):
    convert(
        write(tmp_path / "data", {**TREC, "qrels.txt": "q1 0 d1 1\n"}),
        "per_miner",
        tmp_path / "out",
        knobs={"file": "jsonl"},
    )
    (row,) = map(json.loads, (tmp_path / "out" / "hard_negatives.jsonl").read_text().splitlines())
    assert (row["qid"], row["pos"]) == ("q1", ["d1"])
    assert {miner: sorted(names) for miner, names in row["neg"].items() if names} == {"bm25": ["d2", "d3"]}


def test_runs_whose_ranks_begin_with_nought_and_ms_marco_texts(tmp_path):
    files = {
        "collection.tsv": COLLECTION,
        "queries.tsv": ASKED,
        "qrels.train.tsv": "10\t0\t1\t1\n",
        "runs/a.txt": "10\tQ0\t2\t0\t9\ta\n10\tQ0\t3\t1\t8\ta\nodd line\n",
    }
    write(tmp_path, {**files, "runs/a.txt": "10\tQ0\t2\t0\t9\ta\n10\tQ0\t3\t1\t8\ta\n"})
    assert negatives(tmp_path) == {("10", "2"): ("a", 9.0, 0), ("10", "3"): ("a", 8.0, 1)}
    dataset = load(write(tmp_path, files))
    assert dataset.format == "trec"
    assert ("runs/a.txt", 3, "bad row") in kinds(dataset)


@pytest.mark.parametrize(("text", "said"), [(RUN, "--run FILE"), ("q1 0 d1 1\nq2 0 d2 0\n", "beside the corpus")])
@pytest.mark.parametrize("name", ["a.trec", "a.txt", "a"])
def test_a_run_or_judgments_alone_are_refused_with_what_to_do(tmp_path, text, said, name):
    (tmp_path / name).write_text(text)
    for path in (tmp_path / name, tmp_path):
        with pytest.raises(DataError, match=said) as refused:
            load(path)
        assert "\n" not in str(refused.value)


def test_triples_of_texts_with_quotation_marks_and_broken_letters():
    text = (
        'what is "x"\t"Quoted" from the start, and an odd " inside\tIt said: "nothing\n'
        "how much\tIt doesnâ\u0080\u0099t cost much\tIt is free\n"
        'who\t"He did," she said.\tNobody "did\n'
    )
    dataset = load_files({"triples.train.small.tsv": text.encode()})
    assert dataset.format == "tabular"
    assert (len(dataset.positives), len(dataset.given)) == (3, 3)
    assert dataset.document_text(0) == '"Quoted" from the start, and an odd " inside'
    assert ("triples.train.small.tsv", 2, "damaged text") in kinds(dataset)


def test_documents_come_before_everything_is_read(tmp_path):
    """What streams must hand out its first piece without having read the rest."""
    for number, name in enumerate(("tevatron_v2", "nemo", "pylate", "colbert", "triples of ids", "llamaindex", "trec")):
        path = write(tmp_path / str(number), SAMPLES[name][1])
        reading = open_data(path).reading
        assert iter(reading.documents) is reading.documents
        assert iter(reading.examples) is reading.examples


def test_an_entry_of_a_llamaindex_file_that_is_no_text_is_reported_with_its_line(tmp_path):
    path = tmp_path / "data.json"
    path.write_text(
        '{"queries": {"q1": "what sets jam", "q2": ["no text"]},\n "corpus": {"d1": "pectin", "d2": {"no": "text"}},\n'
        ' "relevant_docs": {"q1": ["d1"], "q2": ["d2"]}, "mode": "text"}'
    )
    found = load(path)
    assert found.query_ids == ["q1"]
    assert found.document_ids == ["d1"]
    said = [(problem.kind, problem.line) for problem in found.problems]
    assert said[:2] == [("bad row", 1), ("bad row", 2)]
    assert {kind for kind, _ in said} == {"bad row", "unknown query", "unknown document"}
