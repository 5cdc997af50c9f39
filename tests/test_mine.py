import faiss
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from negviz.arrays import PAD
from negviz.assembly import rank_layer, union
from negviz.dataset import Dataset
from negviz.errors import CancelledError, DataError, MissingInputError, RecipeError, UnknownNameError
from negviz.mine import build_pool
from negviz.pool import LEAKS
from negviz.select import select
from negviz.store import open_pool, save_pool, selection_table
from tests.pools import recipe

LISTS = st.lists(st.lists(st.integers(0, 9), max_size=6, unique=True), min_size=2, max_size=2)


def padded(rows):
    width = max(1, *map(len, rows))
    return np.array([[*row, *[PAD] * (width - len(row))] for row in rows], dtype=np.int32)


def test_union_by_hand():
    first, second = padded([[3, 1], []]), padded([[1, 7, 2], [4]])
    assert union([first, second]).tolist() == [[1, 2, 3, 7], [4, PAD, PAD, PAD]]


def test_rank_layer_by_hand():
    documents = padded([[1, 2, 3, 7], [4]])
    assert rank_layer(documents, padded([[3, 1], []])).tolist() == [[1, PAD, 0, PAD], [PAD] * 4]
    assert rank_layer(documents, padded([[1, 7, 2], [4]])).tolist() == [[0, 2, PAD, 1], [0, PAD, PAD, PAD]]


def test_of_a_document_that_is_listed_twice_the_better_rank_counts():
    assert rank_layer(padded([[1, 5]]), padded([[5, 1, 5]])).tolist() == [[1, 0]]


@given(LISTS, LISTS)
def test_union_and_ranks_hold_exactly_what_was_brought(one, other):
    documents = union([padded(one), padded(other)])
    for row, (left, right) in enumerate(zip(one, other, strict=True)):
        present = [document for document in documents[row].tolist() if document != PAD]
        assert present == sorted({*left, *right})
    for brought in (one, other):
        layer = rank_layer(documents, padded(brought))
        for row, listed in enumerate(brought):
            found = {int(documents[row, place]): int(rank) for place, rank in enumerate(layer[row]) if rank >= 0}
            assert found == {document: rank for rank, document in enumerate(listed)}


TOPICS = ["river delta water flood", "bread flour yeast oven", "piano string key concert", "planet orbit moon star"]


def dataset_of(order=1, **more):
    """Forty documents on four topics; a query a topic, with the topic's first document as its positive."""
    words = [topic.split() for topic in TOPICS]
    documents = [
        (f"t{topic}-{row}", "", " ".join(words[topic][(row * step) % 4] + "s" * (row % step) for step in (1, 2, 3, 5)))
        for topic in range(4)
        for row in range(10)
    ]
    given = {
        "name": "topics",
        "format": "test",
        "queries": [(f"q{topic}", f"{words[topic][0]} and {words[topic][1]}") for topic in range(4)],
        "documents": documents[::order],
        "positives": [(f"q{topic}", f"t{topic}-0", 1) for topic in range(4)],
    }
    return Dataset.build(**{**given, **more})


def build(tmp_path, dataset=None, **more):
    return build_pool(dataset or dataset_of(), **{"encoder": "static", "depth": 12, "home": tmp_path, **more})


def test_the_pool_unites_the_usual_retrievers_and_scores_everything(tmp_path):
    pool = build(tmp_path)
    assert sorted(pool.ranks) == ["bm25", "dense", "random"]
    assert sorted(pool.scores) == ["bm25", "dense"]
    assert pool.scales["dense"] == "cosine"
    assert (
        np.sort(np.where(pool.present, pool.documents, 99), axis=1) == np.where(pool.present, pool.documents, 99)
    ).all()
    assert np.isfinite(pool.scores["dense"][pool.present]).all()
    assert np.isnan(pool.scores["dense"][~pool.present]).all()
    assert ((pool.ranks["dense"] >= 0).sum(axis=1) == 12).all()
    assert np.isfinite(pool.positive_scores["dense"]).all()
    assert (pool.flags & LEAKS["labelled positive"] > 0).sum() == 4


def test_dense_rank_is_the_order_of_dense_scores(tmp_path):
    pool = build(tmp_path, retrievers=["dense"], depth=40)
    assert np.array_equal(pool.ranks["dense"], pool.rank("dense"))
    assert pool.depth == 40


