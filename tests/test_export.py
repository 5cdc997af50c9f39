import json
from dataclasses import replace
from pathlib import Path

import datasets
import numpy as np
import pyarrow.parquet as pq
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from negviz.errors import DataError, ExportError, NegvizError, RecipeError, UnknownNameError
from negviz.export import export, find_format, formats, preview, verify
from negviz.exporters import EXPORTERS
from negviz.labels import Verdict
from negviz.recipe import read_recipe
from negviz.store import save_pool
from tests.exporters import three
from tests.exporters.three import NONE

NAMES = EXPORTERS.names()
FALSE_NEGATIVE = ("q1", "d0", Verdict.FALSE_NEGATIVE)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", NAMES)
def test_an_export_verifies_and_says_where_it_comes_from(name, tmp_path):
    selection, labels = three.selection(), three.labels(FALSE_NEGATIVE)
    manifest = export(selection, labels, name, tmp_path / "out")
    assert verify(tmp_path / "out") == []
    assert json.loads((tmp_path / "out/manifest.json").read_text("utf-8")) == manifest
    assert set(manifest["files"]) == set(contents(tmp_path / "out")) - {"manifest.json"}
    assert manifest["fingerprints"] == {
        "dataset": selection.pool.dataset.fingerprint,
        "pool": selection.pool.fingerprint,
        "selection": selection.fingerprint,
        "labels": labels.fingerprint,
    }
    assert manifest["counts"]["promoted"] == 1
    assert manifest["labels"]["false negative"] == 1
    assert manifest["encoder"] == "by hand"
    assert manifest["seed"] == 0
    assert {"python", "numpy", "pyarrow"} <= set(manifest["versions"])
    assert manifest["time"].endswith("+00:00")
    assert read_recipe(tmp_path / "out/recipe.yaml") == selection.recipe


@pytest.mark.parametrize("name", NAMES)
def test_only_the_manifest_differs_between_two_exports_of_the_same(name, tmp_path):
    for half in ("one", "two"):
        export(three.selection(), three.labels(FALSE_NEGATIVE), name, tmp_path / half)
    one, two = (contents(tmp_path / half) for half in ("one", "two"))
    assert {file for file in one | two if one.get(file) != two.get(file)} <= {"manifest.json"}


def test_what_labels_changed_is_told(tmp_path):
    export(three.selection(), three.labels(FALSE_NEGATIVE), "n-tuple", tmp_path / "out", knobs={"negatives": 1})
    lines = (tmp_path / "out/label_changes.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line) for line in lines] == [
        {"query_id": "q1", "document_id": "d0", "what": "taken out of the negatives and made a positive"}
    ]


@pytest.mark.parametrize("name", ["triplet", "n-tuple", "labeled-pair", "labeled-list", "flagembedding"])
@pytest.mark.parametrize("file", ["parquet", "jsonl"])
def test_the_card_tells_datasets_where_the_data_is(name, file, tmp_path):
    knobs = {"file": file} if name != "flagembedding" else {}
    manifest = export(three.selection(), NONE, name, tmp_path / "out", knobs=knobs)
    data = datasets.load_dataset(str(tmp_path / "out"), split="train", cache_dir=str(tmp_path / "cache"))
    assert len(data) == manifest["written"]["rows"]
    assert data[0] == preview(three.selection(), NONE, name, 1, knobs=knobs)[0]


def test_the_ids_are_a_configuration_of_the_card_too(tmp_path):
    export(three.selection(), NONE, "triplet", tmp_path / "out")
    ids = datasets.load_dataset(str(tmp_path / "out"), "ids", split="train", cache_dir=str(tmp_path / "cache"))
    assert ids["query_id"][:5] == ["q0"] * 4 + ["q1"]


def test_the_card_has_numbers_funnel_and_code(tmp_path):
    selection = three.selection(title="Hardest <b>first</b>", paper="By | hand")
    export(selection, three.labels(FALSE_NEGATIVE), "flagembedding", tmp_path / "out", knobs={"scores": True})
    text = (tmp_path / "out/README.md").read_text("utf-8")
    front = yaml.safe_load(text.split("---")[1])
    assert front["task_categories"] == ["text-retrieval"]
    assert front["size_categories"] == ["n<1K"]
    assert "| 1 | of them added by labels (false negatives that people found) |" in text
    assert "| -3 | allowed, but not drawn |" in text
    assert "| 8 | candidates |" in text
    assert "--train_data flagembedding/train.jsonl --train_group_size 3" in text
    assert "--knowledge_distillation True" in text
    assert "&lt;b&gt;" in text
    assert "By \\| hand" in text


