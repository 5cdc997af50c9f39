from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from negviz.arrays import PAD
from negviz.dataset import Judgments
from negviz.embeddings import Embeddings
from negviz.training.evaluation import DEPTH, METRICS, evaluate, measured
from negviz.training.splitting import Split
from tests.training.worlds import world_dataset

NONE = np.zeros(0, dtype=np.int32)


def split_of(*judged, relevant_from=1, dev=None):
    table = Judgments.of(judged)
    rows = np.unique(table.queries) if dev is None else np.array(dev)
    return Split(NONE, rows.astype(np.int32), table, relevant_from, 0, "by hand")


def lists(*rows):
    width = max(map(len, rows))
    return np.array([[*row, *[PAD] * (width - len(row))] for row in rows], dtype=np.int32)


def test_the_metrics_are_in_the_order_of_their_names():
    assert METRICS == ("nDCG@10", "MRR@10", "Recall@100")
    # The answer stands on rank 2: 1 / log2(3), 1 / 2, 1.
    found = measured(world_dataset(), lists([5, 1, 7]), split_of((0, 1, 1)))
    assert found[:, 0].tolist() == pytest.approx([1 / np.log2(3), 0.5, 1.0])


def test_ndcg_gains_are_the_grades_themselves_and_not_powers_of_two():
    """Grades 3, 1, 0 and 2; found 1, 3, unjudged. Powers of two would give 0.5767."""
    judged = ((0, 1, 3), (0, 2, 1), (0, 3, 0), (0, 4, 2))
    found = measured(world_dataset(), lists([2, 1, 9]), split_of(*judged))[0, 0]
    assert found == pytest.approx((1 + 3 / np.log2(3)) / (3 + 2 / np.log2(3) + 1 / 2))
    assert found == pytest.approx(0.607492, abs=1e-6)


def test_ndcg_and_mrr_end_at_ten_and_recall_at_a_hundred():
    data = world_dataset(documents=120)
    split = split_of((0, 110, 1))
    for place, wanted in [(9, [1 / np.log2(11), 0.1, 1]), (10, [0, 0, 1]), (99, [0, 0, 1]), (100, [0, 0, 0])]:
        rows = [*range(place), 110, *range(place, 105)]
        assert measured(data, lists(rows), split)[:, 0].tolist() == pytest.approx(wanted)


def test_recall_is_a_share_of_all_answers_and_the_first_one_makes_the_reciprocal_rank():
    found = measured(world_dataset(), lists([9, 8, 2, 3]), split_of((0, 1, 1), (0, 2, 1), (0, 3, 1), (0, 4, 1)))
    assert found[1:, 0].tolist() == pytest.approx([1 / 3, 0.5])


def test_relevant_from_two_leaves_grade_one_a_gain_but_no_answer():
    judged = ((0, 1, 1), (0, 2, 2))
    rows = lists([1, 2])
    graded = measured(world_dataset(), rows, split_of(*judged, relevant_from=2))[:, 0]
    assert graded.tolist() == pytest.approx([(1 + 2 / np.log2(3)) / (2 + 1 / np.log2(3)), 0.5, 1.0])
    only_one = measured(world_dataset(), lists([1, 3]), split_of(*judged, relevant_from=2))[:, 0]
    assert only_one.tolist() == pytest.approx([1 / (2 + 1 / np.log2(3)), 0, 0])
    assert measured(world_dataset(), rows, split_of(*judged, relevant_from=1))[1, 0] == 1


def test_columns_follow_the_dev_queries_whatever_their_rows():
    split = split_of((11, 1, 1), (2, 1, 1), (9, 1, 1))
    found = measured(world_dataset(), lists([1], [5, 1], [5, 6, 7, 1]), split)
    assert split.dev.tolist() == [2, 9, 11]
    assert found[1].tolist() == pytest.approx([1, 1 / 2, 1 / 4])


def test_a_query_of_which_nothing_was_found_has_zeros():
    found = measured(world_dataset(), lists([1], []), split_of((0, 1, 1), (1, 1, 1)))
    assert found.tolist() == [[1, 0], [1, 0], [1, 0]]


def test_a_document_with_the_querys_own_id_is_left_out_and_the_next_ones_move_up():
    """As in ArguAna, where a query is a document of the corpus."""
    data = world_dataset([("d003", "a"), ("q01", "b")])
    rows = lists([3, 5, 1], [3, 5, 1])
    found = measured(data, rows, split_of((0, 1, 1), (1, 1, 1)))
    assert found[1].tolist() == pytest.approx([1 / 2, 1 / 3])