def test_the_score_of_a_positive_is_that_of_the_same_document_as_a_candidate(tmp_path):
    pool = build(tmp_path, retrievers=["dense"], depth=40)
    for scorer, layer in pool.scores.items():
        own = layer[pool.documents == pool.positives[:, :1]]
        assert own.tobytes() == pool.positive_scores[scorer][:, 0].tobytes()


def test_threads_order_of_the_corpus_and_caches_do_not_matter(tmp_path):
    threads = faiss.omp_get_max_threads()
    prints, chosen = set(), set()
    try:
        for count, order, home in ((1, 1, "a"), (4, 1, "b"), (4, -1, "c"), (2, 1, "a")):
            faiss.omp_set_num_threads(count)
            pool = build(tmp_path / home, dataset_of(order))
            prints.add(pool.fingerprint)
            table = selection_table(select(pool, recipe("relative_margin", draw="sample", count=3)))
            chosen.add(str(table.to_pydict()))
    finally:
        faiss.omp_set_num_threads(threads)
    assert len(chosen) == 1
    assert len(prints) == 1


def test_held_out_judgments_are_not_seen(tmp_path):
    pool = build(tmp_path)
    told = build(tmp_path, dataset_of(held_out=[(f"q{topic}", f"t{topic}-1", 3) for topic in range(4)]))
    assert told.fingerprint == pool.fingerprint


def test_given_negatives_are_among_the_candidates_and_known(tmp_path):
    pool = build(tmp_path, dataset_of(given=[("q0", "t3-9")]), retrievers=["dense"], depth=2)
    row = pool.dataset.document_ids.index("t3-9")
    place = pool.documents[0].tolist().index(row)
    assert pool.ranks["given"][0, place] == 0
    assert pool.flags[0, place] == 128


def test_queries_without_a_positive_are_left_out(tmp_path):
    pool = build(tmp_path, dataset_of(positives=[("q2", "t2-0", 1), ("q2", "t2-1", 1), ("q0", "t0-0", 2)]))
    assert [pool.dataset.query_id(row) for row in pool.queries] == ["q0", "q2"]
    assert [[pool.dataset.document_id(row) for row in rows if row != PAD] for rows in pool.positives] == [
        ["t0-0"],
        ["t2-0", "t2-1"],
    ]


def test_depth_beyond_the_corpus_gives_all_of_it(tmp_path):
    assert build(tmp_path, retrievers=["dense"], depth=1000).present.sum(axis=1).tolist() == [40] * 4


def test_a_run_file_becomes_a_retriever_and_a_scorer(tmp_path):
    path = tmp_path / "reranker.trec"
    path.write_text("q0 Q0 t1-1 1 9.5 x\nq0 Q0 t1-2 2 8.5 x\n")
    pool = build(tmp_path, retrievers=["dense"], runs=[path], depth=3)
    place = pool.documents[0].tolist().index(pool.dataset.document_ids.index("t1-2"))
    assert pool.ranks["reranker"][0, place] == 1
    assert pool.scores["reranker"][0, place] == 8.5
    assert np.isnan(pool.scores["reranker"][1]).all()


def test_a_built_pool_survives_the_disk(tmp_path):
    pool = build(tmp_path / "home")
    save_pool(pool, tmp_path / "pool")
    assert open_pool(tmp_path / "pool").origin == dict(pool.origin)


@pytest.mark.parametrize(
    ("more", "error", "message"),
    [
        ({"dataset": dataset_of(positives=[])}, DataError, "No query of 'topics' has a labelled positive"),
        ({"depth": 0}, RecipeError, "depth was given as 0"),
        ({"retrievers": ["densee"]}, UnknownNameError, "Did you mean 'dense'"),
        ({"scorers": ["bm52"]}, UnknownNameError, "Did you mean 'bm25'"),
        ({"retrievers": ["run"]}, MissingInputError, "name one with --run"),
        ({"scorers": ["run"]}, MissingInputError, "name one with --run"),
        ({"retrievers": ["given"]}, MissingInputError, "'topics' has none"),
        ({"cancelled": lambda: True}, CancelledError, "stopped"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(tmp_path, more, error, message):
    with pytest.raises(error, match=message):
        build(tmp_path, **more)


def test_progress_is_told(tmp_path):
    said = []
    build(tmp_path, progress=lambda stage, done, total: said.append((stage, done, total)))
    assert {"retrieving: dense", "scoring: bm25", "checking for leaks"} <= {stage for stage, _, _ in said}
    assert all(0 <= done <= total for _, done, total in said)