def test_snippets_of_python_formats_compile(tmp_path):
    for name in NAMES:
        export(three.selection(), NONE, name, tmp_path / name)
        text = (tmp_path / name / "README.md").read_text("utf-8")
        if "```python" in text:
            compile(text.split("```python")[1].split("```")[0], name, "exec")
        assert "DATA" not in text


@pytest.mark.parametrize("name", NAMES)
def test_the_preview_is_the_beginning_of_the_file(name):
    rows = preview(three.selection(), NONE, name, 2)
    assert len(rows) == 2
    assert preview(three.selection(), NONE, name, 1) == rows[:1]


def test_an_empty_training_set_is_refused_and_leaves_nothing(tmp_path):
    pool = three.pool()
    bare = replace(pool, positives=np.full_like(pool.positives, -1))
    with pytest.raises(ExportError, match="None of the 3 queries has a positive"):
        export(three.selection(of=bare), NONE, "triplet", tmp_path / "out")
    selection = three.selection()
    none = replace(selection, columns=np.full_like(selection.columns, -1))
    with pytest.raises(ExportError, match="No negative is left"):
        export(none, NONE, "triplet", tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_refusal_keeps_the_old_export(tmp_path):
    export(three.selection(), NONE, "n-tuple", tmp_path / "out")
    before = contents(tmp_path / "out")
    with pytest.raises(ExportError, match="fewer than 9"):
        export(three.selection(9), NONE, "n-tuple", tmp_path / "out")
    assert contents(tmp_path / "out") == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_another_export_takes_the_place_of_the_old_one(tmp_path):
    export(three.selection(), NONE, "n-tuple", tmp_path / "out")
    export(three.selection(), NONE, "trec-run", tmp_path / "out")
    assert verify(tmp_path / "out") == []
    assert not (tmp_path / "out/n-tuple").exists()


def test_a_pool_and_a_persons_own_files_are_left_alone(tmp_path):
    selection = three.selection()
    save_pool(selection.pool, tmp_path / "pool")
    with pytest.raises(ExportError, match="something else than an export"):
        export(selection, NONE, "triplet", tmp_path / "pool")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/notes.txt").write_text("keep me")
    with pytest.raises(DataError, match="did not write"):
        export(selection, NONE, "triplet", tmp_path / "mine")
    export(selection, NONE, "triplet", tmp_path / "out")
    (tmp_path / "out/model").mkdir()
    (tmp_path / "out/model/weights.bin").write_bytes(b"days of work")
    with pytest.raises(ExportError, match=r"model/weights\.bin"):
        export(selection, NONE, "triplet", tmp_path / "out")
    assert (tmp_path / "out/model/weights.bin").is_file()


def test_formats_are_found_in_either_spelling():
    assert find_format("n-tuple") is find_format("n_tuple") is find_format(" N-Tuple ")
    with pytest.raises(UnknownNameError, match="n_tuple"):
        find_format("n-tupel")


def test_every_format_says_who_reads_and_who_writes_it():
    found = {entry["name"]: entry for entry in formats()}
    assert {"triplet", "n-tuple", "labeled-pair", "labeled-list", "flagembedding", "beir", "trec_run"} <= set(found)
    assert "n_tuple" not in found
    assert found["flagembedding"]["reads"]
    assert found["flagembedding"]["writes"]
    assert set(found["beir"]) == {"name", "title", "reads", "writes", "trainer", "knobs"}
    assert [knob["name"] for knob in found["n-tuple"]["knobs"]] == ["negatives", "short", "scores", "file"]
    assert found["dpr"]["knobs"] == []


def test_knobs_are_checked(tmp_path):
    for knobs in ({"negative": 3}, {"negatives": "many"}, {"file": "csv"}, {"scores": "perhaps"}):
        with pytest.raises(RecipeError):
            export(three.selection(), NONE, "n-tuple", tmp_path / "out", knobs=knobs)
    assert list(tmp_path.iterdir()) == []
    manifest = export(three.selection(), NONE, "n-tuple", tmp_path / "out", knobs={"negatives": "1", "scores": "yes"})
    assert manifest["knobs"] == {
        "negatives": 1, "short": "drop", "scores": True, "file": "parquet", "unsure": "leave out",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (lambda folder: (folder / "n-tuple/train-00000-of-00001.parquet").write_bytes(b"PAR1"), "damaged"),
        (lambda folder: (folder / "README.md").write_text("short"), "README.md has changed: its sha256"),
        (lambda folder: (folder / "ids.parquet").unlink(), "ids.parquet is missing"),
        (lambda folder: (folder / "more.txt").write_text("x"), "more.txt is not in the manifest"),
    ],
)
def test_what_is_spoilt_is_found(spoil, complaint, tmp_path):
    export(three.selection(), NONE, "n-tuple", tmp_path / "out")
    spoil(tmp_path / "out")
    assert any(complaint in problem for problem in verify(tmp_path / "out"))


