"""Loading: paths, uploads, real collections."""

import os
from pathlib import Path

import pytest

import negviz
from negviz.errors import DataError, NegvizError, UnknownNameError
from negviz.load import PROBLEM_KINDS, describe, load, load_files

ROOT = Path(__file__).parents[1]
COLLECTIONS = Path(os.environ.get("NEGVIZ_COLLECTIONS") or ROOT / "../shared/collections").resolve()
PAIRS = b"query,positive\nwhat is it,it is this\n"
BEIR = {
    "corpus.jsonl": b'{"_id": "d1", "text": "one"}\n',
    "queries.jsonl": b'{"_id": "q1", "text": "what"}\n',
    "train.tsv": b"query-id\tcorpus-id\tscore\nq1\td1\t1\n",
}

real = pytest.mark.skipif(not COLLECTIONS.is_dir(), reason="the real collections are not here")


@pytest.mark.parametrize("path", ["nowhere.csv", "", "x" * 5000, "a\0b", "/dev/null", "~nobody-of-that-name/x"])
def test_what_is_not_there_is_refused(tmp_path, monkeypatch, path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError):
        load(path)


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(DataError, match="no files in it"):
        load(tmp_path)


def test_an_unknown_format_lists_the_known_ones(tmp_path):
    (tmp_path / "a.csv").write_bytes(PAIRS)
    with pytest.raises(UnknownNameError, match="beir"):
        load(tmp_path / "a.csv", format="bier")


def test_the_name_is_the_files_without_its_endings(tmp_path):
    (tmp_path / "My.Pairs.csv").write_bytes(PAIRS)
    assert load(tmp_path / "My.Pairs.csv").name == "my.pairs"


def test_progress_is_told(tmp_path):
    (tmp_path / "a.csv").write_bytes(PAIRS + b"again,and again\n" * 9000)
    told = []
    load(tmp_path / "a.csv", progress=lambda *step: told.append(step))
    assert told
    assert all(name == "Reading a.csv" and 0 < done <= whole for name, done, whole in told)


def test_the_sample_loads_or_says_that_it_is_missing():
    if (Path(negviz.__file__).parents[1] / "data" / "sample").exists():
        assert len(load("sample").positives) > 0
    else:
        with pytest.raises(DataError, match="sample"):
            load("sample")


def test_one_upload_is_that_file():
    assert load_files({"a.csv": PAIRS}).format == "tabular"


def test_several_uploads_make_a_beir_folder():
    dataset = load_files(BEIR)
    assert dataset.format == "beir"
    assert dataset.facts["split"] == "train"
    assert len(dataset.positives) == 1


@pytest.mark.parametrize(
    "name", ["../../evil.csv", "/etc/evil.csv", "C:\\evil.csv", "..", "", "a/b\0.csv", ".hidden", "é" * 300]
)
def test_the_name_of_an_upload_is_never_a_path(name):
    dataset = load_files({name: PAIRS})
    assert len(dataset.positives) == 1
    assert not any("/" in file for file in dataset.facts["files"])


def test_uploads_of_one_name_in_two_folders_are_both_read():
    dataset = load_files({"a/x.csv": PAIRS, "b/x.csv": PAIRS.replace(b"what", b"who")})
    assert len(dataset.queries) == 2


def test_no_upload_is_refused():
    with pytest.raises(DataError, match="No file"):
        load_files({})


def test_options_reach_the_loader():
    data = "frage;antwort\nwär das was;ja\n".encode("latin-1")
    dataset = load_files({"a.csv": data}, encoding="latin-1", columns={"query": "frage", "positive": "antwort"})
    assert dataset.query_texts == ["wär das was"]


