"""Datasets of the Hub by name: what is fetched, which configuration is read, and what is said without a network."""

import json

import httpx2
import huggingface_hub
import pytest
from huggingface_hub.errors import GatedRepoError, LocalEntryNotFoundError, RepositoryNotFoundError

from negviz.errors import DataError
from negviz.load import load, open_data

PAIR = {"pair/train-0.jsonl": {"anchor": "q", "positive": "p"}}
SCORED = {"score/train-0.jsonl": {"sentence1": "q", "sentence2": "p", "score": 1}}
CARD = """---
license: cc-by-4.0
configs:
- config_name: first
  data_files:
  - {split: train, path: deep/er/one.jsonl}
  - {split: test, path: deep/er/two.jsonl}
- config_name: second
  data_files: other/*
---
# A set
"""


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """A Hub of one dataset; says what was asked for."""
    asked = []

    def make(files):
        place = tmp_path / "snapshots" / "0123abcd"
        for name, content in files.items():
            path = place / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content if isinstance(content, str) else json.dumps(content) + "\n")

        def snapshot_download(name, *, repo_type, allow_patterns):
            asked.append((name, repo_type, allow_patterns))
            return str(place)

        monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot_download)
        return asked

    return make


def test_a_dataset_is_fetched_by_its_name(hub):
    asked = hub(PAIR)
    dataset = load("org/some-name")
    assert (dataset.name, dataset.format, len(dataset.positives)) == ("some-name", "tabular", 1)
    ((name, kind, patterns),) = asked
    assert (name, kind) == ("org/some-name", "dataset")
    assert {"*.parquet", "*.jsonl", "*.gz", "README.md"} <= set(patterns)
    assert not {"*", "*.py", "*.bin"} & set(patterns)
    assert (dataset.facts["hub"], dataset.facts["revision"]) == ("org/some-name", "0123abcd")


def test_configurations_with_other_columns_must_be_named(hub):
    asked = hub({**PAIR, **SCORED})
    with pytest.raises(DataError, match=r"differ in their columns \(pair, score\).*org/name:pair"):
        load("org/name")
    dataset = load("org/name:pair")
    assert (dataset.name, dataset.document_text(0)) == ("name-pair", "p")
    assert asked[-1][2] == ["*pair*", "README.md"]
    with pytest.raises(DataError, match="no configuration 'nope'; there are pair, score"):
        load("org/name:nope")


def test_configurations_with_the_same_columns_are_read_together(hub):
    hub({**PAIR, "more/train-0.jsonl": {"anchor": "r", "positive": "p"}, "README.md": "no card"})
    assert load("org/name").query_texts == ["r", "q"]


def test_the_card_says_which_files_belong_to_what(hub):
    files = {
        "deep/er/one.jsonl": {"anchor": "one", "positive": "p"},
        "deep/er/two.jsonl": {"anchor": "two", "positive": "p"},
        "other/x.jsonl": {"question": "x", "answer": "p"},
        "README.md": CARD,
    }
    asked = hub(files)
    dataset = load("org/name:first")
    assert dataset.query_texts == ["one"]
    assert dataset.facts["licence"] == "cc-by-4.0"
    assert asked[0][2] == ["README.md"]
    assert asked[1][2] == ["README.md", "deep/er/one.jsonl", "deep/er/two.jsonl"]
    assert load("org/name:first", split="test").query_texts == ["two"]
    assert load("org/name:second").query_texts == ["x"]
    with pytest.raises(DataError, match="first, second"):
        load("org/name")


def test_a_folder_with_a_card_is_read_as_the_dataset_would_be(tmp_path):
    files = {"a.jsonl": {"anchor": "one", "positive": "p"}, "b.jsonl": {"anchor": "two", "positive": "p"}}
    for name, row in files.items():
        (tmp_path / name).write_text(json.dumps(row) + "\n")
    (tmp_path / "README.md").write_text(
        "---\nlicense: [mit, apache-2.0]\nconfigs:\n- config_name: default\n  data_files:\n"
        "    train: a.jsonl\n    test: [b.jsonl]\n---\n"
    )
    dataset = load(tmp_path)
    assert dataset.query_texts == ["one"]
    assert dataset.facts["licence"] == "mit, apache-2.0"
    assert load(tmp_path, split="test").query_texts == ["two"]


def test_parts_that_belong_together_need_no_configuration(hub):
    hub({
        "corpus/corpus.jsonl": {"_id": "d", "title": "", "text": "one"},
        "queries/queries.jsonl": {"_id": "q", "text": "what"},
        "default/test.jsonl": {"query-id": "q", "corpus-id": "d", "score": 1},
    })  # fmt: skip
    assert load("mteb/one").format == "beir"


def response(status):
    return httpx2.Response(status, request=httpx2.Request("GET", "https://huggingface.co"))


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            LocalEntryNotFoundError("no network\nand\nmore"),
            r"cannot be reached.*hf download org/name .* give that folder",
        ),
        (ConnectionError("offline"), "cannot be reached"),
        (RepositoryNotFoundError("404\nnothing", response=response(404)), "no dataset of that name"),
        (GatedRepoError("403", response=response(403)), "asks for consent"),
    ],
)
def test_what_cannot_be_fetched_is_said_in_one_sentence(monkeypatch, error, said):
    def snapshot_download(*_, **__):
        raise error

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot_download)
    with pytest.raises(DataError, match=said) as refused:
        load("org/name")
    assert "org/name" in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "path", ["folder/file.jsonl", "a/b/c", "./org/name", "/org/name", "org/x.csv.gz", "name", "../a"]
)
def test_what_looks_like_a_path_never_reaches_the_network(monkeypatch, path):
    def snapshot_download(*_, **__):
        raise AssertionError

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot_download)
    with pytest.raises(DataError, match="There is no file or folder"):
        load(path)


def test_a_folder_goes_before_the_hub(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "org" / "name").mkdir(parents=True)
    (tmp_path / "org" / "name" / "a.jsonl").write_text('{"anchor": "q", "positive": "p"}\n')
    assert load("org/name").facts.get("hub") is None
    assert open_data("org/name").entry.name == "tabular"
