"""A label outlives what it was made on: another encoder or retriever, another order and other ids of the corpus."""

import json
import random

import numpy as np
import pytest

from negviz.labels import LabelEvent, LabelStore, Verdict
from negviz.load import load
from negviz.mine import build_pool
from tests.encoders.folders import save_static

TOPICS = ["river delta water flood", "bread flour yeast oven", "piano string key concert", "planet orbit moon star"]


def corpus():
    """Forty documents of four topics."""
    draw = random.Random(5)
    return {
        f"d{topic}-{row}": f"{' '.join(draw.choices(TOPICS[topic].split(), k=6))} number {row}"
        for topic in range(4)
        for row in range(10)
    }


def folder(path, *, seed=None, rename=str):
    """A BEIR folder of it: in order or shuffled, with its ids or under others."""
    documents, queries = list(corpus().items()), [(f"q{topic}", words) for topic, words in enumerate(TOPICS)]
    if seed is not None:
        random.Random(seed).shuffle(documents)
        random.Random(seed).shuffle(queries)
    (path / "qrels").mkdir(parents=True)
    rows = {"corpus": documents, "queries": queries}
    for name, lines in rows.items():
        text = "\n".join(json.dumps({"_id": rename(key), "title": "", "text": text}) for key, text in lines)
        (path / f"{name}.jsonl").write_text(text + "\n")
    judged = [f"{rename(f'q{topic}')}\t{rename(f'd{topic}-0')}\t1" for topic in range(4)]
    (path / "qrels" / "train.tsv").write_text("\n".join(["query-id\tcorpus-id\tscore", *judged]) + "\n")
    return path


def verdicts(pool, labels):
    """What is said of the candidates of a pool, by their texts."""
    codes = labels.align(pool)
    of = pool.dataset
    return {
        (of.query_text(int(pool.queries[row])), of.content(int(pool.documents[row, column]))): int(codes[row, column])
        for row, column in np.argwhere(pool.documents >= 0)
        if codes[row, column]
    }


@pytest.fixture
def first(tmp_path):
    return build_pool(load(folder(tmp_path / "first")), encoder="static", depth=20, home=tmp_path / "home")


@pytest.fixture
def said(first, store):
    """A verdict on each candidate, by text."""
    for row, column in np.argwhere(first.documents >= 0):
        verdict = list(Verdict)[int(row + column) % 4]
        place = int(first.queries[row]), int(first.documents[row, column])
        store.add(LabelEvent.of(first.dataset, *place, verdict, annotator="ann"))
    return verdicts(first, store.current())


@pytest.mark.parametrize("rename", [str, lambda key: f"new/{key[::-1]}"], ids=["same ids", "other ids"])
@pytest.mark.parametrize("shuffled", [None, 7], ids=["same order", "shuffled"])
def test_labels_are_there_after_mining_with_another_encoder(tmp_path, first, said, label_url, shuffled, rename):
    model = save_static(tmp_path / "model", 3)
    dataset = load(folder(tmp_path / "second", seed=shuffled, rename=rename))
    second = build_pool(dataset, encoder=str(model), depth=40, home=tmp_path / "other_home")
    assert second.fingerprint != first.fingerprint
    with LabelStore(label_url) as store:
        assert verdicts(second, store.current()) == said
        assert len(store.current().found(dataset)) == len(said) > 60


def test_labels_of_a_dense_pool_are_there_in_one_of_words(tmp_path, said, label_url):
    dataset = load(folder(tmp_path / "second", seed=1))
    second = build_pool(dataset, retrievers=["bm25"], encoder="static", depth=40, home=tmp_path / "other_home")
    with LabelStore(label_url) as store:
        found = verdicts(second, store.current())
    assert found
    assert found.items() <= said.items()
    texts = {second.dataset.content(int(document)) for document in second.documents[second.documents >= 0]}
    assert {pair for pair in said if pair[1] in texts} >= found.keys()


def test_a_text_that_changed_is_another_text(tmp_path, said, label_url):
    path = folder(tmp_path / "second")
    text = (path / "corpus.jsonl").read_text()
    (path / "corpus.jsonl").write_text(text.replace("number 3", "number 33"))
    dataset = load(path)
    with LabelStore(label_url) as store:
        found = {document for _, document, _ in store.current().found(dataset)}
    assert found
    assert not any("number 33" in dataset.content(document) for document in found)
