"""Passages of the positive's article and answers to similar questions (METHODS B8)."""

import numpy as np
import pytest

from negviz.arrays import PAD
from negviz.dataset import Dataset
from negviz.embeddings import Embeddings
from negviz.errors import MissingInputError
from negviz.retrievers.context import context
from negviz.retrievers.similar_question import similar_question
from tests.pools import make_dataset


def rows(*values):
    return np.array(values, dtype=np.int32)


def articles():
    """Documents 0-3 are article a, 4-6 article b, 7 and 8 are of none; d001 answers q00, d004 and d006 answer q01."""
    return make_dataset(
        2,
        9,
        positives=[("q00", "d001", 1), ("q01", "d004", 1), ("q01", "d006", 1)],
        groups=["a"] * 4 + ["b"] * 3 + [None] * 2,
    )


def test_context_shares_the_group_of_a_positive_and_is_none_nearest_first():
    found = context(dataset=articles(), queries=rows(0, 1), depth=5)
    assert found.tolist() == [[0, 2, 3, PAD, PAD], [5, PAD, PAD, PAD, PAD]]


def test_a_positive_without_a_group_has_no_context_not_all_other_ungrouped_documents():
    dataset = make_dataset(1, 4, positives=[("q00", "d001", 1)], groups=[None, None, "a", "a"])
    assert (context(dataset=dataset, queries=rows(0), depth=3) == PAD).all()


def test_without_groups_context_says_what_is_missing():
    with pytest.raises(MissingInputError, match="--column group=NAME"):
        context(dataset=make_dataset(1, 3), queries=rows(0), depth=3)


def questions(order=(0, 1, 2, 3), shared=False):
    """Four questions on a line, q00 at 0 degrees, q01 at 10, q02 at 30, q03 at 80; each has a document of its own."""
    angles = np.radians([0, 10, 30, 80])
    dataset = Dataset.build(
        name="questions",
        format="test",
        queries=[(f"q{row:02}", f"question {row}") for row in order],
        documents=[(f"d{row:03}", "", f"answer {row}") for row in range(6)],
        positives=[(f"q{row:02}", f"d{row:03}", 1) for row in range(4)] + [("q01", "d000", 1)] * shared,
    )
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)[list(order)] * 3
    return dataset, Embeddings(vectors, np.zeros((6, 2), np.float32), "dot", "e", "i")


def bring(made, query, **knobs):
    dataset, embeddings = made
    place = dataset.query_ids.index(query)
    return similar_question(dataset=dataset, queries=rows(place), embeddings=embeddings, **knobs)[0].tolist()


def test_answers_of_the_nearest_questions_come_first_and_one_s_own_never():
    assert bring(questions(), "q00", depth=4) == [1, 2, 3, PAD]
    assert bring(questions(), "q02", depth=4) == [1, 0, 3, PAD]
    assert bring(questions(shared=True), "q00", depth=4) == [1, 2, 3, PAD]


def test_only_so_many_neighbours_count():
    assert bring(questions(), "q02", depth=4, neighbours=1) == [1, PAD, PAD, PAD]


def test_the_order_of_the_questions_does_not_matter():
    for query in ("q00", "q02"):
        assert bring(questions(), query, depth=3) == bring(questions((3, 1, 0, 2)), query, depth=3)


def test_equally_near_questions_come_in_order_of_id():
    dataset, embeddings = questions((3, 2, 1, 0))
    same = Embeddings(np.ones_like(embeddings.queries), embeddings.documents, "dot", "e", "i")
    assert bring((dataset, same), "q02", depth=3) == [0, 1, 3]


def test_a_question_without_an_answer_is_no_neighbour():
    dataset = make_dataset(3, 3, positives=[("q00", "d000", 1), ("q02", "d002", 1)])
    near = Embeddings(np.array([[1, 0], [1, 0.1], [0, 1]], np.float32), np.zeros((3, 2), np.float32), "dot", "e", "i")
    found = similar_question(dataset=dataset, queries=rows(0, 1), depth=2, embeddings=near, neighbours=1)
    assert found.tolist() == [[2, PAD], [0, PAD]]
