"""Difficulty of queries, by hand; the compiled loops against NumPy."""

import numpy as np
import pytest
from hypothesis import given, settings

from negviz import compiled
from negviz.arrays import text_keys
from negviz.diagnostics.query_difficulty import (
    BELOW,
    KINDS,
    REST,
    STARVED,
    kinds,
    query_difficulty,
    sample,
    unretrieved,
)
from negviz.pool import LEAKS, Pool
from negviz.select import select
from tests.pools import NAN, make_pool, pools, recipe

LEAK = LEAKS["labelled positive"]


def by_hand():
    """A hard query, an easy one, one whose only high candidate is its positive, one that is not scored."""
    return make_pool(
        [[0.9, 0.8, 0.3], [0.2, 0.1, NAN], [0.6, 0.7, 0.5], [0.5, 0.4, 0.3]],
        [[0.7], [0.5], [0.7], [NAN]],
        flags=[[0, 0, 0], [0, 0, 0], [0, LEAK, 0], [0, 0, 0]],
    )


def test_the_best_candidate_is_no_leak_and_what_beats_the_positive_is_counted():
    found = query_difficulty(by_hand(), "dense", "min")
    assert found.best.tolist() == pytest.approx([0.9, 0.2, 0.6, 0.5])
    assert found.above.tolist() == [2, 0, 0, 0]
    assert found.known.tolist() == [3, 2, 2, 3]
    assert found.lead[:3].tolist() == pytest.approx([-0.2, 0.3, 0.1])
    assert found.drawable.tolist() == [True, True, True, False]
    assert found.hardest.tolist() == [0, 2, 1, 3]
    assert found.outranked.tolist() == [True, False, False, False]


def test_half_of_the_candidates_above_is_not_most_of_them():
    found = query_difficulty(make_pool([[0.9, 0.1], [0.9, 0.8]], [[0.5], [0.8]]), "dense", "min")
    assert found.above.tolist() == [1, 1]
    assert found.outranked.tolist() == [False, False]


def test_a_starved_query_counts_as_starved_whatever_its_positive():
    pool = by_hand()
    selection = select(pool, recipe(("score_ceiling", {"ceiling": 0.75}), count=2))
    numbers = query_difficulty(pool, "dense", "min")
    assert [KINDS[code] for code in kinds(selection, numbers)] == [STARVED, REST, REST, REST]
    assert [KINDS[code] for code in kinds(selection, numbers, short=False)] == [BELOW, REST, REST, REST]


def test_positives_that_nothing_retrieved():
    pool = make_pool([[0.5], [0.5], [0.5]], [[0.5], [0.5], [NAN]], positives=[[0], [0], [-1]], flags=[[LEAK], [2], [0]])
    assert unretrieved(pool).tolist() == [False, True, False]


def test_rare_kinds_are_whole_in_a_sample_that_does_not_move():
    codes = np.zeros(1000, dtype=np.int8)
    codes[[3, 500]] = 2
    codes[10:60] = 1
    keys = text_keys([f"q{row}" for row in range(1000)])
    rows = sample(codes, np.ones(1000, dtype=bool), keys, 90)
    assert len(rows) == 90
    assert {3, 500} <= set(rows.tolist())
    assert np.bincount(codes[rows]).tolist() == [44, 44, 2]
    turned = codes.copy()
    turned[3] = 0
    assert len(set(rows) & set(sample(turned, np.ones(1000, dtype=bool), keys, 90))) >= 88
    order = np.random.default_rng(0).permutation(1000)
    moved = order[sample(codes[order], np.ones(1000, dtype=bool), keys[order], 90)]
    assert set(moved.tolist()) == set(rows.tolist())


def test_what_cannot_be_drawn_is_never_in_the_sample():
    codes, keys = np.zeros(6, dtype=np.int8), text_keys(list("abcdef"))
    among = np.array([True, False, True, True, False, True])
    assert sample(codes, among, keys, 10).tolist() == [0, 2, 3, 5]
    assert set(sample(codes, among, keys, 2).tolist()) < {0, 2, 3, 5}


@settings(max_examples=100, deadline=None)
@given(pools())
def test_compiled_and_plain_loops_agree(pool: Pool):
    codes = select(pool, recipe()).reasons
    level, found = pool.anchor("dense", "mean"), []
    for many in (0, compiled.MANY):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(compiled, "MANY", many)
            against = compiled.against(pool.score("dense"), level, pool.eligible)
            counts = compiled.count_in_rows(codes, -1)
            bits = [compiled.any_bit(pool.flags, bit) for bit in (1, 2, 128)]
        found.append((*against, counts, *bits))
    for compiled_one, plain in zip(*found, strict=True):
        assert compiled_one.dtype == plain.dtype
        assert np.array_equal(compiled_one, plain, equal_nan=compiled_one.dtype == np.float64)


def test_a_pool_without_queries_or_candidates_has_numbers_too():
    for shape in ((0, 3), (2, 0)):
        pool = make_pool(np.zeros(shape), np.zeros((shape[0], 1)))
        found = query_difficulty(pool, "dense", "min")
        assert len(found.best) == len(found.hardest) == shape[0]
        assert not found.drawable.any()
        assert not found.outranked.any()
        assert len(unretrieved(pool)) == shape[0]
