"""Which value of a knob meets a rate: by a ceiling that holds for all of them, and only where the draw reached."""

import math
from collections.abc import Sequence

import numpy as np
import pytest

from negviz.errors import MissingInputError, RecipeError
from negviz.labels import LabelEvent, Labels
from negviz.pool import Pool
from negviz.queue import chance
from negviz.rate_advice import taken_by_any, thresholds_for_rate
from negviz.recipe import find_recipe
from negviz.select import select
from negviz.sweeping import find_turn, turns
from tests.pools import make_dataset, make_pool, recipe

QUERIES, DEPTH = 40, 20
VALUES = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
CEILING = recipe(("score_ceiling", {"ceiling": 0.9}), count=DEPTH)
TURN = find_turn(CEILING, "score_ceiling.ceiling")


def graded(seed: int = 0) -> tuple[Pool, np.ndarray]:
    """Scores from 0 to 1, and truth: a candidate is false with the fourth power of its score."""
    random = np.random.default_rng(seed)
    scores = random.random((QUERIES, DEPTH)).astype(np.float32)
    rows = 1 + np.arange(QUERIES * DEPTH).reshape(QUERIES, DEPTH)
    pool = make_pool(scores, [[0.95]] * QUERIES, documents=rows, dataset=make_dataset(QUERIES, QUERIES * DEPTH + 1))
    return pool, random.random(scores.shape) < scores**4


def judged(pool: Pool, truth: np.ndarray, drawn: np.ndarray, probability: float | None) -> Labels:
    said = np.where(truth, "false negative", "true negative")
    return Labels.of([
        LabelEvent.of(pool.dataset, int(row), int(pool.documents[row, column]), str(said[row, column]),
                      queue="random", probability=probability)
        for row, column in np.argwhere(drawn)
    ])  # fmt: skip


def sampled(pool: Pool, truth: np.ndarray, size: int, seed: int = 0, values: Sequence[float] = VALUES) -> Labels:
    _, taken = taken_by_any(pool, CEILING, TURN, values)
    priority, probability = chance(pool, taken, seed=seed, size=size)
    return judged(pool, truth, np.isfinite(priority), probability)


def true_rate(pool: Pool, truth: np.ndarray, value: float) -> float:
    taken = select(pool, CEILING.with_knob("score_ceiling", "ceiling", value)).taken
    return float(truth[taken].mean())


def test_the_loosest_value_whose_ceiling_is_within_the_rate_is_sure_and_says_what_it_costs() -> None:
    pool, truth = graded()
    found = thresholds_for_rate(pool, CEILING, sampled(pool, truth, 400), TURN, VALUES, 0.15)
    assert found.sure is not None
    assert found.sure.ceiling <= 0.15
    assert all(offer.ceiling > 0.15 for offer in found.offers if offer.negatives > found.sure.negatives)
    assert found.likely is not None
    assert found.likely.negatives >= found.sure.negatives
    assert found.cost(found.sure) == found.now.negatives - found.sure.negatives > 0
    assert (found.now.value, found.compared, found.knob) == (0.9, 7, "score_ceiling.ceiling")
    assert found.about[0].startswith(f"score_ceiling.ceiling = {found.sure.value:g} keeps")
    assert f"gives up {found.cost(found.sure):,} negatives" in found.about[1]
    # The ceiling makes up for seven values: it lies above the upper end of a value taken alone.
    assert all(offer.ceiling > offer.rate.high for offer in found.offers)


def test_with_few_labels_nothing_is_sure_and_it_says_how_many_more_would_tell() -> None:
    pool, truth = graded()
    found = thresholds_for_rate(pool, CEILING, sampled(pool, truth, 60), TURN, VALUES, 0.09)
    assert found.sure is None
    assert found.likely is not None
    assert found.more_labels
    assert "not enough to be sure" in found.about[0]
    assert f"{found.more_labels:,} more labels" in found.about[1]


