"""BEIR and MS MARCO folders: splits, judgments, and everything that is wrong in real ones."""

import gzip
import json

import pytest
import zstandard

from negviz.errors import DataError
from negviz.load import describe, load

CORPUS = [
    {"_id": "d1", "title": "One", "text": "first text"},
    {"_id": "d2", "title": "", "text": "second text"},
    {"_id": 3, "title": None, "text": "third text", "metadata": {"url": "http://a.example/3"}},
]
QUERIES = [{"_id": "q1", "text": "what is one"}, {"_id": "q2", "text": "what is two"}]
HEADER = "query-id\tcorpus-id\tscore\n"


def lines(rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


@pytest.fixture
def folder(tmp_path):
    def make(corpus=CORPUS, queries=QUERIES, **qrels):
        (tmp_path / "corpus.jsonl").write_text(corpus if isinstance(corpus, str) else lines(corpus))
        (tmp_path / "queries.jsonl").write_text(queries if isinstance(queries, str) else lines(queries))
        (tmp_path / "qrels").mkdir(exist_ok=True)
        for name, text in (qrels or {"train": f"{HEADER}q1\td1\t1\nq2\td2\t2\n"}).items():
            (tmp_path / "qrels" / f"{name}.tsv").write_text(text)
        return tmp_path

    return make


def kinds(dataset):
    return [(problem.file, problem.line, problem.kind) for problem in dataset.problems]


def pairs(dataset, judged):
    return {
        (dataset.query_id(query), dataset.document_id(document)): int(grade)
        for query, document, grade in zip(judged.queries, judged.documents, judged.grades, strict=True)
    }


def test_a_clean_folder_loads_without_a_problem(folder):
    dataset = load(folder())
    assert dataset.format == "beir"
    assert dataset.document_ids == ["3", "d1", "d2"]
    assert dataset.query_texts == ["what is one", "what is two"]
    assert dataset.document_title(1) == "One"
    assert pairs(dataset, dataset.positives) == {("q1", "d1"): 1, ("q2", "d2"): 2}
    assert dataset.documents["group"].to_pylist() == ["http://a.example/3", None, None]
    assert dataset.problems == ()
    assert dataset.facts["split"] == "train"
    assert dataset.facts["files"] == ["corpus.jsonl", "qrels/train.tsv", "queries.jsonl"]


def test_a_header_less_file_keeps_its_first_judgment_and_says_so(folder):
    dataset = load(folder(train="q1\td1\t1\nq2\td2\t1.0\n"))
    assert len(dataset.positives) == 2
    assert kinds(dataset) == [("qrels/train.tsv", 1, "no header")]


def test_trec_judgments_with_four_cells_are_read(folder):
    dataset = load(folder(test="q1 0 d1 1\nq2 0 d2 0\n"))
    assert pairs(dataset, dataset.positives) == {("q1", "d1"): 1}
    assert pairs(dataset, dataset.given) == {("q2", "d2"): 0}


def test_a_header_tells_the_order_of_the_cells(folder):
    dataset = load(folder(test="score\tcorpus-id\tquery-id\n1\td1\tq1\n2\td2\tq2\n"))
    assert pairs(dataset, dataset.positives) == {("q1", "d1"): 1, ("q2", "d2"): 2}


def test_train_gives_positives_and_the_usual_others_are_held_out(folder):
    path = folder(
        train=f"{HEADER}q1\td1\t1\n",
        test=f"{HEADER}q2\td2\t1\n",
        dev=f"{HEADER}q2\td1\t1\n",
        odd=f"{HEADER}q1\td2\t1\n",
    )
    dataset = load(path)
    assert pairs(dataset, dataset.positives) == {("q1", "d1"): 1}
    assert pairs(dataset, dataset.held_out) == {("q2", "d2"): 1, ("q2", "d1"): 1}
    assert dataset.problems == ()
    assert dataset.facts["judgments_not_read"] == ["qrels/odd.tsv"]


def test_the_split_can_be_chosen(folder):
    path = folder(train=f"{HEADER}q1\td1\t1\n", test=f"{HEADER}q2\td2\t1\n")
    dataset = load(path, split="test")
    assert pairs(dataset, dataset.positives) == {("q2", "d2"): 1}
    assert len(dataset.held_out) == 0
    with pytest.raises(DataError, match="no judgments for the split 'nope'; there are test, train"):
        load(path, split="nope")


def test_without_train_the_only_file_or_test_is_taken(folder):
    assert load(folder(odd=f"{HEADER}q1\td1\t1\n")).facts["split"] == "odd"
    assert load(folder(test=f"{HEADER}q2\td2\t1\n")).facts["split"] == "test"


def test_several_files_without_a_natural_one_must_be_chosen(folder):
    with pytest.raises(DataError, match="choose one, as in --split a"):
        load(folder(a=f"{HEADER}q1\td1\t1\n", b=f"{HEADER}q1\td1\t1\n"))


def test_grades_of_nought_and_less_are_negatives_that_somebody_judged(folder):
    dataset = load(folder(test=f"{HEADER}q1\td1\t1\nq1\td2\t0\nq2\td2\t3\nq2\td1\t-1\n"))
    assert pairs(dataset, dataset.given) == {("q1", "d2"): 0, ("q2", "d1"): 0}
    assert dataset.facts["judged_not_relevant"] == 2


def test_judgments_of_what_is_not_there_are_named_and_left_out(folder):
    dataset = load(folder(test=f"{HEADER}q1\td1\t1\nq9\td1\t1\nq2\td9\t1\n"))
    assert len(dataset.positives) == 1
    assert kinds(dataset) == [
        ("qrels/test.tsv", 3, "unknown query"),
        ("qrels/test.tsv", 4, "unknown document"),
        ("queries.jsonl", 2, "query without a positive"),
    ]


def test_bad_lines_of_judgments_are_named_and_left_out(folder):
    dataset = load(folder(test=f"{HEADER}q1\td1\t1\nq2\td2\nq2\td2\thigh\nq2\td2\t0.5\nq2\td2\t1\n"))
    assert kinds(dataset) == [("qrels/test.tsv", line, "bad row") for line in (3, 4, 5)]
    assert len(dataset.positives) == 2


def test_of_two_judgments_of_a_pair_the_higher_holds(folder):
    dataset = load(folder(test=f"{HEADER}q1\td1\t0\nq1\td1\t2\nq2\td2\t1\nq2\td2\t1\n"))
    assert pairs(dataset, dataset.positives) == {("q1", "d1"): 2, ("q2", "d2"): 1}
    assert len(dataset.given) == 0
    assert kinds(dataset) == [
        ("qrels/test.tsv", 3, "conflicting judgment"),
        ("qrels/test.tsv", 5, "duplicate judgment"),
    ]


def test_of_an_id_that_stands_twice_the_first_is_kept(folder):
    corpus = [*CORPUS, {"_id": "d1", "title": "", "text": "another"}, CORPUS[1]]
    dataset = load(folder(corpus=corpus, queries=[*QUERIES, {"_id": "q1", "text": "other"}]))
    assert len(dataset.documents) == 3
    assert dataset.content(1) == "One first text"
    assert kinds(dataset) == [
        ("corpus.jsonl", 4, "duplicate id"),
        ("corpus.jsonl", 5, "duplicate id"),
        ("queries.jsonl", 3, "duplicate id"),
    ]
    messages = [problem.message for problem in dataset.problems]
    assert ["with another text" in message for message in messages] == [True, False, True]


def test_same_text_but_for_case_and_spacing_is_reported_and_kept(folder):
    dataset = load(folder(corpus=[*CORPUS, {"_id": "d4", "text": "SECOND  Text"}]))
    assert len(dataset.documents) == 4
    assert kinds(dataset) == [("corpus.jsonl", 4, "duplicate text")]
    assert "'d4'" in dataset.problems[0].message
    assert "'d2'" in dataset.problems[0].message


def test_blank_documents_stay_and_blank_queries_go(folder):
    path = folder(
        corpus=[*CORPUS, {"_id": "d4", "title": " ", "text": None}, {"_id": "d5", "title": "Title alone", "text": ""}],
        queries=[*QUERIES, {"_id": "q3", "text": " \u200b"}],
    )
    dataset = load(path)
    assert "d4" in dataset.document_ids
    assert dataset.query_ids == ["q1", "q2"]
    assert kinds(dataset) == [("corpus.jsonl", 4, "blank text"), ("queries.jsonl", 3, "blank text")]


def test_rows_that_are_no_documents_are_named_and_left_out(folder):
    corpus = (
        lines(CORPUS) + '[1]\n{"title": "no id", "text": "x"}\n{"_id": "d6"}\n{"_id": "d7", "text": ["x"]}\nnot json\n'
    )
    dataset = load(folder(corpus=corpus + lines([{"_id": "d8", "text": "eight"}])))
    assert kinds(dataset) == [("corpus.jsonl", line, "bad row") for line in (4, 5, 6, 7, 8)]
    assert "d8" in dataset.document_ids


def test_a_last_line_that_is_cut_off_is_left_out(folder):
    dataset = load(folder(corpus=lines(CORPUS) + '{"_id": "d4", "te'))
    assert kinds(dataset) == [("corpus.jsonl", 4, "truncated line")]


def test_byte_order_marks_and_carriage_returns_change_nothing(folder):
    path = folder()
    clean = load(path)
    for name in ("corpus.jsonl", "queries.jsonl", "qrels/train.tsv"):
        text = (path / name).read_bytes()
        (path / name).write_bytes(b"\xef\xbb\xbf" + text.replace(b"\n", b"\r\n"))
    assert load(path).fingerprint == clean.fingerprint
    assert load(path).problems == ()


def test_compressed_parts_are_read(folder):
    path = folder()
    clean = load(path)
    corpus, queries = path / "corpus.jsonl", path / "queries.jsonl"
    (path / "corpus.jsonl.gz").write_bytes(gzip.compress(corpus.read_bytes()))
    (path / "queries.jsonl.zst").write_bytes(zstandard.compress(queries.read_bytes()))
    corpus.unlink()
    queries.unlink()
    assert load(path).fingerprint == clean.fingerprint


def test_halves_of_surrogate_pairs_are_replaced(folder):
    dataset = load(folder(corpus=lines(CORPUS) + '{"_id": "d4", "text": "bad \\ud800 half"}\n'))
    assert dataset.document_text(3) == "bad \ufffd half"
    assert kinds(dataset) == [("corpus.jsonl", 4, "damaged text")]
    assert dataset.fingerprint


@pytest.mark.parametrize("missing", ["corpus.jsonl", "queries.jsonl", "qrels/train.tsv"])
def test_a_folder_that_lacks_a_part_is_refused(folder, missing):
    path = folder()
    (path / missing).unlink()
    with pytest.raises(DataError):
        load(path)


def test_judgments_with_a_header_and_nothing_else_are_refused(folder):
    with pytest.raises(DataError, match=r"qrels/test.tsv has a header and no judgments"):
        load(folder(test=HEADER))


def test_a_folder_inside_a_folder_is_found(folder, tmp_path):
    path = folder()
    inner = tmp_path / "inner"
    inner.mkdir()
    for name in ("corpus.jsonl", "queries.jsonl", "qrels"):
        (path / name).rename(inner / name)
    assert load(tmp_path).name == "inner"


def test_ids_in_quotation_marks_meet_ids_without(folder):
    dataset = load(folder(test=f'{HEADER}"q1"\t"d1"\t1\n'))
    assert len(dataset.positives) == 1


def test_description_is_plain_json(folder):
    found = json.loads(json.dumps(describe(load(folder(test=f"{HEADER}q1\td1\t1\nq9\td1\t1\n")))))
    assert (found["format"], found["documents"], found["queries"], found["positives"]) == ("beir", 3, 2, 1)
    assert (found["given_negatives"], found["held_out"]) == (0, 0)
    assert set(found["problems"][0]) == {"file", "line", "kind", "message"}


def test_ms_marco_folder(tmp_path):
    (tmp_path / "collection.tsv").write_text('0\tThe "first" passage\n1\t"Second" passage\n2\tThird\nno tab\n')
    (tmp_path / "queries.train.tsv").write_text("10\twhat is first\n11\twhat is second\n")
    (tmp_path / "queries.dev.small.tsv").write_text("12\twhat is third\n")
    (tmp_path / "qrels.train.tsv").write_text("10\t0\t0\t1\n11\t0\t1\t1\n")
    (tmp_path / "qrels.dev.small.tsv").write_text("12\t0\t2\t1\n")
    dataset = load(tmp_path)
    assert dataset.format == "msmarco"
    assert dataset.document_text(1) == '"Second" passage'
    assert pairs(dataset, dataset.positives) == {("10", "0"): 1, ("11", "1"): 1}
    assert pairs(dataset, dataset.held_out) == {("12", "2"): 1}
    assert ("collection.tsv", 4, "bad row") in kinds(dataset)


def test_held_out_judgments_that_are_none_do_not_keep_the_rest_from_being_read(folder):
    dataset = load(folder(train=f"{HEADER}q1\td1\t1\nq2\td2\t1\n", dev=HEADER, test=""))
    assert len(dataset.positives) == 2
    assert kinds(dataset) == [("qrels/dev.tsv", 1, "no judgments"), ("qrels/test.tsv", 1, "no judgments")]
