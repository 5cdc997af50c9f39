"""The false-negative rate: numbers by hand, which labels count, what labels take out, groups, a model's help."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from negviz.dataset import Dataset
from negviz.diagnostics.wilson_interval import wilson_interval
from negviz.errors import DataError
from negviz.intervals import design_effect, score_interval, size_for_bound, size_for_width, weighted_share, wilson
from negviz.labelled_sample import ASSISTED, ASSUMED, EXACT, NOTHING, UNIFORM, WEIGHTED
from negviz.labels import LabelEvent, Labels
from negviz.pool import Pool
from negviz.queue import chance, weighted_chance
from negviz.rating import Rate, assisted_rate, expected, labels_needed, rate, rates_by
from negviz.select import select
from negviz.selection import Selection
from tests.pools import make_dataset, make_pool, recipe, rich_pool

FN, TN, DROP, UNSURE = "false negative", "true negative", "drop", "unsure"
Z2 = 1.959963984540054**2


def block(queries: int = 10, depth: int = 10, **more: object) -> Selection:
    """All of ``queries`` times ``depth`` candidates taken; candidate c of query q is document 1 + q * depth + c."""
    rows = 1 + np.arange(queries * depth).reshape(queries, depth)
    scores = np.tile(np.linspace(0.8, 0.2, depth), (queries, 1))
    pool = make_pool(scores, [[0.9]] * queries, documents=rows, dataset=make_dataset(queries, queries * depth + 1))
    return select(pool, recipe("rank_window", count=depth, **more))


def said(
    pool: Pool, cells: Sequence[int], verdicts: Sequence[str], chances: Sequence[float | None] | float | None = None,
    queue: str = "random",
) -> Labels:  # fmt: skip
    """Labels of cells, counted row by row."""
    given = chances if isinstance(chances, Sequence) else [chances] * len(cells)
    events = [
        LabelEvent.of(
            pool.dataset, int(pool.queries[cell // pool.depth]), int(pool.documents.ravel()[cell]), verdict,
            queue=queue, probability=chance,
        )
        for cell, verdict, chance in zip(cells, verdicts, given, strict=True)
    ]  # fmt: skip
    return Labels.of(events)


def ends(found: Rate) -> tuple[float, float]:
    return found.low, found.high


def test_three_of_twenty_without_probabilities_is_wilsons_interval_and_says_what_it_assumes() -> None:
    chosen = block()
    found = rate(chosen, said(chosen.pool, range(20), [FN] * 3 + [TN] * 17, queue="import"))
    # Centre (0.15 + z2/40) / (1 + z2/20), half width z / (1 + z2/20) * sqrt(0.15 * 0.85 / 20 + z2 / 1600).
    assert ends(found) == pytest.approx((0.0523693, 0.3604183), abs=1e-6)
    assert (found.rate, found.labelled, found.false_negatives) == (0.15, 20, 3)
    assert (found.method, found.negatives, found.effect) == (ASSUMED, 100, 1.0)
    assert math.isnan(found.stands_for)
    assert "came from: import" in found.about[0]


def test_a_draw_from_a_finite_set_is_worth_more_than_its_size() -> None:
    chosen = block()
    found = rate(chosen, said(chosen.pool, range(20), [FN] * 3 + [TN] * 17, 0.2))
    # 20 of 100 without replacement are worth 20 * 100 / 80 = 25 of an endless set.
    assert ends(found) == pytest.approx(wilson(0.15, 25, 0.95))
    assert found.method == UNIFORM
    assert found.stands_for == pytest.approx(100)
    assert len(found.about) == 1


def test_a_weighted_sample_by_hand() -> None:
    chosen = block(4, 6)
    found = rate(chosen, said(chosen.pool, [0, 1, 2, 3], [FN, TN, FN, TN], [0.5, 0.5, 0.1, 0.1]))
    # Weights 2, 2, 10, 10 stand for all 24; the false ones for 2 + 10 = 12. The mean weight over the false ones is
    # (2*2 + 10*10 + tempering 26) / (12 + 3) = 26/3, and the same over the others, so that the sample is worth
    # 24 / (26/3 - 1) = 72/23 observations; around one half Wilson's half width is z / 2 / sqrt(n + z2).
    half = math.sqrt(Z2) / 2 / math.sqrt(72 / 23 + Z2)
    assert found.rate == pytest.approx(0.5)
    assert ends(found) == pytest.approx((0.5 - half, 0.5 + half), abs=1e-6)
    assert ends(found) == pytest.approx((0.128856, 0.871144), abs=1e-5)
    assert found.method == WEIGHTED
    assert found.stands_for == pytest.approx(24)
    assert found.effect == pytest.approx((26 / 3 - 1) / (24 / 4 - 1))


def test_an_unfinished_weighted_queue_gives_the_same_rate() -> None:
    chosen = block(4, 6)
    whole = rate(chosen, said(chosen.pool, [0, 1, 2, 3], [FN, TN, FN, TN], [0.5, 0.5, 0.1, 0.1]))
    half = rate(chosen, said(chosen.pool, [0, 1, 2, 3], [FN, TN, FN, TN], [1.0, 1.0, 0.2, 0.2]))
    assert half.rate == pytest.approx(whole.rate)
    assert ends(half) == pytest.approx(ends(whole))


def test_no_false_negative_still_leaves_room_above_and_none_true_below() -> None:
    chosen = block()
    none = rate(chosen, said(chosen.pool, range(20), [TN] * 20))
    assert ends(none) == pytest.approx((0, Z2 / (20 + Z2)))
    assert any("None of the 20 is false" in sentence for sentence in none.about)
    weighted = rate(chosen, said(chosen.pool, range(20), [TN] * 20, [0.2] * 10 + [0.4] * 10))
    assert weighted.rate == weighted.low == 0
    assert 0.1 < weighted.high < 0.2
    every = rate(chosen, said(chosen.pool, range(20), [FN] * 20, [0.2] * 10 + [0.4] * 10))
    assert every.rate == every.high == 1
    assert 0.8 < every.low < 0.9


def test_one_label_says_little_and_is_called_few() -> None:
    chosen = block()
    found = rate(chosen, said(chosen.pool, [5], [FN]))
    assert ends(found) == pytest.approx((1 / (1 + Z2), 1.0))
    assert found.few
    drawn = rate(chosen, said(chosen.pool, [5], [FN], 0.01))
    assert drawn.high == 1
    assert drawn.low == pytest.approx(wilson(1, 100 / 99, 0.95)[0])


def test_one_answer_for_two_copies_does_not_count_twice() -> None:
    # Queries 0 and 1 ask the same and have document 1 both; the answer about it came about with 1 - 0.5 ** 2.
    data = Dataset.build(
        name="twice", format="test", positives=[("q0", "d0", 1), ("q1", "d0", 1), ("q2", "d0", 1)],
        queries=[("q0", "the same question"), ("q1", "the same question"), ("q2", "another one")],
        documents=[(f"d{row}", "", f"text {row}") for row in range(5)],
    )  # fmt: skip
    pool = make_pool([[0.5, 0.4]] * 3, [[0.9]] * 3, documents=np.array([[1, 2], [1, 3], [3, 4]]), dataset=data)
    chosen = select(pool, recipe("rank_window", count=2))
    found = rate(chosen, said(pool, [0, 4], [FN, TN], 0.5))
    assert (found.labelled, found.false_negatives) == (2, 1)
    # Two of weight 4/3 are false, one of weight 2 is not.
    assert found.rate == pytest.approx((8 / 3) / (8 / 3 + 2))
    assert found.stands_for == pytest.approx(14 / 3)


def test_where_everything_is_labelled_the_rate_is_exact_whatever_the_probabilities() -> None:
    chosen = block(2, 5)
    verdicts = [FN, FN, FN] + [TN] * 7
    for chances in (None, 1.0, [0.5, None] * 5):
        found = rate(chosen, said(chosen.pool, range(10), verdicts, chances))
        assert (found.rate, found.low, found.high, found.method) == (0.3, 0.3, 0.3, EXACT)
        assert (found.labelled, found.false_negatives, found.few) == (10, 3, False)
        assert labels_needed(found, 0.01) == 0
        assert (found.left.rate, found.left.high) == (0, 0)


def test_nothing_labelled_is_no_number() -> None:
    found = rate(block(), Labels.of([]))
    assert math.isnan(found.rate)
    assert (found.labelled, found.method, found.few) == (0, NOTHING, True)
    assert labels_needed(found, 0.1) > 50


def test_labels_that_chance_did_not_draw_are_left_out_and_named() -> None:
    chosen = block()
    drawn = said(chosen.pool, range(20), [FN] * 3 + [TN] * 17, 0.2)
    others = said(chosen.pool, range(20, 50), [FN] * 30, queue="most suspect")
    found = rate(chosen, Labels.of([*drawn.values(), *others.values()]))
    assert (found.rate, found.labelled, found.not_drawn) == (0.15, 20, 30)
    assert any("30 other labels" in sentence and "most suspect 30" in sentence for sentence in found.about)
    # All 33 known ones go when the labels are applied: 15 of 100 are estimated, so that none is left.
    assert (found.left.rate, found.left.low) == (0, 0)


def test_a_second_opinion_without_probability_does_not_take_a_pair_out_of_the_sample() -> None:
    chosen = block()
    drawn = list(said(chosen.pool, range(20), [TN] * 20, 0.2).values())
    again = replace(drawn[0], verdict=FN, annotator="second", queue="double", probability=None, event="again",
                    time="2999-01-01T00:00:00.000Z")  # fmt: skip
    found = rate(chosen, Labels.of([*drawn, again]))
    assert (found.labelled, found.false_negatives, found.method) == (20, 1, UNIFORM)


def test_unsure_and_drop_are_no_answers_and_the_widest_interval_says_what_they_could_do() -> None:
    chosen = block()
    verdicts = [FN] * 2 + [TN] * 14 + [UNSURE] * 3 + [DROP]
    found = rate(chosen, said(chosen.pool, range(20), verdicts, 0.2))
    assert (found.rate, found.labelled, found.unsure, found.dropped) == (2 / 16, 16, 3, 1)
    none = rate(chosen, said(chosen.pool, range(20), [FN] * 2 + [TN] * 18, 0.2))
    every = rate(chosen, said(chosen.pool, range(20), [FN] * 6 + [TN] * 14, 0.2))
    assert found.widest == pytest.approx((none.low, every.high))
    assert any("3 unsure and 1 drop" in sentence for sentence in found.about)


def test_a_draw_for_another_selection_is_spoken_about() -> None:
    chosen = block()
    found = rate(chosen, said(chosen.pool, range(20), [TN] * 20, 0.5))
    assert found.stands_for == pytest.approx(40)
    assert any("about 40 of the 100 negatives" in sentence for sentence in found.about)
    twice = rate(chosen, said(chosen.pool, range(20), [TN] * 20, 0.1))
    assert any("several samples" in sentence for sentence in twice.about)


def test_a_selection_that_labels_cleaned_does_not_look_clean() -> None:
    before = block(10, 10)
    labels = said(before.pool, range(0, 100, 2), [FN] * 10 + [TN] * 40, 0.5)
    after = select(before.pool, before.recipe, labels)
    assert int(after.taken.sum()) == 90
    found = rate(after, labels)
    # 20 of 100 were false by the estimate; ten are out, so that ten of ninety are left.
    assert found.rate == pytest.approx(10 / 90)
    whole = rate(before, labels)
    assert (whole.rate, found.labelled, found.false_negatives, found.negatives) == (0.2, 50, 10, 90)
    assert ends(found) == pytest.approx([(end * 100 - 10) / 90 for end in ends(whole)])
    assert (found.left.rate, whole.left.rate) == pytest.approx((10 / 90, 10 / 90))
    assert any("taken 10 negatives out" in sentence for sentence in found.about)


def test_the_rate_within_a_mask_and_bad_input() -> None:
    chosen = block()
    labels = said(chosen.pool, range(20), [FN] * 10 + [TN] * 10, 0.2)
    first = np.zeros((10, 10), dtype=bool)
    first[0] = True
    assert rate(chosen, labels, within=first).rate == 1
    with pytest.raises(DataError, match="table"):
        rate(chosen, labels, within=first[:2])
    for confidence in (0, 1, 95):
        with pytest.raises(DataError, match="confidence"):
            rate(chosen, labels, confidence=confidence)
    with pytest.raises(DataError, match="width"):
        labels_needed(rate(chosen, labels), 5)


def test_groups_share_out_the_negatives_and_the_answers() -> None:
    pool = rich_pool()
    chosen = select(pool, recipe("rank_window", count=12))
    cells = np.flatnonzero(chosen.taken)
    labels = said(pool, cells[::3].tolist(), [FN if cell % 2 else TN for cell in cells[::3]], 1 / 3)
    whole = rate(chosen, labels)
    for by in ("rank", "score", "query"):
        found = rates_by(chosen, labels, by)
        assert sum(group.labelled for group in found) == whole.labelled
        assert sum(group.false_negatives for group in found) == whole.false_negatives
        if by != "query":
            assert sum(group.negatives for group in found) == whole.negatives
        assert len({group.name for group in found}) == len(found)
    assert {group.name for group in rates_by(chosen, labels, "retriever")} <= set(pool.ranks)
    assert all(group.few for group in rates_by(chosen, labels, "query") if group.labelled < 10 < group.negatives)
    own = rates_by(chosen, labels, [("all", np.ones_like(chosen.taken)), ("none", ~chosen.taken)])
    assert [(group.name, group.rate) for group in own] == [("all", whole.rate)]
    with pytest.raises(DataError, match="retriever, rank, score, query"):
        rates_by(chosen, labels, "colour")


def test_how_many_more_labels() -> None:
    chosen = block(40, 50)
    found = rate(chosen, said(chosen.pool, range(100), [FN] * 10 + [TN] * 90, 0.05))
    more = labels_needed(found, 0.05)
    planned = (0.1 + Z2 / 200) / (1 + Z2 / 100)
    total = 100 + more

    def width(size: int) -> float:
        low, high = wilson(planned, size * 2000 / (2000 - size), 0.95)
        return high - low

    assert width(total) <= 0.05 < width(total - 1)
    assert labels_needed(found, 0.9) == 0
    assert size_for_width(0.1, 1e-9, 50, 0.95) == 50
    assert size_for_bound(0.1, 0.05, 50, 0.95) == 50
    assert size_for_width(0.5, 0.5, 0, 0.95) == 0


def test_equal_weights_are_wilson_with_the_correction_for_a_finite_set() -> None:
    hits = np.array([True] * 4 + [False] * 26)
    assert score_interval(hits, np.full(30, 7.0), 120, 0.95) == pytest.approx(wilson(4 / 30, 40, 0.95), abs=1e-9)
    assert design_effect(hits, np.full(30, 7.0), 120) == pytest.approx(1)
    assert wilson(0.15, 20, 0.95) == pytest.approx(wilson_interval(3, 20), abs=1e-12)


@st.composite
def samples(draw: st.DrawFn) -> tuple[list[str], list[float]]:
    size = draw(st.integers(1, 30))
    verdicts = draw(st.lists(st.sampled_from([FN, TN, TN, UNSURE, DROP]), min_size=size, max_size=size))
    chances = draw(st.lists(st.sampled_from([0.05, 0.2, 0.5, 1.0]), min_size=size, max_size=size))
    return verdicts, chances


@given(samples(), st.randoms(use_true_random=False))
def test_the_interval_holds_its_estimate_widens_with_confidence_and_knows_no_order(sample, random) -> None:
    chosen = block(4, 10)
    verdicts, chances = sample
    events = list(said(chosen.pool, range(len(verdicts)), verdicts, chances).values())
    found, surer = (rate(chosen, Labels.of(events), confidence=level) for level in (0.8, 0.95))
    random.shuffle(events)
    again = rate(chosen, Labels.of(events), confidence=0.8)
    assert found.about == again.about
    if found.labelled:
        assert (found.rate, *ends(found)) == pytest.approx((again.rate, *ends(again)), abs=1e-9)
        assert 0 <= surer.low <= found.low + 1e-9 <= found.rate + 2e-9
        assert found.rate - 1e-9 <= found.high <= surer.high + 1e-9 <= 1 + 2e-9
        assert found.widest[0] <= found.low + 1e-9
        assert found.widest[1] >= found.high - 1e-9
        assert 0 <= found.left.low <= found.left.high <= 1


def planted(seed: int) -> tuple[Selection, np.ndarray, np.ndarray]:
    """A selection of 400, a model's probabilities, and the truth that they are right about."""
    random = np.random.default_rng(seed)
    chosen = block(20, 20)
    guess = random.beta(0.4, 2.0, (20, 20))
    return chosen, guess, random.random((20, 20)) < guess


