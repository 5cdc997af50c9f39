"""Given negatives as a pool and as a selection, and what is held out."""

import json

import numpy as np
import pytest

from negviz.errors import DataError, MissingInputError
from negviz.given_negatives import given_pool, given_selection
from negviz.held_out import held_out_of, read_held_out
from negviz.load import load
from negviz.pool import LEAKS
from negviz.store import open_pool, read_selection, save_pool, save_selection
from tests.pools import make_dataset, make_pool, rich_pool

ROWS = [
    {"query": "why is the sky blue", "pos": ["Light scatters in the air."],
     "neg": ["The sea is salt.", "Grass is green.", "light  scatters in the AIR."]},
    {"query": "who wrote Faust", "pos": ["Goethe wrote Faust."], "neg": ["Schiller wrote Wallenstein."]},
    {"query": "what is an ion", "pos": ["An ion is a charged atom."],
     "neg": ["Atoms have a core.", "The sea is salt."]},
]  # fmt: skip


@pytest.fixture
def mined(tmp_path):
    file = tmp_path / "mined.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in ROWS), "utf-8")
    return load(file)


def test_every_given_negative_is_taken_leaks_included(mined):
    pool = given_pool(mined, encoder="static")
    selection = given_selection(pool)
    assert selection.taken_counts.tolist() == [3, 1, 2]
    assert selection.taken.sum() == len(mined.given) == 6
    leaking = pool.flags[selection.taken] & LEAKS["same text as a positive"]
    assert np.count_nonzero(leaking) == 1
    assert {"dense", "bm25", "random", "given"} <= set(pool.ranks)
    assert selection.summary()["taken"] + sum(part["count"] for part in selection.summary()["refused"]) == (
        pool.candidates
    )


def test_the_selection_survives_being_stored(mined, tmp_path):
    pool = given_pool(mined, encoder="static")
    selection = given_selection(pool)
    save_pool(pool, tmp_path / "pool")
    save_selection(selection, tmp_path / "given.parquet")
    back = read_selection(tmp_path / "given.parquet", open_pool(tmp_path / "pool"))
    assert np.array_equal(back.taken, selection.taken)
    assert back.fingerprint == selection.fingerprint


def test_data_without_given_negatives_is_refused_with_one_sentence():
    with pytest.raises(MissingInputError, match="nothing to audit"):
        given_pool(make_dataset(2, 3))
    with pytest.raises(MissingInputError, match="--selection"):
        given_selection(make_pool([[0.5]], [[0.9]]))


def test_a_pool_without_scores_can_still_be_audited():
    pool = rich_pool()
    bare = type(pool)(
        pool.dataset,
        pool.queries,
        pool.documents,
        {"given": pool.ranks["given"]},
        {},
        pool.positives,
        {},
        pool.flags,
        {},
    )
    assert given_selection(bare).taken.sum() == given_selection(pool).taken.sum()


def test_held_out_judgments_of_the_data_itself_are_known():
    assert held_out_of(make_dataset(2, 3)) is None
    held = held_out_of(make_dataset(2, 3, held_out=[("q01", "d002", 1)]))
    assert (held.queries, held.documents, held.same_ids) == (
        {"q01": "question number 1"}, {"d002": "answer number 2"}, True,
    )  # fmt: skip


def test_held_out_is_read_from_qrels_or_from_data(mined, tmp_path):
    dataset = make_dataset(3, 4)
    qrels = tmp_path / "dev.tsv"
    qrels.write_text("query-id\tcorpus-id\tscore\nq01\td001\t1\nq02\td003\t0\n", "utf-8")
    held = read_held_out(qrels, dataset)
    assert (sorted(held.queries), sorted(held.documents), held.same_ids) == (["q01", "q02"], ["d001"], True)
    held = read_held_out(tmp_path / "mined.jsonl", dataset)
    assert len(held.queries) == 3
    assert "Goethe wrote Faust." in held.documents.values()
    assert not held.same_ids


def test_what_is_neither_is_refused(tmp_path):
    (tmp_path / "odd.tsv").write_text("nothing\n", "utf-8")
    with pytest.raises(DataError):
        read_held_out(tmp_path / "odd.tsv", make_dataset(1, 2))
    with pytest.raises(DataError, match="no file or folder"):
        read_held_out(tmp_path / "absent", make_dataset(1, 2))
