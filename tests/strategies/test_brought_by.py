import numpy as np
import pytest

from negviz.errors import MissingInputError
from negviz.strategies.brought_by import brought_by
from tests.pools import make_pool


def test_only_candidates_of_that_retriever():
    ranks = {"dense": np.array([[0, 1, -1]], np.int32), "random": np.array([[-1, 7, 0]], np.int32)}
    pool = make_pool([[0.5, 0.4, 0.3]], [[0.9]], ranks=ranks)
    assert brought_by(pool, retriever="random").tolist() == [[0.0, 1.0, 1.0]]
    assert brought_by(pool, retriever="dense").tolist() == [[1.0, 1.0, 0.0]]


def test_a_retriever_that_was_not_asked_is_named_with_the_way_to_get_it():
    pool = make_pool([[0.5]], [[0.9]])
    with pytest.raises(MissingInputError, match="those of: dense; build the pool again with --retriever bm25"):
        brought_by(pool, retriever="bm25")