def test_a_manifest_that_miscounts_or_points_elsewhere_is_found(tmp_path):
    export(three.selection(), NONE, "n-tuple", tmp_path / "out")
    path = tmp_path / "out/manifest.json"
    manifest = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps(manifest | {"written": manifest["written"] | {"rows": 7}}))
    assert any("has 3 rows, but the manifest counts 7" in problem for problem in verify(tmp_path / "out"))
    path.write_text(json.dumps(manifest | {"files": manifest["files"] | {"../secret": {}}}))
    assert any("outside of the folder" in problem for problem in verify(tmp_path / "out"))
    with pytest.raises(ExportError, match="is not an export"):
        verify(tmp_path)


@pytest.mark.parametrize(
    "edit",
    [
        lambda manifest: manifest.pop("written"),
        lambda manifest: manifest["files"].update({"README.md": None}),
        lambda manifest: manifest["written"].pop("data"),
        lambda manifest: manifest.update(written=[]),
    ],
)
def test_a_manifest_without_what_it_should_hold_is_none(edit, tmp_path):
    manifest = export(three.selection(), NONE, "n-tuple", tmp_path / "out")
    edit(manifest)
    (tmp_path / "out/manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(ExportError, match="no readable"):
        verify(tmp_path / "out")


def test_a_manifest_that_names_no_known_loader_is_a_problem(tmp_path):
    manifest = export(three.selection(), NONE, "n-tuple", tmp_path / "out")
    (tmp_path / "out/manifest.json").write_text(json.dumps(manifest | {"reads": "nothing"}))
    assert any("There is no format called 'nothing'" in problem for problem in verify(tmp_path / "out"))


def test_the_card_says_how_much_stands_in_the_rows_of_each_file(tmp_path):
    manifest = export(three.selection(), NONE, "pair", tmp_path / "pair")
    card = (tmp_path / "pair/README.md").read_text("utf-8")
    assert manifest["counts"]["negatives"]
    assert "| 0 | negatives in the rows |" in card
    export(three.selection(), NONE, "n-tuple", tmp_path / "split", knobs={"short": "split", "negatives": 2})
    card = (tmp_path / "split/README.md").read_text("utf-8")
    for path in sorted((tmp_path / "split").glob("n-tuple-*/*.parquet")):
        rows = pq.read_metadata(path).num_rows
        assert f"| {rows} | rows in `{path.relative_to(tmp_path / 'split').as_posix()}` |" in card


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(texts=st.lists(TEXT, min_size=6, max_size=6), odd=st.lists(TEXT, min_size=3, max_size=3))
def test_any_text_comes_back_from_both_kinds_of_file(texts, odd, tmp_path_factory):
    documents = [
        *three.DOCUMENTS[:3],
        *((d[0], t, f"{d[2]}{x}") for d, t, x in zip(three.DOCUMENTS[3:], texts, texts[::-1], strict=True)),
    ]
    queries = [(query[0], text) for query, text in zip(three.QUERIES, odd, strict=True)]
    selection = three.selection(of=three.pool(documents, queries))
    folder = tmp_path_factory.mktemp("any")
    try:
        expected = preview(selection, NONE, "n-tuple", 10, knobs={"negatives": 1})
    except NegvizError:
        return
    for file in ("parquet", "jsonl"):
        export(selection, NONE, "n-tuple", folder / file, knobs={"negatives": 1, "file": file})
    rows = pq.read_table(folder / "parquet/n-tuple/train-00000-of-00001.parquet").to_pylist()
    lines = (folder / "jsonl/n-tuple/train-00000-of-00001.jsonl").read_text("utf-8").splitlines()
    assert rows == [json.loads(line) for line in lines] == expected
    assert verify(folder / "parquet") == verify(folder / "jsonl") == []