@pytest.mark.parametrize("way", ["uniform", "weighted", "model"])
def test_the_interval_covers_the_truth_as_often_as_it_says(way: str) -> None:
    chosen, guess, truth = planted(4)
    pool, taken, true, width, inside = chosen.pool, chosen.taken, float(truth.mean()), [], 0
    for seed in range(150):
        if way == "uniform":
            priority, share = chance(pool, taken, seed=seed, size=80)
            chances = np.full(taken.shape, share)
        else:
            priority, chances = weighted_chance(pool, taken, suspicion=guess, seed=seed, size=80)
        cells = np.flatnonzero(np.isfinite(priority))
        labels = said(pool, cells.tolist(), [FN if truth.flat[cell] else TN for cell in cells],
                      chances.ravel()[cells].tolist())  # fmt: skip
        found = assisted_rate(chosen, labels, guess) if way == "model" else rate(chosen, labels)
        inside += found.low <= true <= found.high
        width.append(found.high - found.low)
    # Of 150 audits at 95 percent, 134 to 149 are inside with a probability of 0.999.
    assert 134 <= inside <= 150
    assert np.mean(width) < {"uniform": 0.165, "weighted": 0.15, "model": 0.135}[way]


def test_a_wrong_model_does_not_move_the_rate_and_a_right_one_narrows_it() -> None:
    chosen, guess, truth = planted(1)
    cells = np.flatnonzero(np.isfinite(chance(chosen.pool, chosen.taken, seed=3, size=100)[0]))
    labels = said(chosen.pool, cells.tolist(), [FN if truth.flat[cell] else TN for cell in cells], 0.25)
    plain = rate(chosen, labels)
    helped, flat, backwards = (assisted_rate(chosen, labels, model) for model in (guess, guess * 0 + 0.3, 1 - guess))
    assert helped.method == ASSISTED
    assert helped.high - helped.low < 0.95 * (plain.high - plain.low)
    assert (flat.rate, flat.low, flat.high) == pytest.approx((plain.rate, plain.low, plain.high), abs=1e-6)
    assert backwards.rate == pytest.approx(plain.rate)
    assert backwards.high - backwards.low == pytest.approx(plain.high - plain.low, rel=1e-3)
    # Where the model knows nothing of some, or there is no false one to compare it with, nothing breaks.
    partly = guess.copy()
    partly[0] = np.nan
    assert 0 <= assisted_rate(chosen, labels, partly).rate <= 1
    none = said(chosen.pool, cells.tolist(), [TN] * len(cells), 0.25)
    assert assisted_rate(chosen, none, guess).method == UNIFORM
    with pytest.raises(DataError, match="table"):
        assisted_rate(chosen, labels, guess[:3])


def test_a_model_that_says_nothing_leaves_labels_of_unknown_origin_their_plain_interval() -> None:
    chosen = block()
    labels = said(chosen.pool, range(20), [FN] * 3 + [TN] * 17)
    plain, flat = rate(chosen, labels), assisted_rate(chosen, labels, np.full((10, 10), 0.3))
    assert (flat.rate, *ends(flat)) == pytest.approx((plain.rate, *ends(plain)), abs=1e-5)
    more = labels_needed(plain, 0.2)
    low, high = wilson(expected(plain), 20 + more, 0.95)
    assert high - low <= 0.2 or more == 80


def test_the_share_is_hajeks_ratio() -> None:
    assert weighted_share(np.array([True, False]), np.array([1.0, 3.0])) == 0.25
