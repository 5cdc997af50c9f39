"""The sample collection: as large, as planted and as honest as it says it is."""

import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

from negviz.load import load
from negviz.mine import build_pool
from negviz.pool import LEAKS, Pool
from negviz.recipe import published
from negviz.select import select
from negviz.text import is_blank, normalise
from tests.methods import runnable


def table(path: Path):
    return [row.split("\t") for row in path.read_text("utf-8").splitlines()[1:]]


@pytest.fixture(scope="module")
def grades(sample_folder):
    complete = defaultdict(dict)
    for query, document, grade in table(sample_folder / "truth" / "complete.tsv"):
        complete[query][document] = int(grade)
    return complete


@pytest.fixture(scope="module")
def labelled(sample_folder):
    return {query: document for query, document, _ in table(sample_folder / "qrels" / "train.tsv")}


@pytest.fixture(scope="module")
def planted(sample_folder):
    found = defaultdict(dict)
    for kind, item, of, *_ in table(sample_folder / "truth" / "planted.tsv"):
        found[kind][item] = of
    return found


@pytest.fixture(scope="module")
def pool(sample, tmp_path_factory) -> Pool:
    return build_pool(sample, encoder="static", depth=50, home=tmp_path_factory.mktemp("home"))


def topic(name: str) -> str:
    return name.rpartition("-")[0]


def test_it_is_large_enough(sample):
    assert len(sample.document_ids) >= 600
    assert len({topic(name) for name in sample.document_ids}) >= 40
    assert len(sample.query_ids) >= 150


def test_ids_are_unique_and_all_judged_ids_exist(sample, grades, labelled, planted):
    documents, queries = set(sample.document_ids), set(sample.query_ids)
    assert len(documents) == len(sample.document_ids)
    assert len(queries) == len(sample.query_ids)
    assert set(labelled) == queries
    assert set(labelled.values()) <= documents
    assert set(grades) <= queries
    assert {document for judged in grades.values() for document in judged} <= documents
    assert set(planted["duplicate of a positive"]) <= documents
    assert set(planted["paraphrased query"]) | set(planted["wrong positive"]) <= queries


def test_texts_are_readable_and_of_many_lengths(sample):
    assert not any(is_blank(text) for text in (*sample.contents, *sample.query_texts))
    lengths = [len(text.split()) for text in sample.documents["text"].to_pylist()]
    assert min(lengths) <= 20
    assert max(lengths) >= 100
    assert not any("\ufffd" in text for text in sample.contents)


def test_grades_are_complete_judgments_from_one_to_three(grades):
    assert {grade for judged in grades.values() for grade in judged.values()} <= {0, 1, 2, 3}
    assert sum(len(judged) for judged in grades.values()) > 2_000


def test_every_query_has_an_answer_and_its_label_is_one_unless_planted_wrong(grades, labelled, planted):
    for query, document in labelled.items():
        assert max(grades[query].values()) >= 2
        wrong = query in planted["wrong positive"]
        assert (grades[query].get(document, 0) < 2) == wrong, query
        assert not wrong or planted["wrong positive"][query] == document
    assert len(planted["wrong positive"]) >= 5


def test_four_queries_in_ten_have_an_unlabelled_relevant_document(grades, labelled, planted):
    copies = set(planted["duplicate of a positive"])
    missed = [
        query
        for query, judged in grades.items()
        if any(grade >= 2 for document, grade in judged.items() if document not in {labelled[query], *copies})
    ]
    assert len(missed) >= 0.4 * len(labelled)
    assert len(labelled) - len(missed) >= 10, "some queries have their positive alone"


def test_duplicates_are_copies_in_other_case_spacing_or_unicode_form(sample, grades, labelled, planted):
    rows = {name: row for row, name in enumerate(sample.document_ids)}
    assert len(planted["duplicate of a positive"]) >= 15
    for copy, original in planted["duplicate of a positive"].items():
        assert sample.content(rows[copy]) != sample.content(rows[original])
        assert normalise(sample.content(rows[copy])) == normalise(sample.content(rows[original]))
        assert original in labelled.values()
        for judged in grades.values():
            assert judged.get(copy) == judged.get(original)


