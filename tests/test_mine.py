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
from tests.encoders.folders import save_static
from tests.pools import recipe
from tests.scorers.models import save_cross_encoder

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


def test_a_second_of_a_kind_gets_a_number(tmp_path):
    folders = [save_cross_encoder(tmp_path / name, seed=seed) for seed, name in enumerate(("one", "two"))]
    pool = build(tmp_path, retrievers=["bm25"], scorers=["bm25", *(f"cross_encoder={folder}" for folder in folders)])
    assert sorted(pool.scores) == ["bm25", "cross_encoder", "cross_encoder_2"]
    assert pool.scales["cross_encoder_2"] == "probability"
    assert pool.origin["models"] == {"cross_encoder": str(folders[0]), "cross_encoder_2": str(folders[1])}
    first, second = (pool.scores[name][pool.present] for name in ("cross_encoder", "cross_encoder_2"))
    assert ((first > 0) & (first < 1)).all()
    assert not np.array_equal(first, second)
    assert np.isfinite(pool.positive_scores["cross_encoder"]).all()


def test_a_second_encoder_is_a_layer_with_its_own_model(tmp_path):
    folder = save_static(tmp_path / "other", 1, similarity="dot")
    pool = build(tmp_path, scorers=["dense", f"second_encoder={folder}", "similarity_to_positive"])
    assert pool.scales == {"dense": "cosine", "second_encoder": "dot", "similarity_to_positive": "cosine"}
    assert pool.origin["models"] == {"second_encoder": str(folder)}
    own = pool.documents == pool.positives[:, :1]
    assert np.isnan(pool.scores["similarity_to_positive"][own]).all()
    assert np.isfinite(pool.scores["similarity_to_positive"][pool.present & ~own]).all()
    assert np.isnan(pool.positive_scores["similarity_to_positive"]).all()


def test_a_guide_stands_beside_another_encoder_by_default(tmp_path):
    folder = save_static(tmp_path / "model", 1)
    pool = build(tmp_path, encoder=str(folder))
    assert sorted(pool.scores) == ["bm25", "dense", "second_encoder"]
    assert pool.origin["models"] == {"second_encoder": "static"}
    assert sorted(build(tmp_path, encoder=str(folder), scorers=["dense"]).scores) == ["dense"]


def test_checkpoints_are_folders_and_run_files_oldest_first(tmp_path):
    folder = save_static(tmp_path / "step=100", 1)
    path = tmp_path / "step200.trec"
    path.write_text("q0 Q0 t1-1 1 9.5 x\nq0 Q0 t1-2 2 8.5 x\n")
    pool = build(tmp_path, retrievers=["dense"], checkpoints=[f"{folder}/", str(path)], depth=5)
    assert pool.checkpoints == ("step=100", "step200", "dense")
    assert sorted(pool.ranks) == ["dense", "step200", "step=100"]
    assert sorted(pool.scores) == ["dense", "step200", "step=100"]
    assert pool.scales == {"dense": "cosine", "step=100": "cosine", "step200": "run"}
    place = pool.documents[0].tolist().index(pool.dataset.document_ids.index("t1-2"))
    assert (pool.ranks["step200"][0, place], pool.scores["step200"][0, place]) == (1, 8.5)
    assert not np.array_equal(pool.scores["dense"][pool.present], pool.scores["step=100"][pool.present])
    # The same vectors as if the checkpoint were the encoder at hand.
    alone = build(tmp_path, encoder=str(folder), retrievers=["dense"], scorers=["dense"], depth=5)
    brought = pool.ranks["step=100"] == 0
    best = alone.documents[np.arange(4), alone.ranks["dense"].argmax(axis=1)]
    assert brought.sum() == 4
    for row in range(4):
        found = {int(pool.documents[row, column]) for column in np.flatnonzero(pool.ranks["step=100"][row] >= 0)}
        assert int(best[row]) in found
        assert found == set(alone.documents[row][alone.present[row]].tolist())


def test_checkpoints_of_two_rounds_of_a_training_are_told_apart(tmp_path):
    folders = [save_static(tmp_path / f"00{number}" / "model", number) for number in (1, 2)]
    pool = build(tmp_path, retrievers=["dense"], checkpoints=list(map(str, folders)), depth=3)
    assert pool.checkpoints == ("model_001", "model_002", "dense")


def test_a_checkpoint_called_like_a_scorer_gets_another_name(tmp_path):
    folder = save_static(tmp_path / "dense", 1)
    pool = build(tmp_path, retrievers=["dense"], checkpoints=[str(folder)], depth=3)
    assert pool.checkpoints == ("dense_checkpoint", "dense")


def test_late_interaction_needs_an_encoder_with_context(tmp_path):
    with pytest.raises(MissingInputError, match="'static' does not have; take --encoder minilm"):
        build(tmp_path, scorers=["late_interaction"])


@pytest.mark.parametrize(
    ("more", "error", "message"),
    [
        ({"scorers": ["cross_encoder"]}, MissingInputError, "give --scorer cross_encoder=MODEL"),
        ({"scorers": ["second_encoder"]}, MissingInputError, "--scorer second_encoder=MODEL"),
        ({"scorers": ["bm25=x"]}, RecipeError, "'bm25=x', but 'bm25' takes no model; write 'bm25'"),
        ({"scorers": ["cross_encodre=x"]}, UnknownNameError, "Did you mean 'cross_encoder'"),
        ({"checkpoints": ["a/x", "b/x"]}, DataError, "Two checkpoints would be called 'x'"),
    ],
)
def test_what_a_model_is_missing_is_said_in_a_sentence(tmp_path, more, error, message):
    told = []
    with pytest.raises(error, match=message):
        build(tmp_path, progress=lambda *facts: told.append(facts), **more)
    assert not told  # before anything slow


def test_a_run_and_a_checkpoint_of_one_name_are_refused(tmp_path):
    paths = [tmp_path / name / "x.trec" for name in ("a", "b")]
    for path in paths:
        path.parent.mkdir()
        path.write_text("q0 Q0 t1-1 1 9.5 x\n")
    with pytest.raises(DataError, match="A run and a checkpoint would both be called 'x'"):
        build(tmp_path, runs=[paths[0]], checkpoints=[str(paths[1])])


@pytest.mark.parametrize("name", ["hnsw", "ivf"])
def test_approximate_search_stands_in_for_the_exact_one_and_says_how_well(name, sample, tmp_path):
    pool = build_pool(sample, encoder="static", retrievers=[name], depth=10, home=tmp_path)
    assert set(pool.scores) == {"dense"}
    assert 0.5 < pool.summary()["search"][name]["recall"] <= 1.0