def vectors_of(queries, documents):
    return Embeddings(
        np.array(queries, dtype=np.float32), np.array(documents, dtype=np.float32), "dot", "by hand", "0" * 32
    )


def test_the_querys_own_document_costs_no_place_among_the_hundred():
    """It stands first, and the answer on place 101, which is 100 without it."""
    data = world_dataset([("d000", "a"), ("q01", "b")], documents=140)
    scores = np.linspace(1, 0, 140)
    vectors = vectors_of([[1.0], [1.0]], scores[:, None])
    split = split_of((0, DEPTH, 1), (1, DEPTH, 1))
    assert evaluate(data, vectors, split)[2].tolist() == [1, 0]


def test_ties_go_to_the_smaller_document_id_whatever_the_order_in_the_file():
    documents = [("d9", "", "x"), ("d1", "", "y"), ("d5", "", "z")]
    data = world_dataset([("q00", "a"), ("q01", "b")], documents=documents, positives=[("q00", "d1", 1)])
    vectors = vectors_of([[1.0, 0], [0, 1.0]], [[0.5, 0.5]] * 3)
    row = {name: place for place, name in enumerate(data.document_ids)}
    split = split_of((0, row["d5"], 1), (1, row["d9"], 1))
    assert evaluate(data, vectors, split)[1].tolist() == pytest.approx([1 / 2, 1 / 3])


def plain(row, grades, relevant_from):
    """The three measures of one ranking, as a textbook has them."""
    gains = np.array([max(grades.get(document, 0), 0) for document in row[:10]])
    discount = np.log2(np.arange(2, 12))
    best = np.sort([max(grade, 0) for grade in grades.values()])[::-1][:10]
    ideal = (best / discount[: len(best)]).sum()
    ndcg = (gains / discount[: len(gains)]).sum() / ideal if ideal else 0.0
    answers = {document for document, grade in grades.items() if grade >= relevant_from}
    first = next((1 / place for place, document in enumerate(row[:10], 1) if document in answers), 0.0)
    return ndcg, first, len(answers & set(row[:100])) / len(answers)


@given(seed=st.integers(0, 2**32 - 1), relevant_from=st.integers(1, 2), highest=st.integers(2, 3))
def test_it_agrees_with_plain_numpy(seed, relevant_from, highest):
    random = np.random.default_rng(seed)
    data = world_dataset(queries=4, documents=150)
    rows = [random.permutation(150)[: random.integers(1, 150)].tolist() for _ in range(4)]
    judged = {query: dict.fromkeys(random.permutation(150)[:12].tolist(), 0) for query in range(4)}
    for grades in judged.values():
        for document in grades:
            grades[document] = int(random.integers(0, highest + 1))
        grades[min(grades)] = highest
    split = split_of(
        *[(query, document, grade) for query, grades in judged.items() for document, grade in grades.items()],
        relevant_from=relevant_from,
    )
    found = measured(data, lists(*rows), split)
    wanted = np.array([plain(rows[query], judged[query], relevant_from) for query in range(4)]).T
    assert np.abs(found - wanted).max() < 1e-6


@given(seed=st.integers(0, 2**32 - 1))
def test_the_search_ranks_by_the_exact_inner_product(seed):
    random = np.random.default_rng(seed)
    data = world_dataset(queries=3, documents=130)
    # Sixteenths multiply and add without rounding, and make ties common.
    queries, documents = (random.integers(-4, 5, (size, 4)) / 4 for size in (3, 130))
    split = split_of(*[(query, int(random.integers(130)), 1) for query in range(3)])
    found = evaluate(data, vectors_of(queries, documents), split)
    rows = np.lexsort((np.tile(np.arange(130), (3, 1)), -(queries @ documents.T)), axis=1)[:, :DEPTH]
    wanted = [plain(row.tolist(), {int(split.judged.of_query(query)[0]): 1}, 1) for query, row in enumerate(rows)]
    assert np.abs(found - np.array(wanted).T).max() < 1e-6


def test_dev_queries_without_judgments_of_their_own_are_not_lost():
    split = replace(split_of((0, 1, 1)), dev=np.array([0, 1], dtype=np.int32))
    assert measured(world_dataset(), lists([1], [1]), split).tolist() == [[1, 0], [1, 0], [1, 0]]
