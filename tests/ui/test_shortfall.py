"""Queries that are short: by the rules of a recipe, or because it wants more than there is."""

import pytest

from negviz.select import select
from negviz.ui.shortfall import short_of, takes_all
from tests.pools import make_pool, recipe

SCORES = [[0.9, 0.8, 0.7, 0.6], [0.9, 0.8, 0.7, 0.6]]
POSITIVE = [[0.75], [0.5]]
BELOW = ("absolute_margin", {"margin": 0.0})


def outcome(*steps, **settings):
    return select(make_pool(SCORES, POSITIVE), recipe(*steps, **settings))


def test_a_count_that_the_pool_could_give_starves_queries() -> None:
    # Query 0 keeps 0.7 and 0.6, query 1 nothing.
    found = outcome(BELOW, count=4)
    assert not takes_all(found)
    assert short_of(found)[:2] == ("Starved queries", "2")


def test_a_count_beyond_every_query_starves_nobody() -> None:
    found = outcome(count=5)
    assert takes_all(found)
    assert short_of(found)[:2] == ("Per query", "4")


def test_what_a_rule_refuses_counts_as_there() -> None:
    found = outcome(BELOW, count=5)
    assert takes_all(found)
    assert short_of(found)[:2] == ("Per query", "0–2")


@pytest.mark.parametrize(("stop", "count", "all_of_it"), [(3, 4, True), (3, 3, False), (4, 4, False)])
def test_a_window_of_ranks_says_what_there_is(stop: int, count: int, all_of_it: bool) -> None:
    assert takes_all(outcome(("rank_window", {"stop": stop}), count=count)) is all_of_it


def test_queries_dropped_because_they_are_short_count_as_there() -> None:
    found = outcome(("rank_window", {"stop": 4}), BELOW, count=4, underfill="drop")
    assert not found.taken.any()
    assert not takes_all(found)
