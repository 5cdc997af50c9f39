"""Advice on a knob: which value meets a false-negative rate at the most negatives kept, from people's labels."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from negviz.arrays import Bools, fingerprint
from negviz.comparison import learns_from_labels
from negviz.diagnostics.sweep import outcome_of
from negviz.errors import MissingInputError, RecipeError
from negviz.intervals import size_for_bound
from negviz.labelled_sample import ASSUMED, sample_of
from negviz.labels import Labels
from negviz.pool import Pool
from negviz.rating import CONFIDENCE, FEWEST, Rate, rate
from negviz.recipe import Recipe
from negviz.select import select, source_pool
from negviz.selection import Selection
from negviz.sweeping import Turn, turned, value_of

Progress = Callable[[str, int, int | None], None]
LEAST_CONFIDENCE = 0.5
# Further negatives than this part of a selection must have been in the draw, or its rate is not known.
LITTLE = 0.05
SHORT = 2.33


@dataclass(frozen=True, eq=False)
class Offer:
    """What one value of a knob costs and brings.

    Attributes:
        value: Value of the knob.
        negatives: Negatives taken.
        starved: Queries with fewer than wanted.
        hardness: Mean of score minus the positive's over the negatives taken, NaN where none is known.
        rate: Their false-negative rate, with the interval of this value alone.
        ceiling: Upper end that holds for all values together, so that the best of them may be chosen by it; NaN where
            nothing is labelled.
        measured: Whether the labels speak of all that is taken; False where much of it was not in the draw.
    """

    value: float
    negatives: int
    starved: int
    hardness: float
    rate: Rate
    ceiling: float
    measured: bool


@dataclass(frozen=True, eq=False)
class RateAdvice:
    """Which value meets a rate.

    Attributes:
        wanted: The rate that is not to be exceeded.
        knob: Path of the knob.
        confidence: How sure the choice is.
        compared: Different selections among the values, which the ceilings make up for.
        now: What the recipe as it is costs and brings.
        offers: One a value.
        sure: The value with the most negatives whose ceiling is within the wanted rate; None where no value is sure.
        likely: The value with the most negatives whose estimate is within the wanted rate, sure or not; or None.
        more_labels: How many more labels would make the likely value sure if its rate stays as it is; None where there
            is none, it is sure already, or its rate is too close to the wanted one.
        about: What is to be known before it is believed, in sentences.
    """

    wanted: float
    knob: str
    confidence: float
    compared: int
    now: Offer
    offers: tuple[Offer, ...]
    sure: Offer | None
    likely: Offer | None
    more_labels: int | None
    about: tuple[str, ...]

    def cost(self, offer: Offer) -> int:
        """Negatives that a value gives up compared with the recipe as it is; less than 0 where it takes more."""
        return self.now.negatives - offer.negatives


def thresholds_for_rate(
    pool: Pool,
    recipe: Recipe,
    labels: Labels,
    turn: Turn,
    values: Sequence[float],
    wanted: float,
    *,
    confidence: float = CONFIDENCE,
    progress: Progress | None = None,
) -> RateAdvice:
    """Find the value of a knob that meets a wanted false-negative rate at the most negatives kept.

    Labels only measure: the recipe runs without them. Whoever takes the best of many values by the same labels takes
    the luckiest too, and an interval made for one value no longer holds for it. So the choice goes by a ceiling: the
    upper end of each value at the error ``(1 - confidence) / values`` (Bonferroni), which all values together keep with
    the wanted confidence. It is careful, since the values share most of their negatives.

    A label speaks for what could be drawn with it. A value that takes a part of that is measured by the labels of that
    part; one that takes others (a looser one, or a stricter one that lets the next candidates move up) is not. A sample
    of ``taken_by_any`` speaks for all values.

    Args:
        pool: Candidates, before the recipe's source.
        recipe: Its other knobs stay as they are.
        labels: What people said.
        turn: The knob.
        values: Its values.
        wanted: Rate that is not to be exceeded, 0 to 1.
        confidence: How sure the choice is to be, at least 0.5.
        progress: Told how many values are done.

    Raises:
        RecipeError: If the knob changes what there is to choose from, the recipe has seen the labels, or a number is
            out of range.
        MissingInputError: If no label is of what the recipe takes.

    References:
        Dunn 1961 (Bonferroni's intervals); Angelopoulos et al. 2021, "Learn then test" (choosing by error control).
    """
    _check(recipe, turn, wanted, confidence)
    pool, bare = source_pool(pool, recipe), replace(recipe, source=None)
    base = select(pool, bare)
    reach = _Reach.of(base, labels)
    now = _offer(base, value_of(recipe, turn), labels, confidence, reach)
    if not now.rate.labelled:
        raise MissingInputError(
            "No label says false or true negative of what this recipe takes, so no rate is known; draw a sample with "
            "'negviz sample', or label in random order on the Label page."
        )
    offers, seen = [], set()
    for place, value in enumerate(values):
        if progress is not None:
            progress("Running the recipe for each value", place, len(values))
        selection = select(pool, turned(bare, turn, value))
        seen.add(fingerprint(selection.taken))
        offers.append((selection, _offer(selection, value, labels, confidence, reach)))
    level = max(1 - 2 * (1 - confidence) / max(len(seen), 1), 0.0)
    told = tuple(
        replace(offer, ceiling=rate(selection, labels, confidence=level).high if level > 0 else offer.rate.rate)
        for selection, offer in offers
    )
    usable = [offer for offer in told if offer.measured and not offer.rate.few]
    sure = _most([offer for offer in usable if offer.ceiling <= wanted], now.value)
    likely = _most([offer for offer in usable if offer.rate.rate <= wanted], now.value)
    more = None if likely is None or likely is sure else _more_labels(likely, wanted, level)
    advice = RateAdvice(wanted, turn.path, confidence, len(seen), now, told, sure, likely, more, ())
    return replace(advice, about=tuple(_sentences(advice)))


def taken_by_any(pool: Pool, recipe: Recipe, turn: Turn, values: Sequence[float]) -> tuple[Pool, Bools]:
    """What at least one value of a knob takes: the negatives to draw a sample from before the values are compared.

    Args:
        pool: Candidates, before the recipe's source.
        recipe: Its other knobs stay as they are.
        turn: The knob.
        values: Its values.

    Returns:
        The pool that the recipe chooses from, and a (queries, depth) mask.

    Raises:
        RecipeError: If the knob changes what there is to choose from, or the recipe has seen the labels.
    """
    _check(recipe, turn)
    pool, bare = source_pool(pool, recipe), replace(recipe, source=None)
    taken = select(pool, bare).taken.copy()
    for value in values:
        taken |= select(pool, turned(bare, turn, value)).taken
    return pool, taken


def _check(recipe: Recipe, turn: Turn, wanted: float = 0.5, confidence: float = CONFIDENCE) -> None:
    if turn.step == "source":
        raise RecipeError(
            f"'{turn.path}' changes what there is to choose from, so that labels of one value say little about "
            "another; name a knob of a step, of the draw, or the count."
        )
    if learns_from_labels(recipe):
        raise RecipeError(
            f"Recipe '{recipe.name}' learns from labels, so the same labels cannot measure it; name another recipe."
        )
    if not 0 < wanted < 1:
        raise RecipeError(f"The wanted rate is {wanted:g}, but must lie between 0 and 1; 0.05 is five percent.")
    if not LEAST_CONFIDENCE <= confidence < 1:
        raise RecipeError(f"The confidence is {confidence:g}, but must be at least {LEAST_CONFIDENCE:g} and below 1.")


@dataclass(frozen=True, eq=False)
class _Reach:
    """How far the labels reach, as seen from the recipe as it is.

    Attributes:
        taken: (queries, depth) what the recipe as it is takes.
        dense: How many of its negatives the labels stand for, as a part.
        by_chance: Whether it is known with what probability labels were drawn.
        labels: People's labels.
    """

    taken: Bools
    dense: float
    by_chance: bool
    labels: Labels

    @classmethod
    def of(cls, base: Selection, labels: Labels) -> "_Reach":
        found = sample_of(base, labels, within=None, confidence=CONFIDENCE)
        stands_for = float(found.weights[found.drawn].sum())
        return cls(base.taken, stands_for / max(int(base.taken.sum()), 1), found.by_chance, labels)

    def covers(self, selection: Selection) -> bool:
        """Whether what a selection takes beyond the recipe as it is has about its share of the labels."""
        extra = selection.taken & ~self.taken
        further = int(extra.sum())
        if further <= LITTLE * int(selection.taken.sum()):
            return True
        found = sample_of(selection, self.labels, within=extra, confidence=CONFIDENCE)
        weights = found.weights[found.drawn & np.isfinite(found.chances)] if self.by_chance else found.weights
        due = further * self.dense
        spread = math.sqrt(due * float(weights.mean())) if len(weights) else 0.0
        return bool(len(weights)) and float(weights.sum()) >= due - SHORT * spread


def _offer(selection: Selection, value: float, labels: Labels, confidence: float, reach: _Reach) -> Offer:
    found = rate(selection, labels, confidence=confidence)
    measured = reach.covers(selection) and not (reach.by_chance and found.method == ASSUMED)
    done = outcome_of(selection, {})
    return Offer(value, done.taken, done.starved, done.hardness, found, found.high, measured)


def _most(offers: Sequence[Offer], now: float) -> Offer | None:
    """The offer with the most negatives; of equal ones the one that changes the recipe least."""
    return min(offers, key=lambda offer: (-offer.negatives, abs(offer.value - now), offer.value), default=None)


def _more_labels(likely: Offer, wanted: float, level: float) -> int | None:
    found = likely.rate
    if level <= 0 or found.rate >= wanted or not found.negatives:
        return None
    size = size_for_bound(found.rate, wanted, found.negatives, level, found.effect)
    return max(size - found.labelled, 1)


def _sentences(advice: RateAdvice) -> list[str]:
    told = []
    if advice.sure is not None:
        told.append(
            f"{advice.knob} = {advice.sure.value:g} keeps {advice.sure.negatives:,} negatives, and their rate is "
            f"within {advice.wanted:.1%} with a confidence of {advice.confidence:.0%}, the choice among "
            f"{advice.compared:,} selections included (estimate {advice.sure.rate.rate:.1%}, "
            f"ceiling {advice.sure.ceiling:.1%})."
        )
        told.append(_cost(advice, advice.sure))
    else:
        told.append(
            f"The labels are not enough to be sure of a rate within {advice.wanted:.1%} at any of these values."
        )
    likely = advice.likely
    if likely is not None and likely is not advice.sure:
        more = f"; some {advice.more_labels:,} more labels of it would tell" if advice.more_labels else ""
        told.append(
            f"By the estimate alone {advice.knob} = {likely.value:g} would do with {likely.negatives:,} negatives "
            f"({likely.rate.rate:.1%}), but its ceiling is {likely.ceiling:.1%}{more}."
        )
    return told + _caveats(advice)


def _cost(advice: RateAdvice, offer: Offer) -> str:
    gone = advice.cost(offer)
    part = f" ({gone / advice.now.negatives:.0%})" if advice.now.negatives and gone > 0 else ""
    what = (
        f"gives up {gone:,} negatives{part}"
        if gone > 0
        else f"takes {-gone:,} negatives more"
        if gone
        else "costs none"
    )
    harder = (
        f"; the mean score less the positive's goes from {advice.now.hardness:.3f} to {offer.hardness:.3f}"
        if math.isfinite(advice.now.hardness + offer.hardness)
        else ""
    )
    return (
        f"Compared with {advice.now.value:g} now it {what}, and {offer.starved:,} queries instead of "
        f"{advice.now.starved:,} have fewer than wanted{harder}."
    )


def _caveats(advice: RateAdvice) -> list[str]:
    told = []
    unmeasured = sum(not offer.measured for offer in advice.offers)
    if unmeasured:
        told.append(
            f"{unmeasured:,} of the values take negatives that were not in the draw, so their rate is not known: where "
            "a stricter limit lets the next candidates move up, these are others. Draw a sample for all values at once "
            "to compare them ('negviz advise --draw FILE.csv')."
        )
    if any(offer.measured and offer.rate.few for offer in advice.offers):
        told.append(f"Values with fewer than {FEWEST} answers are left out.")
    if advice.now.rate.method == ASSUMED:
        told.append("No label says with what probability it was drawn, so all of this takes them as a random sample.")
    return told
