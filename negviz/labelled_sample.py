"""The labels of a selection's negatives as a sample: which of them count, and what share of the negatives is false."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from negviz.arrays import Bools, Floats, Ints
from negviz.comparison import learns_from_labels
from negviz.diagnostics.wilson_interval import wilson_interval
from negviz.errors import DataError
from negviz.intervals import design_effect, score_interval, weighted_share, wilson, worth
from negviz.labels import CODES, LabelEvent, Labels, Pair, Verdict
from negviz.pool import Pool
from negviz.select import LABELLED, select
from negviz.selection import Selection

FALSE, TRUE, DROP, UNSURE = (
    CODES[said] for said in (Verdict.FALSE_NEGATIVE, Verdict.TRUE_NEGATIVE, Verdict.DROP, Verdict.UNSURE)
)
ASSUMED = "wilson (labels taken as a random sample)"
UNIFORM = "wilson (random sample of a finite set)"
WEIGHTED = "horvitz-thompson (ratio of totals, score interval)"
EXACT = "exact (every negative is labelled)"
ASSISTED = "model-assisted (sample corrected by a model, score interval)"
NOTHING = "none (nothing is labelled)"
# A gain that few false negatives show is not believed at once: as if two more had shown none.
CAUTION = 2.0
SAME = 1e-9
ENDLESS = 1_000_000


@dataclass(frozen=True)
class Span:
    """A share with its interval; NaN where nothing is known.

    Attributes:
        rate: The share.
        low: Lower end.
        high: Upper end.
    """

    rate: float
    low: float
    high: float

    def without(self, negatives: int, false: int, gone: int) -> "Span":
        """The share among the others when some members are gone, some of them false.

        Args:
            negatives: Members that this share is about.
            false: False ones that are gone.
            gone: All that are gone.
        """
        if not gone or math.isnan(self.rate):
            return self
        if gone >= negatives:
            return Span(0.0, 0.0, 0.0)
        parts = ((part * negatives - false) / (negatives - gone) for part in (self.rate, self.low, self.high))
        return Span(*(min(max(part, 0.0), 1.0) for part in parts))


UNKNOWN = Span(math.nan, math.nan, math.nan)


@dataclass(frozen=True)
class Estimate:
    """A share with what it rests on.

    Attributes:
        span: The share and its interval.
        labelled: Answers.
        false: How many of them say false negative.
        method: How it was worked out.
        effect: Variance compared with that of a simple random sample of that size (design effect).
    """

    span: Span
    labelled: int
    false: int
    method: str
    effect: float


@dataclass(frozen=True, eq=False)
class LabelledSample:
    """The labels of some negatives, ready to be asked for shares.

    Attributes:
        selection: Whose negatives.
        population: (queries, depth) the negatives that are asked about.
        removed: (queries, depth) which of them the labels have taken out of the selection.
        rows: (labels,) rows of the pool.
        columns: (labels,) columns.
        codes: (labels,) verdicts, see ``labels.CODES``.
        chances: (labels,) probability of being drawn, NaN where chance did not.
        answers: (labels,) number of the answer, the same for copies of the same texts.
        queues: (labels,) what put them before a person.
        confidence: Coverage of the intervals.
    """

    selection: Selection
    population: Bools
    removed: Bools
    rows: Ints
    columns: Ints
    codes: npt.NDArray[np.int8]
    chances: Floats
    answers: Ints
    queues: Sequence[str]
    confidence: float

    @cached_property
    def by_chance(self) -> bool:
        """Whether the probability of any label is known."""
        return bool(np.isfinite(self.chances).any())

    @cached_property
    def drawn(self) -> Bools:
        """(labels,) whether a label belongs to the sample: all do where no probability is known."""
        return np.isfinite(self.chances) if self.by_chance else np.ones(len(self.codes), dtype=bool)

    @cached_property
    def answered(self) -> Bools:
        """(labels,) whether a label is an answer."""
        return np.isin(self.codes, (FALSE, TRUE))

    @cached_property
    def weights(self) -> Floats:
        """(labels,) one over the probability of being drawn, 1 where that is not known."""
        return np.asarray(np.where(np.isfinite(self.chances), 1 / self.chances, 1.0))

    def inside(self, group: Bools) -> Bools:
        """(labels,) whether they are of some of the negatives.

        Args:
            group: (queries, depth).
        """
        return np.asarray(group[self.rows, self.columns])

    def share(self, group: Bools, negatives: int) -> Estimate:
        """The share of false ones among some of the negatives.

        Args:
            group: (queries, depth), a part of the population.
            negatives: How many they are.
        """
        answers = self.inside(group) & self.answered
        if negatives and int(answers.sum()) == negatives:
            false = int(np.equal(self.codes[answers], FALSE).sum())
            return Estimate(Span(*[false / negatives] * 3), negatives, false, EXACT, 0.0)
        return self._estimate(answers & self.drawn, negatives)

    def _once(self, kept: Bools) -> tuple[Bools, Floats, npt.NDArray[np.intp]]:
        """Each answer once, since its copies tell nothing new, with the weights of all its copies.

        Returns:
            (answers,) whether it says false, (answers,) its weight, and (labels kept,) which answer each belongs to.
        """
        _, first, place = np.unique(self.answers[kept], return_index=True, return_inverse=True)
        weights = np.bincount(place, self.weights[kept], len(first)).astype(np.float64)
        return np.equal(self.codes[kept][first], FALSE), weights, place

    def _estimate(self, kept: Bools, negatives: int) -> Estimate:
        hits, weights = np.equal(self.codes[kept], FALSE), self.weights[kept]
        if self.by_chance:
            hits, weights, _ = self._once(kept)
        false, known = int(hits.sum()), len(hits)
        if not known:
            return Estimate(UNKNOWN, 0, 0, NOTHING, 1.0)
        if not self.by_chance:
            return Estimate(
                Span(false / known, *wilson_interval(false, known, self.confidence)), known, false, ASSUMED, 1.0
            )
        if np.ptp(weights) <= SAME * weights.max():
            ends = wilson(false / known, worth(known, negatives), self.confidence)
            return Estimate(_possible(false / known, ends, hits, negatives), known, false, UNIFORM, 1.0)
        ends = score_interval(hits, weights, negatives, self.confidence)
        span = _possible(weighted_share(hits, weights), ends, hits, negatives)
        return Estimate(span, known, false, WEIGHTED, design_effect(hits, weights, negatives))

    def widest(self, group: Bools, negatives: int) -> tuple[float, float]:
        """The interval from none of those without an answer being false to all of them being false.

        Args:
            group: (queries, depth), a part of the population.
            negatives: How many they are.
        """
        found, said = self.share(group, negatives).span, self.inside(group) & self.drawn
        if not (said & ~self.answered).any():
            return found.low, found.high
        none, all_ = (
            replace(self, codes=np.where(self.answered, self.codes, code).astype(np.int8)) for code in (TRUE, FALSE)
        )
        low, high = none.share(group, negatives).span.low, all_.share(group, negatives).span.high
        return float(np.fmin(low, found.low)), float(np.fmax(high, found.high))

    def assisted(self, probabilities: Floats) -> Estimate | None:
        """The share in the whole population with the help of a model; None where there is nothing to help with.

        Args:
            probabilities: (queries, depth) P(false negative) by the model; the mean stands in where NaN.
        """
        negatives = int(self.population.sum())
        plain = self.share(self.population, negatives)
        if plain.method == EXACT or not 0 < plain.false < plain.labelled:
            return None
        kept = self.inside(self.population) & self.answered & self.drawn
        hits, weights, place = self._once(kept)
        everywhere = probabilities[self.population]
        usual = float(np.nanmean(everywhere)) if np.isfinite(everywhere).any() else 0.0
        guess = probabilities[self.rows, self.columns][kept]
        guess = np.where(np.isfinite(guess), guess, usual)
        guess = np.bincount(place, guess * self.weights[kept], len(hits)) / weights
        # Labels of unknown origin are not known to be a part of these negatives, so that their number is no help.
        members = negatives if self.by_chance else len(hits) * ENDLESS
        scaled = weights * (members / weights.sum())
        share, gain = _helped(hits, scaled, guess, usual)
        ends = score_interval(hits, weights, members, self.confidence, share=share, gain=gain)
        return Estimate(
            _possible(share, ends, hits, members), plain.labelled, plain.false, ASSISTED, plain.effect * gain
        )


def _possible(share: float, ends: tuple[float, float], hits: Bools, negatives: int) -> Span:
    """A share and its ends among what is possible: those seen are there, the false ones and the others.

    Args:
        share: Estimate.
        ends: Its interval.
        hits: (sample,) whether each is false.
        negatives: Members of the population.
    """
    least, most = int(hits.sum()) / negatives, 1 - int((~hits).sum()) / negatives
    middle = min(max(share, least), most)
    return Span(middle, min(max(ends[0], least), middle), max(min(ends[1], most), middle))


def _helped(hits: Bools, weights: Floats, guess: Floats, usual: float) -> tuple[float, float]:
    """The share corrected by a model, and its variance as a part of that without one.

    Args:
        hits: (sample,) whether each is false.
        weights: (sample,) how many members each stands for.
        guess: (sample,) the model's probabilities.
        usual: Their mean over the population.
    """
    share = weighted_share(hits, weights)
    mean = float((weights * guess).sum() / weights.sum())
    spread = weights * np.maximum(weights - 1, SAME)
    away, apart = hits - share, guess - mean
    below = float((spread * apart**2).sum())
    slope = max(float((spread * away * apart).sum()) / below, 0.0) if below > 0 else 0.0
    gain = float((spread * (away - slope * apart) ** 2).sum() / (spread * away**2).sum())
    seen = int(min(hits.sum(), (~hits).sum()))
    gain = min((seen * gain + CAUTION) / (seen + CAUTION), 1.0)
    return min(max(share + slope * (usual - mean), 0.0), 1.0), gain


def sample_of(selection: Selection, labels: Labels, *, within: Bools | None, confidence: float) -> LabelledSample:
    """Find the labels of a selection's negatives.

    False negatives and drops that labels had taken out of the selection before are put back into the population where
    the recipe takes them without labels, so that the sample is whole.

    Args:
        selection: Whose negatives.
        labels: What people said.
        within: (queries, depth) ask about these instead of what was taken.
        confidence: Coverage of the intervals.

    Raises:
        DataError: If the confidence is no share, or the mask does not fit the pool.
    """
    shape = selection.pool.documents.shape
    if not 0 < confidence < 1:
        raise DataError(f"The confidence is {confidence:g}, but must lie between 0 and 1; 0.95 is usual.")
    if within is not None and within.shape != shape:
        raise DataError(f"The negatives asked about are a table of {within.shape}, but the pool has {shape}.")
    rows, columns, events, chances = _labelled_cells(selection.pool, labels)
    codes = np.array([event.verdict.code if event.verdict else 0 for event in events], dtype=np.int8)
    removed = np.zeros(shape, dtype=bool)
    if within is None:
        out = np.isin(codes, (FALSE, DROP)) & _taken_out(selection)[rows, columns]
        if out.any():
            out &= _taken_before(selection)[rows, columns] if not learns_from_labels(selection.recipe) else chances > 0
        removed[rows[out], columns[out]] = True
    population = selection.taken | removed if within is None else within & selection.pool.present
    kept = population[rows, columns] & (codes > 0)
    chances = _of_any_copy(chances, [event.pair for event in events], population[rows, columns])
    queues = [event.queue for event, inside in zip(events, kept, strict=True) if inside]
    numbers: dict[Pair, int] = {}
    answers = np.array([numbers.setdefault(event.pair, len(numbers)) for event in events], dtype=np.int32)
    return LabelledSample(
        selection,
        population,
        removed,
        rows[kept],
        columns[kept],
        codes[kept],
        chances[kept],
        answers[kept],
        queues,
        confidence,
    )


def _of_any_copy(chances: Floats, pairs: Sequence[Pair], inside: Bools) -> Floats:
    """(labels,) how likely a label came about: one answer counts for every copy of its texts, and each could be drawn.

    Args:
        chances: (labels,) probability with which the one that was asked about was drawn.
        pairs: (labels,) texts that each is about.
        inside: (labels,) whether it is in the population.
    """
    copies = Counter(pair for pair, here in zip(pairs, inside, strict=True) if here)
    times = np.array([max(copies[pair], 1) for pair in pairs], dtype=np.float64)
    return np.asarray(np.where(times > 1, 1 - (1 - chances) ** times, chances))


def _taken_out(selection: Selection) -> Bools:
    """(queries, depth) what labels refused."""
    stages = [place for place, name in enumerate(selection.stages) if name in LABELLED]
    return np.isin(selection.reasons, stages)


def _taken_before(selection: Selection) -> Bools:
    """(queries, depth) what the recipe takes where it knows no label."""
    return select(selection.pool, replace(selection.recipe, source=None)).taken


def _labelled_cells(pool: Pool, labels: Labels) -> tuple[Ints, Ints, list[LabelEvent], Floats]:
    """Cells of a pool that have a label, the label, and with what probability chance drew it, NaN where it did not."""
    places: dict[int, list[int]] = {}
    for place, query in enumerate(pool.queries.tolist()):
        places.setdefault(query, []).append(place)
    found = [
        (place, int(column), event)
        for query, document, event in labels.found(pool.dataset)
        for place in places.get(query, ())
        for column in np.flatnonzero(np.equal(pool.documents[place], document))
    ]
    drawn = [labels.drawn.get(event.pair, event).probability for _, _, event in found]
    chances = np.array([chance or math.nan for chance in drawn], dtype=np.float64)
    rows, columns = (np.array([cell[side] for cell in found], dtype=np.int32) for side in range(2))
    return rows, columns, [event for _, _, event in found], chances
