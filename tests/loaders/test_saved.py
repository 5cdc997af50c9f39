"""Datasets that Hugging Face's library saved to disk, single ones and with splits, of every family of rows."""

import pytest

from negviz.errors import DataError
from negviz.load import load

datasets = pytest.importorskip("datasets")

PASSAGE = {"docid": "a", "title": "T", "text": "p"}
ROWS = {
    "tevatron": {"query_id": "1", "query": "q", "positive_passages": [PASSAGE],
                 "negative_passages": [{**PASSAGE, "docid": name, "title": "", "text": name} for name in ("n1", "n2")],
                 "subset": "x"},
    "tabular": {"anchor": "q", "positive": "T p", "negative_1": "n1", "negative_2": "n2"},
    "tabular with labels": {"anchor": "q", "positive": ["T p", "n1", "n2"], "labels": [1, 0, 0]},
    "flagembedding": {"query": "q", "pos": ["T p"], "neg": ["n1", "n2"]},
    "nemo": {"query": "q", "pos_doc": ["T p"], "neg_doc": ["n1", "n2"]},
}  # fmt: skip


def contents(dataset):
    return (
        {dataset.content(row) for row in dataset.positives.documents},
        {dataset.content(row) for row in dataset.given.documents},
    )


@pytest.mark.parametrize("name", ROWS)
def test_a_single_dataset_is_read_through_its_family(tmp_path, name):
    datasets.Dataset.from_list([ROWS[name]]).save_to_disk(tmp_path / "saved")
    dataset = load(tmp_path / "saved")
    assert dataset.format in {name.split()[0], "tabular"}
    assert contents(dataset) == ({"T p"}, {"n1", "n2"})
    assert dataset.problems == ()


@pytest.mark.parametrize("name", ROWS)
def test_of_several_splits_train_is_read_or_the_one_asked_for(tmp_path, name):
    def changed(text):
        return {key: text if key in {"query", "anchor"} else value for key, value in ROWS[name].items()}

    saved = {split: datasets.Dataset.from_list([changed(split)]) for split in ("test", "train", "odd")}
    datasets.DatasetDict(saved).save_to_disk(tmp_path / "saved")
    assert load(tmp_path / "saved").query_texts == ["train"]
    assert load(tmp_path / "saved", split="odd").query_texts == ["odd"]
    with pytest.raises(DataError):
        load(tmp_path / "saved", split="nope")


def test_parts_are_read_in_order_and_caches_are_not(tmp_path):
    rows = [{"anchor": f"q{number}", "positive": f"p{number}"} for number in range(10)]
    datasets.Dataset.from_list(rows).save_to_disk(tmp_path / "saved", num_shards=3)
    datasets.Dataset.from_list([{"anchor": "cached", "positive": "x"}]).save_to_disk(tmp_path / "other")
    data = next((tmp_path / "other").glob("*.arrow")).read_bytes()
    (tmp_path / "saved" / "cache-0123456789abcdef.arrow").write_bytes(data)
    dataset = load(tmp_path / "saved")
    assert dataset.query_texts == [f"q{number}" for number in range(10)]
    assert all(name.startswith("data-") for name in dataset.facts["files"])


def test_saved_parts_by_id_are_a_beir_folder(tmp_path):
    parts = {
        "corpus": [{"_id": "d1", "title": "", "text": "one"}, {"_id": "d2", "title": "", "text": "two"}],
        "queries": [{"_id": "q1", "text": "what"}],
        "qrels": [{"query-id": "q1", "corpus-id": "d1", "score": 1.0}],
    }
    for name, rows in parts.items():
        datasets.Dataset.from_list(rows).save_to_disk(tmp_path / name)
    dataset = load(tmp_path)
    assert dataset.format == "beir"
    assert (len(dataset.documents), len(dataset.positives)) == (2, 1)
