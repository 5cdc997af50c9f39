"""The queue: who is asked about first, what is left out, and a walk that never answers what was not shown."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from negviz.dataset import Dataset
from negviz.labels import LabelEvent, Labels
from negviz.pool import Pool
from negviz.queue import NOT_ASKED, Queue, Walk, chance, make_queue, nearness, queue_of_pairs, suspicion, taken_first
from tests.pools import NAN, make_pool, rich_pool


def pairs(queue: Queue) -> list[tuple[int, int]]:
    return [queue.pair(place) for place in range(len(queue))]


def nothing(pool: Pool) -> np.ndarray:
    return np.zeros(pool.documents.shape, dtype=bool)


def test_most_suspect_is_ahead_of_its_own_positive(tiny: Pool) -> None:
    priority = suspicion(tiny, scorer="dense", anchor="max")
    queue = make_queue(tiny, priority, nothing(tiny), order="most suspect")
    # .95 - .75 = .20, then .80 - .90 twice (smaller id first), then .60 - .90; the leak and the unknown are not asked.
    assert pairs(queue) == [(1, 5), (0, 1), (0, 2), (0, 3)]
    assert (queue.considered, queue.labelled, queue.probability) == (4, 0, None)


def test_labelled_pairs_are_left_out_and_counted(tiny: Pool) -> None:
    said = LabelEvent.of(tiny.dataset, 0, 1, "true negative")
    labelled = Labels.of([said]).align(tiny) > 0
    queue = make_queue(tiny, suspicion(tiny, scorer="dense", anchor="max"), labelled, order="most suspect")
    assert pairs(queue) == [(1, 5), (0, 2), (0, 3)]
    assert (queue.considered, queue.labelled) == (4, 1)


def test_nearest_to_the_threshold_comes_first_from_either_side() -> None:
    pool = make_pool([[0.9, 0.6, 0.5, NAN]], [[1.0]])
    distance = pool.score("dense").astype(float) - 0.7
    queue = make_queue(pool, nearness(pool, distance), nothing(pool), order="near")
    assert [document for _, document in pairs(queue)] == [2, 1, 3]


def test_taken_first_asks_only_about_what_was_taken_even_without_a_score() -> None:
    pool = make_pool([[0.9, 0.6, NAN, 0.5]], [[1.0]])
    taken = np.array([[False, True, True, True]])
    queue = make_queue(pool, taken_first(pool, taken, scorer="dense", anchor="min"), nothing(pool), order="taken first")
    assert [document for _, document in pairs(queue)] == [2, 4, 3]


def test_a_long_queue_keeps_the_best_and_breaks_ties_by_row() -> None:
    pool = make_pool([[0.5, 0.9, 0.5], [0.5, 0.5, 0.8]], [[0.5], [0.5]])
    priority = suspicion(pool, scorer="dense", anchor="min")
    queue = make_queue(pool, priority, nothing(pool), order="most suspect", most=4)
    assert pairs(queue) == [(0, 2), (1, 3), (0, 1), (0, 3)]
    assert queue.considered == 6


def test_a_random_sample_is_of_the_wanted_size_seeded_and_of_what_was_taken() -> None:
    pool = rich_pool()
    taken = pool.eligible
    priority, probability = chance(pool, taken, seed=1, size=50)
    assert int(np.isfinite(priority).sum()) == 50
    assert probability == 50 / taken.sum()
    assert not np.isfinite(priority[~taken]).any()
    again, _ = chance(pool, taken, seed=1, size=50)
    other, _ = chance(pool, taken, seed=2, size=50)
    assert np.array_equal(priority, again)
    assert not np.array_equal(np.isfinite(priority), np.isfinite(other))
    assert chance(pool, taken, seed=1, size=10_000)[1] == 1.0
    assert chance(pool, nothing(pool), seed=1, size=10)[1] == 1.0


def test_every_negative_is_as_likely_to_be_drawn() -> None:
    pool = make_pool([[0.5] * 10], [[1.0]])
    taken = np.ones((1, 10), dtype=bool)
    times = sum(np.isfinite(chance(pool, taken, seed=seed, size=3)[0]).astype(int) for seed in range(600))
    assert times.sum() == 1800
    assert times.min() > 130
    assert times.max() < 230


def test_given_pairs_keep_their_order() -> None:
    queue = queue_of_pairs(np.array([[3, 4], [1, 2], [5, 6]]), np.array([False, True, False]), order="map selection")
    assert pairs(queue) == [(3, 4), (5, 6)]
    assert (queue.considered, queue.labelled) == (3, 1)
    assert not len(queue_of_pairs(np.zeros((0, 2)), np.zeros(0, bool), order="map selection"))


def walk(length: int) -> Walk:
    rows = np.arange(length, dtype=np.int32)
    return Walk(Queue("test", rows, rows + 100, length, 0))


def test_a_late_press_for_the_pair_before_is_dropped() -> None:
    steps = walk(3)
    first = steps.current
    assert first is not None
    assert steps.answer(first)
    assert not steps.answer(first)
    assert not steps.skip(first)
    assert steps.current == (1, 101)
    assert steps.answered == 1


def test_going_back_shows_the_answered_pair_and_an_answer_returns_to_the_front() -> None:
    steps = walk(4)
    for _ in range(2):
        steps.answer(steps.current)
    steps.back()
    steps.back()
    steps.back()
    assert steps.current == (0, 100)
    assert not steps.at_front
    steps.forward()
    assert steps.current == (1, 101)
    steps.answer((1, 101))
    assert steps.current == (2, 102)
    assert steps.answered == 2
    steps.forward()
    assert steps.current == (2, 102)


def test_skipped_pairs_can_be_gone_through_and_do_not_count_as_answered() -> None:
    steps = walk(3)
    steps.skip((0, 100))
    steps.answer((1, 101))
    steps.skip((2, 102))
    assert steps.current is None
    assert (steps.answered, steps.skipped) == (1, {0, 2})
    again = steps.again()
    assert [again.queue.pair(place) for place in range(2)] == [(0, 100), (2, 102)]
    steps.back()
    steps.back()
    steps.back()
    steps.answer((0, 100))
    assert (steps.answered, steps.skipped, steps.current) == (2, {2}, None)


def test_a_pair_of_elsewhere_is_shown_aside_and_its_answer_leads_back() -> None:
    steps = walk(3)
    steps.answer((0, 100))
    steps.visit((7, 7))
    assert steps.current == (7, 7)
    assert steps.answer((7, 7))
    assert steps.current == (1, 101)
    assert steps.answered == 1
    steps.visit((2, 102))
    assert steps.aside == (2, 102)
    steps.back()
    assert steps.current == (1, 101)


def test_taking_an_answer_back_opens_its_pair() -> None:
    steps = walk(3)
    steps.answer((0, 100))
    steps.answer((1, 101))
    steps.reopen((1, 101))
    assert (steps.current, steps.answered) == ((1, 101), 1)
    steps.answer((1, 101))
    assert (steps.current, steps.answered) == ((2, 102), 2)
    steps.reopen((0, 100), answered=True)
    assert steps.answered == 2


@given(st.lists(st.sampled_from(["answer", "late", "skip", "back", "forward", "visit", "undo"]), max_size=60))
def test_a_walk_never_leaves_the_queue_and_counts_right(moves: list[str]) -> None:
    steps, answered, shown_before = walk(5), set(), None
    for move in moves:
        now = steps.current
        if move == "answer" and now is not None:
            assert steps.answer(now)
            answered.add(now)
        elif move == "late" and shown_before not in (None, now):
            assert not steps.answer(shown_before)
        elif move == "skip" and now is not None:
            steps.skip(now)
        elif move in {"back", "forward"}:
            getattr(steps, move)()
        elif move == "visit" and answered:
            steps.visit(min(answered))
        elif move == "undo" and answered:
            pair = max(answered)
            answered.discard(pair)
            steps.reopen(pair)
        shown_before = now
        assert 0 <= steps.place <= steps.front <= len(steps.queue)
        assert steps.answered == len(answered)


def test_not_asked_is_never_in_a_queue(tiny: Pool) -> None:
    priority = np.full(tiny.documents.shape, NOT_ASKED)
    queue = make_queue(tiny, priority, nothing(tiny), order="none")
    assert len(queue) == queue.considered == 0
    assert Walk(queue).current is None


@pytest.mark.parametrize("order", ["most suspect", "random"])
def test_pairs_are_read_only(tiny: Pool, order: str) -> None:
    queue = make_queue(tiny, suspicion(tiny, scorer="dense", anchor="min"), nothing(tiny), order=order)
    with pytest.raises(ValueError, match="read-only"):
        queue.queries[0] = 1


def test_the_same_two_texts_are_asked_about_once_but_a_drawn_sample_stays_as_it_was_drawn() -> None:
    pool = make_pool([[0.9, 0.8, 0.7]], [[0.5]])
    texts = ["the positive", "Hitting the wall", "another text", "hitting  the WALL"]
    dataset = Dataset.build(
        name="copies", format="test", queries=[("q0", "what is it?")],
        documents=[(f"d{row}", "", texts[min(row, 3)]) for row in range(len(pool.dataset.documents))],
        positives=[("q0", "d0", 1)],
    )  # fmt: skip
    pool = replace(pool, dataset=dataset)
    priority = suspicion(pool, scorer="dense", anchor="min")
    queue = make_queue(pool, priority, nothing(pool), order="most suspect")
    assert pairs(queue) == [(0, 1), (0, 2)]
    assert queue.considered == 2
    drawn = make_queue(pool, priority, nothing(pool), order="random", probability=0.5)
    assert pairs(drawn) == [(0, 1), (0, 2), (0, 3)]
