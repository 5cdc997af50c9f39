"""What the map says about clusters, far positives, negatives on positives and dense places."""

from dataclasses import replace

import numpy as np
import pytest

from negviz.diagnostics.cluster_words import cluster_words
from negviz.diagnostics.false_negative_density import false_negative_density
from negviz.diagnostics.far_positives import far_positives
from negviz.diagnostics.negatives_on_positives import negatives_on_positives
from negviz.embeddings import Embeddings
from negviz.pool import Pool
from negviz.recipe import find_recipe
from negviz.select import select
from tests.pools import make_dataset, make_pool

NAN = float("nan")
TEXTS = [
    "The wing and the flow of air",
    "a wing in the flow",
    "salt in the cell",
    "the cell and its salt 1998",
    "the 1998",
]
CLUSTERS = np.array([0, 0, 1, 1, 2], dtype=np.int32)


def test_clusters_are_named_by_words_of_their_own() -> None:
    assert cluster_words(TEXTS, CLUSTERS) == [("flow", "wing"), ("cell", "salt"), ()]


def test_the_words_weigh_as_class_based_tf_idf_says() -> None:
    """c-TF-IDF by hand: 'air' is twice in cluster 0 (of 6 words), once in 1 (of 6); 'sea' once in 0; A = 6.

    Cluster 0: air 2/6 log(1 + 6/3) = 0.366, sea 3/6 log(1 + 6/3) = 0.549, sun 1/6 log(1 + 6/6) = 0.116.
    """
    texts = ["air air sea", "sea sea sun", "air sun sun", "sun sun sun"]
    assert cluster_words(texts, np.array([0, 0, 1, 1])) == [("sea", "air", "sun"), ("sun", "air")]


@pytest.mark.parametrize("texts", [[], ["", ""], ["the of 12", "1"]])
def test_texts_without_words_name_nothing(texts: list[str]) -> None:
    assert cluster_words(texts, np.zeros(len(texts), dtype=np.int32)) == [()] * min(len(texts), 1)


def test_one_document_is_named_by_its_own_words() -> None:
    assert cluster_words(["tower height"], np.zeros(1, dtype=np.int32)) == [("height", "tower")]


@pytest.fixture
def pool() -> Pool:
    """Two queries; vectors on a circle, so that cosines can be read off the angles (in degrees)."""
    dataset = make_dataset(2, 5, positives=[("q00", "d000", 1), ("q00", "d001", 1), ("q01", "d002", 1)])
    return make_pool(
        [[0.94, 0.97], [0.90, 0.10]],
        [[1.0, NAN], [1.0, NAN]],
        documents=[[3, 4], [3, 4]],
        positives=[[0, 1], [2, -1]],
        dataset=dataset,
    )


def around(*degrees: float) -> np.ndarray:
    turned = np.radians(degrees)
    return np.stack([2 * np.cos(turned), 2 * np.sin(turned)], axis=1).astype(np.float32)


# Lengths of 2, since only directions count.
VECTORS = Embeddings(around(0, 90), around(60, 10, 90, 20, 80), "dot", "by hand", "hand")


def test_far_positives_come_first(pool: Pool) -> None:
    found = far_positives(pool, VECTORS)
    assert found.cosines == pytest.approx([0.5, np.cos(np.radians(10)), 1.0], abs=1e-6)
    assert list(zip(found.queries.tolist(), found.documents.tolist(), strict=True)) == [(0, 0), (0, 1), (1, 2)]


def test_negatives_on_positives_are_measured_from_the_nearest_positive(pool: Pool) -> None:
    selection = select(pool, replace(find_recipe("nv_topk"), count=2))
    found = negatives_on_positives(selection, VECTORS)
    rows = list(zip(found.queries.tolist(), found.documents.tolist(), found.positives.tolist(), strict=True))
    # Document 3 at 20 and 4 at 80 degrees; positives of query 0 at 60 and 10, of query 1 at 90.
    assert rows[:2] == [(0, 3, 1), (1, 4, 2)]
    assert rows[2:] == [(0, 4, 0), (1, 3, 2)]
    assert found.cosines == pytest.approx(np.cos(np.radians([10, 10, 20, 70])), abs=1e-6)
    assert [pool.documents[row, column] for row, column in zip(found.queries, found.columns, strict=True)] == [
        3,
        4,
        4,
        3,
    ]


def test_a_pool_without_positives_lists_none(pool: Pool) -> None:
    bare = replace(pool, positives=np.full((2, 2), -1, np.int32))
    assert len(far_positives(bare, VECTORS).cosines) == 0
    assert len(negatives_on_positives(select(bare, find_recipe("nv_topk")), VECTORS).cosines) == 0


def test_density_counts_what_scores_above_a_share_of_the_positive_by_cell(pool: Pool) -> None:
    places = np.array([[0, 0], [9, 9], [9, 0], [0, 9], [0, 9]], dtype=np.float32)
    found = false_negative_density(pool, "dense", "min", places)
    # Above 0.95 of the positive (1.0): only 0.97, of document 4, which shares its cell with document 3.
    assert found.likely.tolist() == [0, 0, 0, 0, 1]
    assert found.per_document.tolist() == [0, 0, 0, 0.5, 0.5]
    leak = replace(pool, flags=np.array([[0, 1], [0, 0]], np.uint16))
    assert not false_negative_density(leak, "dense", "min", places).likely.any()


@pytest.mark.parametrize("dims", [2, 3])
def test_density_of_places_that_are_all_the_same_is_one_number(pool: Pool, dims: int) -> None:
    found = false_negative_density(pool, "dense", "min", np.ones((5, dims), np.float32))
    assert found.per_document.tolist() == [0.2] * 5