def test_the_choice_among_many_values_is_wrong_no_more_often_than_it_says() -> None:
    pool, truth = graded(3)
    true = {value: true_rate(pool, truth, value) for value in VALUES}
    wrong = chosen = 0
    for seed in range(40):
        found = thresholds_for_rate(pool, CEILING, sampled(pool, truth, 150, seed), TURN, VALUES, 0.13)
        if found.sure is not None:
            chosen += 1
            wrong += true[found.sure.value] > 0.13
    assert chosen > 10
    assert wrong <= 4


def test_a_looser_value_than_the_draw_is_not_measured() -> None:
    pool, truth = graded()
    tight = CEILING.with_knob("score_ceiling", "ceiling", 0.5)
    taken = select(pool, tight).taken
    priority, probability = chance(pool, taken, seed=0, size=200)
    labels = judged(pool, truth, np.isfinite(priority), probability)
    found = thresholds_for_rate(pool, tight, labels, TURN, VALUES, 0.3)
    assert [offer.measured for offer in found.offers] == [True, True, True, False, False, False, False]
    assert found.sure is not None
    assert found.sure.value == 0.5
    assert any("4 of the values" in sentence and "--draw" in sentence for sentence in found.about)


def test_labels_without_probability_are_taken_as_a_random_sample_and_it_says_so() -> None:
    pool, truth = graded()
    drawn = np.random.default_rng(1).random(truth.shape) < 0.4
    found = thresholds_for_rate(pool, CEILING, judged(pool, truth, drawn, None), TURN, VALUES, 0.15)
    assert all(offer.measured for offer in found.offers)
    assert "random sample" in found.about[-1]


def test_of_values_that_keep_as_much_the_nearest_to_now_is_taken() -> None:
    pool, truth = graded()
    filled = recipe(("score_ceiling", {"ceiling": 0.9}), count=2)
    _, taken = taken_by_any(pool, filled, TURN, VALUES)
    labels = judged(pool, truth, taken, 1.0)
    found = thresholds_for_rate(pool, filled, labels, TURN, VALUES, 0.3)
    assert found.sure is not None
    full = [offer for offer in found.offers if offer.negatives == found.sure.negatives and offer.ceiling <= 0.3]
    assert len(full) > 1
    assert found.sure.value == max(offer.value for offer in full)
    # Everything is labelled, so nothing is estimated.
    assert found.sure.ceiling == found.sure.rate.rate
    assert math.isfinite(found.sure.hardness)
    assert found.sure.hardness < found.now.hardness


@pytest.mark.parametrize(("change", "words"), [
    ({"wanted": 5.0}, "wanted rate is 5"),
    ({"confidence": 0.2}, "confidence is 0.2"),
])  # fmt: skip
def test_numbers_out_of_range_are_refused(change, words) -> None:
    pool, truth = graded()
    asked = {"wanted": 0.1, "confidence": 0.95, **change}
    with pytest.raises(RecipeError, match=words):
        thresholds_for_rate(pool, CEILING, sampled(pool, truth, 50), TURN, VALUES, asked["wanted"],
                            confidence=asked["confidence"])  # fmt: skip


def test_without_labels_of_what_is_taken_there_is_no_advice() -> None:
    pool, _ = graded()
    with pytest.raises(MissingInputError, match="negviz sample"):
        thresholds_for_rate(pool, CEILING, Labels.of([]), TURN, VALUES, 0.1)


def test_a_knob_of_the_source_and_a_recipe_that_has_seen_the_labels_are_refused() -> None:
    pool, truth = graded()
    labels = sampled(pool, truth, 50)

    batches = find_recipe("in_batch")
    turn = next(turn for turn in turns(batches) if turn.step == "source")
    with pytest.raises(RecipeError, match="what there is to choose from"):
        thresholds_for_rate(pool, batches, labels, turn, (8, 16), 0.1)
    learning = find_recipe("rance_style")
    with pytest.raises(RecipeError, match="learns from labels"):
        thresholds_for_rate(pool, learning, labels, find_turn(learning, "count"), (2, 3), 0.1)
