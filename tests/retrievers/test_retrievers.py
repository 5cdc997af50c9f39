import json
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from negviz.arrays import PAD
from negviz.dataset import Dataset
from negviz.embeddings import Embeddings, similarities
from negviz.retrievers.bm25 import bm25
from negviz.retrievers.bm25_okapi import bm25_okapi
from negviz.retrievers.dense import dense
from negviz.retrievers.given import given as given_negatives
from negviz.retrievers.random import random
from tests.pools import make_dataset
from tests.texts import text_dataset


def rows(*values):
    return np.array(values, dtype=np.int32)


def brute(of, query, depth):
    everything = np.arange(len(of.documents), dtype=np.int32)
    scores = similarities(of, rows(query), everything[None, :])[0]
    return sorted(everything.tolist(), key=lambda row: (-scores[row], row))[:depth]


@given(st.integers(0, 200), st.integers(1, 300), st.integers(1, 60))
def test_dense_is_exact_with_many_ties(seed, total, depth):
    noise = np.random.default_rng(seed)
    of = Embeddings(
        noise.integers(-1, 2, (2, 3)).astype(np.float32),
        noise.integers(-1, 2, (total, 3)).astype(np.float32),
        "dot",
        "e",
        "i",
    )
    found = dense(queries=rows(0, 1), depth=depth, embeddings=of)
    for query in (0, 1):
        wanted = brute(of, query, depth)
        assert found[query].tolist() == wanted + [PAD] * (depth - len(wanted))


def test_ties_across_the_last_place_go_to_the_smaller_ids():
    noise = np.random.default_rng(1)
    near = noise.normal(size=16).astype(np.float32)
    documents = np.concatenate([noise.normal(size=(400, 16)) * 0.01, np.tile(near, (500, 1)), [near * 2]])
    of = Embeddings(near[None, :], documents.astype(np.float32), "dot", "e", "i")
    assert dense(queries=rows(0), depth=4, embeddings=of).tolist() == [[900, 400, 401, 402]]


def test_dense_on_real_valued_vectors_finds_the_brute_force_answer():
    noise = np.random.default_rng(2)
    of = Embeddings(
        noise.normal(size=(5, 384)).astype(np.float32),
        noise.normal(size=(900, 384)).astype(np.float32),
        "dot",
        "e",
        "i",
    )
    found = dense(queries=rows(4, 1), depth=20, embeddings=of)
    assert found.tolist() == [brute(of, 4, 20), brute(of, 1, 20)]


def test_dense_is_the_same_for_any_number_of_threads():
    code = (
        "import numpy as np; from negviz.embeddings import Embeddings; from negviz.retrievers.dense import dense;"
        "n = np.random.default_rng(0).integers(-3, 4, (3000, 24)).astype(np.float32);"
        "print(dense(queries=np.arange(64, dtype=np.int32), depth=50,"
        " embeddings=Embeddings(n[:64], n, 'dot', 'e', 'i')).tobytes().hex())"
    )
    runs = [
        subprocess.run(
            [sys.executable, "-c", code],
            env={"OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for threads in ("1", "2")
    ]
    assert runs[0] == runs[1] != ""


def chinese():
    return text_dataset(
        ["长城有多长？", "how long is the wall"],
        ["故宫位于北京中心，是明清两代的皇宫。", "根据测量，长城全长超过两万公里。", "The Great Wall is long."],
    )


@pytest.mark.parametrize("retriever", [bm25, bm25_okapi])
def test_a_chinese_query_finds_its_chinese_document(retriever):
    found = retriever(dataset=chinese(), queries=rows(0), depth=3)
    assert found[0, 0] == 1
    assert 2 not in found[0]


@pytest.mark.parametrize("retriever", [bm25, bm25_okapi])
def test_documents_without_a_shared_word_do_not_come(retriever):
    assert retriever(dataset=chinese(), queries=rows(1), depth=3).tolist() == [[2, PAD, PAD]]


def test_okapi_agrees_with_its_package_where_scores_are_positive():
    from rank_bm25 import BM25Okapi

    texts = ["ant bee", "bee cat cat", "dog elk", "fox ant ant", "gnu hen", "ibis"]
    dataset = text_dataset(["ant cat"], texts)
    scores = BM25Okapi([text.split() for text in texts]).get_scores(["ant", "cat"])
    wanted = [row for row in np.argsort(-scores) if scores[row] > 0]
    assert bm25_okapi(dataset=dataset, queries=rows(0), depth=3)[0].tolist() == wanted


def test_random_is_uniform_bounded_and_seeded():
    dataset = make_dataset(60, 100)
    queries = np.arange(60, dtype=np.int32)
    found = random(dataset=dataset, queries=queries, depth=50, seed=1)
    assert (found[:, 20:] == PAD).all()
    assert (found[:, :20] != PAD).all()
    assert found.tolist() != random(dataset=dataset, queries=queries, depth=50, seed=2).tolist()
    draws = np.concatenate(
        [random(dataset=dataset, queries=queries, depth=10, seed=seed).ravel() for seed in range(100)]
    )
    counts = np.bincount(draws, minlength=100)
    chi = ((counts - 600) ** 2 / 600).sum()
    assert chi < 150  # 99 degrees of freedom: 149 is exceeded once in a thousand
    firsts = np.concatenate([random(dataset=dataset, queries=queries, depth=1, seed=s).ravel() for s in range(100)])
    assert ((np.bincount(firsts, minlength=100) - 60) ** 2 / 60).sum() < 150


def test_random_takes_all_where_there_are_few():
    found = random(dataset=make_dataset(2, 6), queries=rows(0, 1), depth=9, seed=0)
    assert [sorted(row) for row in found.tolist()] == [[PAD] * 3 + list(range(6))] * 2


def test_given_negatives_come_back():
    dataset = make_dataset(2, 6, given=[("q01", "d004"), ("q01", "d002")])
    assert given_negatives(dataset=dataset, queries=rows(1, 0), depth=3).tolist() == [[2, 4, PAD], [PAD] * 3]


def test_real_chinese_questions_find_their_paragraphs(collections):
    folder = collections / "xquad_zh"
    if not folder.is_dir():
        pytest.skip("no xquad_zh")
    documents = [json.loads(line) for line in (folder / "corpus.jsonl").read_text("utf-8").splitlines()]
    questions = [json.loads(line) for line in (folder / "queries.jsonl").read_text("utf-8").splitlines()]
    known = {question["_id"] for question in questions}
    judged = [
        line.split("\t")
        for path in sorted((folder / "qrels").glob("*.tsv"))
        for line in path.read_text("utf-8").splitlines()[1:]
    ]
    dataset = Dataset.build(
        name="xquad_zh",
        format="beir",
        queries=[(row["_id"], row["text"]) for row in questions],
        documents=[(row["_id"], row.get("title", ""), row["text"]) for row in documents],
        positives=[(query, document, 1) for query, document, _ in judged if query in known],
    )
    queries = np.arange(0, len(questions), 5, dtype=np.int32)
    found = bm25(dataset=dataset, queries=queries, depth=10)
    hits = [
        bool(set(row.tolist()) & set(dataset.positives.of_query(int(query)).tolist()))
        for query, row in zip(queries, found, strict=True)
    ]
    assert np.mean(hits) > 0.95
