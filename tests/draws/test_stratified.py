"""Retrievers take turns (METHODS B8)."""

import numpy as np
import pytest
from scipy import stats

from negviz.arrays import text_keys
from negviz.draws.stratified import stratified
from negviz.errors import MissingInputError
from tests.pools import make_pool

COLUMNS = 6
RANKS = {
    "a": np.array([[0, 1, 2, -1, -1, -1]], np.int32),
    "b": np.array([[-1, -1, 0, 1, -1, -1]], np.int32),
}


def draw(count, weights=(1.0,) * COLUMNS, seed=0, ranks=RANKS, **knobs):
    table = np.array([weights])
    pool = make_pool(np.zeros(table.shape), [[0.9]], ranks=ranks)
    keys = text_keys([str(column) for column in range(COLUMNS)])[None, :]
    scores = np.zeros(table.shape, np.float32)
    return stratified(table, pool=pool, scores=scores, keys=keys, count=count, seed=seed, **knobs)[0].tolist()


@pytest.mark.parametrize("seed", range(20))
def test_turns_alternate_in_the_order_named(seed):
    one, two, three, four = draw(4, seed=seed, strata="a b")
    assert one in {0, 1, 2}
    assert two in {2, 3} - {one}
    assert three in {0, 1, 2}
    assert len({one, two, three, four}) == 4
    first, second = draw(2, seed=seed, strata="b, a")
    assert first in {2, 3}
    assert second in {0, 1, 2} - {first}


def test_a_short_stratum_gives_its_turns_to_the_other_and_the_rest_comes_last():
    found = draw(6, weights=(1, 1, 0, 1, 1, 1), strata="b a")
    assert found[0] == 3
    assert set(found[1:3]) == {0, 1}
    assert set(found[3:5]) == {4, 5}
    assert found[5] == -1


def test_no_names_mean_every_retriever_by_name():
    assert draw(4, seed=3) == draw(4, seed=3, strata="a b")


def test_inside_a_stratum_the_weights_decide():
    weights = (1.0, 3.0, 4.0, 1.0, 1.0, 1.0)
    firsts = [draw(1, weights=weights, seed=seed, strata="a")[0] for seed in range(3_000)]
    counts = np.bincount(firsts, minlength=3)
    assert stats.chisquare(counts, 3_000 * np.array([1, 3, 4]) / 8).pvalue > 1e-4


def test_an_unknown_retriever_is_named():
    with pytest.raises(MissingInputError, match="--retriever context"):
        draw(2, strata="a context")
