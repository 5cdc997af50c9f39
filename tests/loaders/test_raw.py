"""Real files as they are found: each loads as what it is, or is refused with what to do. Nothing of them is copied."""

import pytest

from negviz.errors import DataError
from negviz.load import load

KNOWN_COLUMNS = "name them, as in --column query=NAME --column positive=NAME"
ALONE = r"\(documents or queries alone need the others and judgments beside them, as a BEIR folder has\)"
# File, options: format, documents, queries, positives, given negatives, and how often each problem is noticed.
LOADED = [
    ("raw/atec_double_bom.csv", {}, "tabular", (38987, 38993, 8549, 30797), {"no header": 1, "byte order mark": 1}),
    ("raw/rocketqa_cross.train.tsv", {}, "tabular", (86, 7, 20, 66), {"no header": 1}),
    ("raw/rocketqa_dual.train.tsv", {}, "tabular", (78, 8, 25, 55), {"no header": 1, "conflicting judgment": 2}),
    (
        "raw/rocketqa_test_mojibake.tsv",
        {},
        "tabular",
        (70, 39, 70, 0),
        # 30 of its 100 rows have a dash for their title.
        {"no header": 1, "blank text": 30},
    ),
    ("raw/xquad.th.json", {}, "squad", (240, 1190, 1190, 0), {"byte order mark": 7}),
    (
        "raw/zh_medical_gb18030.csv",
        {"encoding": "gb18030", "columns": {"query": "ask"}},
        "tabular",
        (7244, 7237, 7248, 0),
        {"duplicate text": 1},
    ),
    (
        "raw/wands_query.csv",
        {"columns": {"query": "query", "positive": "query_class"}},
        "tabular",
        (188, 480, 474, 0),
        {"blank text": 6, "query without a positive": 6},
    ),
    ("train_files/bge_msmarco.jsonl", {}, "flagembedding", (260, 10, 10, 250), {}),
    ("train_files/bge_nq.jsonl", {}, "flagembedding", (986, 10, 10, 977), {"duplicate judgment": 2}),
    ("train_files/llm_embedder_qa.json", {}, "flagembedding", (808, 8, 8, 800), {}),
    ("train_files/toy_finetune_data.jsonl", {}, "flagembedding", (80, 10, 10, 70), {}),
    ("train_files", {}, "flagembedding", (2120, 38, 38, 2097), {"duplicate judgment": 2}),
]
# File, options: the sentence.
REFUSED = [
    ("raw/arcd_queries_escaped.jsonl", {}, rf"has the columns _id, text.*as the query {ALONE}; {KNOWN_COLUMNS}\.$"),
    ("raw/cacm.json", {}, rf"has the columns id, contents.*as the query {ALONE}; {KNOWN_COLUMNS}\.$"),
    ("raw/dbpedia_qrels_unicode_ids.tsv", {}, "looks like judgments by id.*give the folder that holds them all"),
    ("raw/meta.json", {}, rf"has the columns file, bytes, what.*{KNOWN_COLUMNS}"),
    (
        "raw/msmarco_qrels_no_header.tsv",
        {},
        "looks like relevance judgments by id.*give the folder that holds them all",
    ),
    ("raw/pg_qrels_header_only.tsv", {}, r"has a header \(query-id, corpus-id, score\) and no rows; give the file"),
    ("raw/wands_query.csv", {}, rf"known as the positive \(queries alone need documents.*{KNOWN_COLUMNS}"),
    ("raw/zh_medical_gb18030.csv", {}, r"line 2 is not UTF-8 \(byte 0xD0\).*name it, as in --encoding gb18030\.$"),
    (
        "raw/zh_medical_gb18030.csv",
        {"encoding": "gb18030"},
        rf"has the columns department, title, ask, answer, and none of them is known as the query; {KNOWN_COLUMNS}\.$",
    ),
    ("raw/zh_medical_gb18030.csv", {"encoding": "utf-16"}, "line 2 is not utf-16 text; give the file's own --encoding"),
    ("raw", {}, "which is none of the formats known here.*turn it into a table with a query and a positive"),
    (
        "train_files/meta.json",
        {},
        "whose first keys are sources, repo.*turn it into a table with a query and a positive",
    ),
]
WITHOUT_A_COUNT = {"damaged text", "duplicate text", "query without a positive"}


@pytest.mark.parametrize(("file", "options", "format", "counts", "problems"), LOADED)
def test_real_files_are_read_as_what_they_are(collections, file, options, format, counts, problems):
    dataset = load(collections / file, **options)
    assert dataset.format == format
    found = (len(dataset.documents), len(dataset.queries), len(dataset.positives), len(dataset.given))
    assert found == counts
    kinds = [problem.kind for problem in dataset.problems]
    assert {kind: kinds.count(kind) for kind in {*kinds, *problems} - (WITHOUT_A_COUNT - problems.keys())} == problems


@pytest.mark.parametrize(("file", "options", "sentence"), REFUSED)
def test_what_cannot_be_read_is_refused_with_its_name_and_what_to_do(collections, file, options, sentence):
    with pytest.raises(DataError, match=sentence) as refused:
        load(collections / file, **options)
    said = str(refused.value)
    assert said.startswith(file.rpartition("/")[2])
    assert "\n" not in said
    assert said.count(". ") == 0


def test_no_file_is_forgotten(collections):
    judged = {file for file, *_ in (*LOADED, *REFUSED)}
    there = {f"{folder}/{path.name}" for folder in ("raw", "train_files") for path in (collections / folder).iterdir()}
    assert there - judged == set()


def test_what_real_files_say_beside_the_texts(collections):
    xquad = load(collections / "raw/xquad.th.json")
    assert xquad.documents["group"].to_pylist().count("Super_Bowl_50") == 5
    assert xquad.answers[0] == ["308"]
    assert xquad.query_ids[0] == "56beb4343aeaaa14008c925b"
    medical = load(collections / "raw/zh_medical_gb18030.csv", encoding="gb18030", columns={"query": "ask"})
    assert medical.query_text(0).startswith("我有高血压这两天女婿来的时候")
    atec = load(collections / "raw/atec_double_bom.csv")
    assert (atec.query_text(0), atec.positives.of_query(0).size) == ("怎么更改花呗手机号码", 1)
    cross = load(collections / "raw/rocketqa_cross.train.tsv")
    assert "-" not in cross.documents["title"].to_pylist()