def test_there_are_no_other_copies(sample, planted):
    by_key = defaultdict(set)
    for name, key in zip(sample.document_ids, sample.document_keys, strict=True):
        by_key[key].add(name)
    pairs = {frozenset(names) for names in by_key.values() if len(names) > 1}
    assert pairs == {frozenset(pair) for pair in planted["duplicate of a positive"].items()}


def test_paraphrases_ask_the_same_with_another_positive(sample, grades, labelled, planted):
    texts = dict(zip(sample.query_ids, sample.query_texts, strict=True))
    assert len(planted["paraphrased query"]) >= 10
    for query, of in planted["paraphrased query"].items():
        assert grades[query] == grades[of]
        assert labelled[query] != labelled[of]
        assert normalise(texts[query]) != normalise(texts[of])


def test_the_loader_reads_what_is_there_and_notices_only_the_planted_copies(sample, planted):
    loaded = load("sample")
    assert loaded.fingerprint == sample.fingerprint
    assert len(loaded.positives) == len(loaded.query_ids)
    assert {problem.kind for problem in loaded.problems} == {"duplicate text"}
    assert len(loaded.problems) == len(planted["duplicate of a positive"])


OPENED = """
import sys
from pathlib import Path
seen = []
sys.addaudithook(lambda event, given: seen.append(str(given[0])) if event == "open" else None)
from negviz.load import load
from negviz.mine import build_pool
from negviz.recipe import published
from negviz.select import select
pool = build_pool(load("sample"), encoder="static", depth=20, home=Path(sys.argv[1]))
select(pool, published()["nv_perc"])
print(any("corpus.jsonl" in name for name in seen), [name for name in seen if "truth" in Path(name).parts])
"""


def test_mining_never_reads_the_truth(tmp_path):
    command = [sys.executable, "-c", OPENED, str(tmp_path)]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.stdout == "True []\n", found.stderr[-2000:]


def test_every_planted_duplicate_in_the_pool_is_flagged(pool, planted):
    ids = pool.dataset.document_ids
    copies = {(of, copy) for copy, of in planted["duplicate of a positive"].items()}
    met = 0
    for query, own in enumerate(pool.positives[:, 0]):
        for column in np.flatnonzero(pool.present[query]):
            if (ids[own], ids[pool.documents[query, column]]) in copies:
                met += 1
                assert pool.flags[query, column] & LEAKS["same text as a positive"]
    assert met >= 10


@pytest.mark.parametrize("name", sorted(published()))
def test_no_recipe_takes_a_leak_and_every_funnel_adds_up(pool, name):
    found = select(pool, runnable(pool, published()[name]))
    pool = found.pool
    dataset, keys = pool.dataset, pool.dataset.document_keys
    for query, columns in enumerate(found.columns):
        positives = {keys[row] for row in pool.positives[query] if row >= 0}
        own = {keys[pool.documents[query, column]] for column in columns if column >= 0}
        assert not own & (positives | {dataset.query_keys[pool.queries[query]]})
    summary = found.summary()
    refused = sum(item["count"] for item in summary["refused"])
    assert refused + summary["not_drawn"] + summary["taken"] == summary["candidates"]


def false_share(pool: Pool, grades, name: str) -> float:
    """Share of what a recipe takes that the complete judgments call relevant."""
    found = select(pool, published()[name])
    ids = pool.dataset.document_ids
    taken = [
        grades[pool.dataset.query_id(pool.queries[query])].get(ids[pool.documents[query, column]], 0) >= 2
        for query, column in zip(*np.nonzero(found.taken), strict=True)
    ]
    return float(np.mean(taken))


def test_the_sample_shows_what_it_is_for(pool, grades):
    naive, margin, chance = (false_share(pool, grades, name) for name in ("nv_topk", "nv_perc", "random"))
    assert naive > 0.1
    assert margin < 0.7 * naive
    assert chance < 0.02
