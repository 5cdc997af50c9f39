"""The queue: who is asked about first, what is left out, and a walk that never answers what was not shown."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from negviz.dataset import Dataset
from negviz.labels import LabelEvent, Labels
from negviz.pool import Pool
from negviz.queue import (
    NOT_ASKED,
    Queue,
    Walk,
    chance,
    make_queue,
    most_informative,
    most_suspect,
    nearness,
    queue_of_pairs,
    scorers_differ,
    suspicion,
    taken_first,
    weighted_chance,
)
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


def test_a_weighted_sample_draws_each_pair_as_often_as_it_says() -> None:
    pool = make_pool([[0.5] * 30, [0.5] * 30], [[1.0], [1.0]])
    taken = np.ones((2, 30), dtype=bool)
    taken[1, 20:] = False
    random = np.random.default_rng(5)
    suspicion = np.where(random.random((2, 30)) < 0.2, 0.9, 0.03)
    suspicion[0, :2] = NAN
    rounds = 2000
    times, chances = np.zeros((2, 30)), np.zeros((2, 30))
    for seed in range(rounds):
        priority, chances = weighted_chance(pool, taken, suspicion=suspicion, seed=seed, size=12)
        times += np.isfinite(priority)
    assert chances.sum() == pytest.approx(12)
    assert times.sum() == 12 * rounds
    assert not times[~taken].any()
    assert not chances[~taken].any()
    assert chances[taken].min() >= 0.3 * 12 / 50
    assert chances.max() > 2 * chances[taken].min()
    spread = np.sqrt(rounds * chances[taken] * (1 - chances[taken]))
    assert (np.abs(times[taken] - rounds * chances[taken]) < 4.5 * spread).all()


def test_a_weighted_sample_is_seeded_knows_no_row_order_and_is_asked_in_an_order_of_its_own() -> None:
    pool = rich_pool()
    suspicion = np.random.default_rng(1).random(pool.documents.shape)
    taken = pool.eligible
    priority, chances = weighted_chance(pool, taken, suspicion=suspicion, seed=1, size=80)
    again, _ = weighted_chance(pool, taken, suspicion=suspicion, seed=1, size=80)
    other, _ = weighted_chance(pool, taken, suspicion=suspicion, seed=2, size=80)
    assert np.array_equal(priority, again)
    assert not np.array_equal(np.isfinite(priority), np.isfinite(other))
    turned = replace(
        pool, queries=pool.queries[::-1].copy(), documents=pool.documents[::-1].copy(), flags=pool.flags[::-1].copy(),
        positives=pool.positives[::-1].copy(), ranks={}, scores={}, positive_scores={},
    )  # fmt: skip
    backwards, mirrored = weighted_chance(turned, taken[::-1], suspicion=suspicion[::-1], seed=1, size=80)
    assert np.array_equal(np.isfinite(backwards[::-1]), np.isfinite(priority))
    assert mirrored[::-1] == pytest.approx(chances)
    queue = make_queue(pool, priority, nothing(pool), order="random, weighted", probability=chances)
    assert len(queue) == 80
    # What comes first is not what is likelier: a queue that is left half way is a sample all the same.
    assert abs(np.corrcoef(np.arange(80), queue.probability)[0, 1]) < 0.3


def test_each_pair_of_a_weighted_queue_knows_its_own_probability() -> None:
    pool = rich_pool()
    priority, chances = weighted_chance(pool, pool.eligible, suspicion=chances_of(pool), seed=1, size=40)
    queue = make_queue(pool, priority, nothing(pool), order="random, weighted", probability=chances)
    for place in range(len(queue)):
        query, document = queue.pair(place)
        column = int(np.flatnonzero(pool.documents[query] == document)[0])
        assert queue.probability_of(query, document) == chances[query, column]
    part = queue.only({3, 5})
    assert [part.probability_of(*part.pair(place)) for place in range(2)] == [
        queue.probability_of(*queue.pair(place)) for place in (3, 5)
    ]
    assert queue.probability_of(0, -7) is None
    with pytest.raises(ValueError, match="read-only"):
        queue.probability[0] = 1  # type: ignore[index]
    simple, share = chance(pool, pool.eligible, seed=1, size=40)
    drawn = make_queue(pool, simple, nothing(pool), order="random", probability=share)
    assert drawn.probability_of(*drawn.pair(0)) == share


def chances_of(pool: Pool) -> np.ndarray:
    return np.random.default_rng(2).beta(0.3, 3, pool.documents.shape)


def test_a_weighted_sample_of_more_than_there_is_takes_all_and_of_nothing_nothing() -> None:
    pool = rich_pool()
    priority, chances = weighted_chance(pool, pool.eligible, suspicion=chances_of(pool), seed=1, size=10**6)
    assert np.array_equal(np.isfinite(priority), pool.eligible)
    assert np.array_equal(chances, pool.eligible)
    priority, chances = weighted_chance(pool, nothing(pool), suspicion=chances_of(pool), seed=1, size=10)
    assert not np.isfinite(priority).any()
    assert not chances.any()
    flat = np.zeros(pool.documents.shape)
    _, even = weighted_chance(pool, pool.eligible, suspicion=flat, seed=1, size=50)
    assert even[pool.eligible] == pytest.approx(50 / pool.eligible.sum())


def test_who_is_far_more_suspect_than_all_others_is_sure_to_be_asked_about() -> None:
    pool = make_pool([[0.5] * 50], [[1.0]])
    suspicion = np.full((1, 50), 1e-6)
    suspicion[0, 7] = 1.0
    taken = np.ones((1, 50), dtype=bool)
    for seed in range(20):
        priority, chances = weighted_chance(pool, taken, suspicion=suspicion, seed=seed, size=10, even=0.0)
        assert chances[0, 7] == 1
        assert np.isfinite(priority[0, 7])
        assert chances.sum() == pytest.approx(10)


def test_the_most_suspect_are_the_likeliest_and_unknown_ones_are_not_asked(tiny: Pool) -> None:
    likely = np.where(tiny.eligible, 0.25, 0.9)
    likely[1, 1], likely[0, 2] = 0.5, NAN
    queue = make_queue(tiny, most_suspect(tiny, likely), nothing(tiny), order="most suspect")
    eligible = int(tiny.eligible.sum())
    assert len(queue) == eligible - int(np.isnan(likely[tiny.eligible]).sum())
    values = [
        likely[query, int(np.flatnonzero(tiny.documents[query] == document)[0])] for query, document in pairs(queue)
    ]
    assert values == sorted(values, reverse=True)


def test_the_most_informative_are_uncertain_and_each_further_one_of_a_query_counts_half() -> None:
    pool = make_pool([[0.9, 0.8, 0.7], [0.9, 0.8, 0.7]], [[0.5], [0.5]])
    likely = np.array([[0.5, 0.5, 0.99], [0.2, 0.9, NAN]])
    priority = most_informative(pool, likely)
    # Variances .25 .25 .0099 and .16 .09: halved by place .25 .125 .002475 and .16 .045.
    assert priority[0].tolist() == pytest.approx([0.25, 0.125, 0.002475])
    assert priority[1, :2].tolist() == pytest.approx([0.16, 0.045])
    assert priority[1, 2] == NOT_ASKED


def test_scorers_differ_in_doublings_of_the_place() -> None:
    pool = make_pool([[0.9, 0.8, 0.7, 0.6]], [[0.5]])
    other = np.array([[0.1, 0.2, 0.3, NAN]], dtype=np.float32)
    pool = replace(pool, scores={**pool.scores, "other": other}, positive_scores={
        **pool.positive_scores, "other": pool.positive_scores["dense"]}, stored_fingerprint="two scorers")  # fmt: skip
    # Places 1 2 3 against 3 2 1: log2(3), 0, log2(3); the fourth has one score only.
    assert scorers_differ(pool, "dense", "other")[0, :3].tolist() == pytest.approx([np.log2(3), 0, np.log2(3)])
    assert scorers_differ(pool, "dense", "other")[0, 3] == NOT_ASKED


def of_queries(queries: list[int]) -> Walk:
    rows = np.array(queries, dtype=np.int32)
    return Walk(Queue("test", rows, np.arange(len(rows), dtype=np.int32), len(rows), 0))


def test_the_rest_of_a_query_can_be_passed_over_and_gone_through_later() -> None:
    steps = of_queries([0, 1, 0, 2, 0])
    steps.answer((0, 0))
    steps.back()
    steps.forward()
    steps.skip_query(0)
    assert (steps.current, steps.skipped, steps.answered) == ((1, 1), {2, 4}, 1)
    steps.skip_query(1)
    assert steps.current == (2, 3)
    steps.answer((2, 3))
    assert steps.current is None
    assert [steps.again().queue.pair(place) for place in range(3)] == [(1, 1), (0, 2), (0, 4)]


def test_what_others_have_is_passed_over_not_gone_back_to_and_comes_again_when_it_is_asked_for() -> None:
    steps = walk(5)
    assert steps.waiting(3) == [0, 1, 2]
    steps.pass_over([0, 2])
    assert (steps.current, steps.waiting(2)) == ((1, 101), [1, 3])
    steps.answer((1, 101))
    assert steps.current == (3, 103)
    steps.back()
    assert steps.current == (1, 101)
    steps.back()
    assert steps.current == (1, 101)
    assert steps.at_start
    steps.forward()
    steps.answer((3, 103))
    steps.answer((4, 104))
    assert (steps.current, steps.answered, steps.passed) == (None, 3, {0, 2})
    steps.recall()
    assert (steps.current, steps.waiting(5)) == ((0, 100), [0, 2])


def test_several_answers_at_once_count_wherever_they_are_and_can_be_forgotten() -> None:
    steps = walk(5)
    steps.settle([(0, 100), (3, 103), (9, 9)])
    assert (steps.current, steps.answered) == ((1, 101), 2)
    steps.answer((1, 101))
    steps.answer((2, 102))
    assert steps.current == (4, 104)
    steps.forget([(3, 103), (0, 100)])
    assert (steps.answered, steps.skipped, steps.current) == (2, {0, 3}, (4, 104))


def test_a_new_order_leaves_what_was_seen_and_what_comes_next_and_asks_nothing_twice() -> None:
    steps = walk(8)
    for place in range(3):
        steps.answer((place, place + 100))
    steps.skip((3, 103))
    steps.settle([(6, 106)])
    rows = np.array([6, 7, 5, 4, 3, 2], dtype=np.int32)
    steps.follow(Queue("test", rows, rows + 100, 6, 0), keep=1)
    assert [query for query, _ in pairs(steps.queue)] == [0, 1, 2, 3, 4, 6, 7, 5]
    assert (steps.current, steps.answered, steps.skipped) == ((4, 104), 4, {3})
    steps.answer((4, 104))
    assert steps.current == (7, 107)
    steps.back()
    assert steps.current == (6, 106)


@given(st.lists(st.integers(0, 9), unique=True), st.integers(0, 6), st.integers(0, 3), st.permutations(range(10)))
def test_a_new_order_never_loses_or_repeats_a_pair(done: list[int], ahead: int, keep: int, order: list[int]) -> None:
    steps = walk(10)
    for _ in range(ahead):
        steps.answer(steps.current)
    steps.settle((place, place + 100) for place in done)
    answered, now = steps.answered, steps.current
    rows = np.array([row for row in order if row not in done and row >= ahead], dtype=np.int32)
    steps.follow(Queue("test", rows, rows + 100, len(rows), 0), keep=max(keep, 1))
    assert len(set(pairs(steps.queue))) == len(steps.queue)
    assert steps.current == now or now is None
    seen = []
    while steps.current is not None:
        seen.append(steps.current[0])
        steps.answer(steps.current)
    assert sorted(seen) == sorted(set(range(10)) - set(done) - set(range(ahead)))
    assert steps.answered >= answered
