import numpy as np
import pytest

from negviz.errors import MissingInputError
from negviz.recipe import published
from negviz.select import select
from negviz.strategies.positive_retrieved import positive_retrieved
from tests.pools import make_pool


def pool():
    """Three queries with positive d000: found by dense, found by random alone, not found."""
    documents = [[0, 1, 2], [0, 1, 2], [1, 2, 3]]
    ranks = {
        "dense": np.array([[5, 0, 1], [-1, 0, 1], [0, 1, 2]], np.int32),
        "random": np.array([[-1, -1, 0], [0, -1, -1], [0, 1, 2]], np.int32),
    }
    scores = [[0.9, 0.5, 0.4], [0.9, 0.5, 0.4], [0.5, 0.4, 0.3]]
    flags = [[1, 0, 0], [1, 0, 0], [0, 0, 0]]
    return make_pool(scores, [[0.9]] * 3, documents=documents, ranks=ranks, flags=flags)


def test_only_queries_whose_positive_that_retriever_brought():
    assert positive_retrieved(pool(), retriever="dense").tolist() == [[1, 1, 1], [0, 0, 0], [0, 0, 0]]
    assert positive_retrieved(pool(), retriever="random").tolist() == [[0, 0, 0], [1, 1, 1], [0, 0, 0]]
    assert positive_retrieved(pool(), retriever="any").tolist() == [[1, 1, 1], [1, 1, 1], [0, 0, 0]]


def test_one_of_several_positives_is_enough_and_padding_is_none():
    found = make_pool([[0.5, 0.4]], [[0.9, 0.9]], documents=[[3, -1]], positives=[[7, 3]], flags=[[1, 0]])
    assert positive_retrieved(found).tolist() == [[1, 1]]
    assert positive_retrieved(make_pool([[0.5, 0.4]], [[0.9]], documents=[[3, -1]], positives=[[-1]])).sum() == 0


def test_a_retriever_that_is_not_there_is_named_with_the_ways_out():
    with pytest.raises(MissingInputError, match=r"those of: dense, random; .* --retriever bm25, or set retriever=any"):
        positive_retrieved(pool(), retriever="bm25")


def test_the_queries_that_arctic_v2_drops_are_counted_by_reason():
    found = select(pool(), published()["arctic_v2"])
    refused = {row["step"]: row["count"] for row in found.summary()["refused"]}
    # Two unlabelled candidates of the second query, three of the third; the first has two of ten.
    assert refused["positive_retrieved"] == 5
    assert refused["fewer than count left"] == 2