@real
@pytest.mark.parametrize(
    ("name", "documents", "queries", "positives", "given"),
    [
        ("cacm", 3204, 64, 796, 0),
        ("lisa", 5999, 35, 379, 0),
        ("time", 423, 83, 324, 0),
        ("scifact", 5183, 1409, 919, 0),
        ("trec_dl21", 10553, 53, 3385, 1427),
        ("xquad_zh", 240, 1190, 1190, 0),
    ],
)
def test_real_collections_have_the_counts_that_are_documented(name, documents, queries, positives, given):
    found = describe(load(COLLECTIONS / name))
    counts = [found[key] for key in ("documents", "queries", "positives", "given_negatives")]
    assert counts == [documents, queries, positives, given]
    assert {problem["kind"] for problem in found["problems"]} <= set(PROBLEM_KINDS)


@real
def test_real_held_out_judgments():
    dataset = load(COLLECTIONS / "scifact")
    assert len(dataset.held_out) == 339
    assert len(load(COLLECTIONS / "scifact", split="test").positives) == 339


@real
def test_every_real_file_loads_or_is_refused_in_one_sentence():
    paths = [path for folder in ("raw", "train_files", ".") for path in sorted((COLLECTIONS / folder).iterdir())]
    assert len(paths) > 20
    for path in paths:
        said = outcome(path)
        assert "\n" not in said
        assert len(said) < 700


def outcome(path):
    """What loading a file ends in: its format, or the sentence that refuses it."""
    try:
        return load(path).format
    except NegvizError as error:
        return str(error)


@real
def test_real_messy_files():
    raw = COLLECTIONS / "raw"
    medical = load(raw / "zh_medical_gb18030.csv", encoding="gb18030", columns={"query": "ask", "positive": "answer"})
    assert len(medical.positives) > 7000
    atec = load(raw / "atec_double_bom.csv")
    assert {problem.kind for problem in atec.problems if problem.line == 1} >= {"no header", "byte order mark"}
    assert not atec.query_text(0).startswith("\ufeff")
    with pytest.raises(DataError, match="columns data"):
        load(raw / "xquad.th.json", format="tabular")


def test_files_that_are_not_read_are_named(tmp_path):
    for split in ("train", "validation", "test"):
        (tmp_path / f"{split}.csv").write_bytes(PAIRS)
    (tmp_path / "README.md").write_text("about it")
    assert describe(load(tmp_path))["facts"]["files_not_read"] == ["test.csv", "validation.csv"]


def test_a_folder_in_a_folder_beside_a_licence_is_found(tmp_path):
    (tmp_path / "data" / "en").mkdir(parents=True)
    (tmp_path / "README.md").write_text("about it")
    (tmp_path / "data" / "en" / "train-00000-of-00001.csv").write_bytes(PAIRS)
    assert load(tmp_path).query_texts[0] == "what is it"


def test_a_beir_folder_beside_a_licence_is_found(tmp_path):
    for name, data in BEIR.items():
        place = tmp_path / "scifact" / ("qrels/" + name if name.endswith(".tsv") else name)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    (tmp_path / "README.md").write_text("about it")
    assert load(tmp_path).format == "beir"


def test_a_link_that_leads_back_gives_no_file_twice(tmp_path):
    (tmp_path / "a.csv").write_bytes(PAIRS)
    (tmp_path / "self").symlink_to(".")
    assert describe(load(tmp_path))["facts"]["files"] == ["a.csv"]


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.jsonl.gz", b"hello", "is called .gz but does not begin"),
        ("a.parquet", b"xx", "is called .parquet but does not begin"),
        ("a.json", b"[\n]\n", "an empty JSON array"),
    ],
)
def test_what_is_not_what_its_name_says_is_refused_for_that(name, data, said):
    with pytest.raises(DataError, match=said):
        load_files({name: data})


def test_a_folder_of_files_of_different_kinds_is_refused_for_that(tmp_path):
    (tmp_path / "a.csv").write_bytes(PAIRS)
    (tmp_path / "b.jsonl").write_text('{"query": "q", "positive": "p"}\n')
    with pytest.raises(DataError, match="files of different kinds"):
        load(tmp_path)
