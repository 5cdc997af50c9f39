"""Claims: two people on one queue are not asked the same, whatever happens to either of them."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from negviz.errors import LabelError
from negviz.labels import LabelEvent, LabelStore, Verdict, claims

FN, TN, DROP, UNSURE = Verdict
PAIRS = [(f"q{number}", "d") for number in range(6)]
ONE, TWO, *_ = PAIRS


def said(pair, verdict=FN, annotator="ann", **more):
    return LabelEvent(query_key=pair[0], document_key=pair[1], verdict=verdict, annotator=annotator, **more)


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still until it is set."""
    time = [1000.0]
    monkeypatch.setattr(claims, "moment", lambda connection: time[0])
    return time


def test_what_one_has_claimed_the_other_does_not_get(store):
    assert store.claim("ann", PAIRS[:3]) == set(PAIRS[:3])
    assert store.claim("bob", PAIRS) == set(PAIRS[3:])
    assert store.claim("cleo", PAIRS) == set()
    assert store.claim("ann", PAIRS) == set(PAIRS[:3])


def test_the_first_that_are_free_are_claimed(store):
    assert store.claim("ann", PAIRS, most=2) == set(PAIRS[:2])
    assert store.claim("bob", PAIRS, most=2) == set(PAIRS[2:4])
    assert store.claim("ann", PAIRS, most=3) == {*PAIRS[:2], PAIRS[4]}
    assert store.claim("cleo", PAIRS, most=0) == set()
    assert store.claim("cleo", [], most=3) == set()


def test_a_verdict_ends_the_claim_and_closes_the_pair_to_others(store):
    store.claim("ann", [ONE, TWO])
    store.add(said(ONE))
    assert store.claim("bob", [ONE, TWO]) == set()
    store.release("ann")
    assert store.claim("bob", [ONE, TWO]) == {TWO}
    store.undo("ann")
    assert store.claim("bob", [ONE, TWO]) == {ONE, TWO}


def test_ones_own_verdict_closes_nothing_and_unsure_closes_nothing(store):
    store.add(said(ONE))
    store.add(said(TWO, UNSURE))
    assert store.claim("ann", [ONE, TWO]) == {ONE, TWO}
    store.release("ann")
    assert store.claim("bob", [ONE, TWO]) == {TWO}


def test_a_skipped_pair_is_free_at_once(store):
    store.claim("ann", [ONE, TWO])
    store.release("ann", ONE)
    assert store.claim("bob", [ONE, TWO]) == {ONE}
    store.release("ann", ONE)  # not hers any more, and not hers to give
    assert store.claim("ann", [ONE]) == set()


def test_a_claim_runs_out_and_lasts_anew_when_it_is_made_again(store, clock):
    store.claim("ann", [ONE, TWO], seconds=60)
    clock[0] += 50
    store.claim("ann", [TWO], seconds=60)
    clock[0] += 20
    assert store.claim("bob", [ONE, TWO], seconds=60) == {ONE}
    assert store.claim("ann", [ONE, TWO]) == {TWO}


def test_who_comes_back_late_still_can_answer(store, clock):
    store.claim("ann", [ONE], seconds=60)
    clock[0] += 61
    store.claim("bob", [ONE], seconds=60)
    store.add(said(ONE))
    assert store.current()[ONE].annotator == "ann"
    assert store.claim("cleo", [ONE], double=False) == set()


def test_a_second_opinion_is_open_to_everybody(store):
    store.claim("ann", [ONE, TWO])
    store.add(said(ONE))
    assert store.claim("bob", [ONE, TWO], double=True) == {ONE, TWO}
    assert store.claim("cleo", [ONE, TWO]) == set()


def test_two_people_walk_through_one_queue_and_nothing_is_judged_twice(store, label_url):
    queue = [(f"walk{number}", "d") for number in range(40)]
    barrier = threading.Barrier(3)

    def walk(name):
        done = set()
        with LabelStore(label_url) as mine:
            barrier.wait()
            while now := sorted(mine.claim(name, [pair for pair in queue if pair not in done], most=2)):
                mine.add(said(now[0], TN, name))
                done.add(now[0])
        return len(done)

    with ThreadPoolExecutor(3) as threads:
        assert sum(threads.map(walk, ("ann", "bob", "cleo"))) == 40
    assert len(store.events()) == 40


def test_claims_at_one_moment_go_to_one_person_each(store, label_url):
    barrier = threading.Barrier(4)

    def claim(name):
        with LabelStore(label_url) as mine:
            barrier.wait()
            return mine.claim(name, PAIRS, most=3)

    with ThreadPoolExecutor(4) as threads:
        got = list(threads.map(claim, "abcd"))
    assert sum(len(pairs) for pairs in got) == len(set.union(*got)) == 6


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), float("inf")])
def test_a_claim_needs_a_time(store, seconds):
    with pytest.raises(LabelError, match="number above 0"):
        store.claim("ann", PAIRS, seconds=seconds)


def test_claims_are_no_labels(store):
    store.claim("ann", PAIRS)
    assert store.events() == []
    assert store.version == 0
    assert not len(store.current())


def test_many_pairs_are_claimed_at_once(store):
    many = [(f"m{number}", f"d{number % 7}") for number in range(3000)]
    assert store.claim("ann", many) == set(many)
    assert store.claim("bob", [*many, ONE]) == {ONE}
    store.release("ann")
    assert store.claim("bob", many, most=1) == {many[0]}


def test_a_drawn_pair_comes_again_though_another_answered_it_but_not_to_two_people_at_once(store):
    store.add(LabelEvent(query_key="a" * 32, document_key="b" * 32, verdict="drop", annotator="ann"))
    pair = ("a" * 32, "b" * 32)
    assert store.claim("bob", [pair]) == set()
    assert store.claim("bob", [pair], again=[pair]) == {pair}
    assert store.claim("cat", [pair], again=[pair]) == set()
