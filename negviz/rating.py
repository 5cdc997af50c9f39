"""Rating: which part of a selection's negatives is false, with an interval, from the labels of a sample."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from negviz.arrays import Bools, Floats
from negviz.errors import DataError
from negviz.intervals import normal_quantile, size_for_width
from negviz.labelled_sample import (
    ASSUMED,
    DROP,
    ENDLESS,
    EXACT,
    FALSE,
    NOTHING,
    UNSURE,
    WEIGHTED,
    Estimate,
    LabelledSample,
    Span,
    sample_of,
)  # fmt: skip
from negviz.labels import Labels
from negviz.selection import Selection

By = Literal["retriever", "rank", "score", "query"]
Group = tuple[str, Bools]
CONFIDENCE = 0.95
FEWEST = 10
RANK_BANDS = (0, 10, 20, 50, 100, 200)
SCORE_BANDS = 5
# Labels that stand for less than this part of the negatives, or for more than its inverse, are spoken about.
WHOLE = 0.95


@dataclass(frozen=True)
class Rate(Span):
    """The false-negative rate of some negatives.

    Attributes:
        labelled: Answers, false or true negative, that the rate rests on.
        false_negatives: How many of them say false negative.
        method: How the rate and its interval were worked out.
        name: Of which group; empty for all.
        negatives: How many negatives the rate is about.
        confidence: Coverage of the interval.
        unsure: Labels of the sample that say ``unsure``; no answer, so they are in none of the counts above.
        dropped: Labels of the sample that say ``drop``; no answer either.
        widest: The interval from none of those without an answer being false to all of them being false.
        not_drawn: Labels of these negatives that were left out, since chance did not draw them.
        stands_for: How many negatives the sample stands for by its probabilities; NaN where they are not known.
        effect: Variance compared with that of a simple random sample of that size (design effect).
        left: The rate that is left when the labels are applied, so that the false negatives found are gone.
        about: What is to be known before the rate is believed, in sentences: what it rests on first, and what weighs
            most last.
    """

    labelled: int
    false_negatives: int
    method: str
    name: str
    negatives: int
    confidence: float
    unsure: int
    dropped: int
    widest: tuple[float, float]
    not_drawn: int
    stands_for: float
    effect: float
    left: Span
    about: tuple[str, ...]

    @property
    def few(self) -> bool:
        """Whether there are too few answers to go by."""
        return self.labelled < min(FEWEST, self.negatives)


def rate(selection: Selection, labels: Labels, *, within: Bools | None = None, confidence: float = CONFIDENCE) -> Rate:
    """Estimate which part of the negatives taken is false.

    Labels with a probability were drawn by chance and are the sample; where there are any, all others are left out,
    since nobody knows what they stand for. Where no label has a probability they are taken as a random sample, and the
    method says so. ``unsure`` and ``drop`` are no answers: the rate is that of the pairs that can be answered.

    Equal probabilities give Wilson's interval with the correction for a finite set. Different ones give the ratio of
    two Horvitz-Thompson totals, which bears that a queue was not finished, with ``intervals.score_interval``. Where
    every negative is labelled, the rate is no estimate.

    A selection that was made with labels has lost the false negatives that they found, and with them the evidence.
    They are put back, the rate is estimated, and what is given is the part that must be left.

    Args:
        selection: Whose negatives.
        labels: What people said.
        within: (queries, depth) ask about these instead of what was taken.
        confidence: Coverage of the interval.

    Raises:
        DataError: If the confidence is no share, or the mask does not fit the pool.

    References:
        METHODS section 12, last paragraph; Särndal, Swensson and Wretman 1992, sections 2.8 and 5.7.
    """
    sample = sample_of(selection, labels, within=within, confidence=confidence)
    return _rate(sample, sample.population, "")


def rates_by(
    selection: Selection, labels: Labels, groups: By | Iterable[Group], *, confidence: float = CONFIDENCE
) -> list[Rate]:
    """The rate of each of some groups of the negatives taken, those without any negative left out.

    Args:
        selection: Whose negatives.
        labels: What people said.
        groups: ``retriever`` (a negative belongs to each that brought it), ``rank`` or ``score`` by the recipe's
            scorer, ``query`` (those with a label); or names and (queries, depth) masks.
        confidence: Coverage of each interval, taken alone.

    Raises:
        DataError: If there is no grouping of that name.
    """
    sample = sample_of(selection, labels, within=None, confidence=confidence)
    known = _groups(sample, groups) if isinstance(groups, str) else groups
    masks = ((name, sample.population & mask) for name, mask in known)
    return [_rate(sample, mask, name) for name, mask in masks if mask.any()]


def assisted_rate(
    selection: Selection,
    labels: Labels,
    probabilities: npt.NDArray[np.floating],
    *,
    within: Bools | None = None,
    confidence: float = CONFIDENCE,
) -> Rate:
    """The rate with the help of a model that has seen all the negatives: shown beside the plain one, never instead.

    What the model says about all negatives is corrected by its error in the sample (the difference estimator), so that
    a wrong model costs width, not truth. Its probabilities are stretched by the slope that suits the sample, which
    leaves out a model that does not help. Where the sample has no false negative, or nothing else, there is nothing to
    compare a model with, and the plain rate comes back. The labels must not have been used to fit the model.

    Args:
        selection: Whose negatives.
        labels: What people said.
        probabilities: (queries, depth) P(false negative) by the model; the mean stands in where NaN.
        within: (queries, depth) ask about these instead of what was taken.
        confidence: Coverage of the interval.

    Raises:
        DataError: If the confidence is no share, or a table does not fit the pool.

    References:
        Särndal, Swensson and Wretman 1992, sections 6.3 and 6.4; Angelopoulos et al. 2023, "Prediction-powered
        inference", and Angelopoulos, Duchi and Zrnic 2023, "PPI++" (the slope).
    """
    sample = sample_of(selection, labels, within=within, confidence=confidence)
    if probabilities.shape != sample.population.shape:
        raise DataError(
            f"The model's probabilities are a table of {probabilities.shape}, but the pool has "
            f"{sample.population.shape}."
        )
    found = sample.assisted(np.asarray(probabilities, dtype=np.float64))
    return _rate(sample, sample.population, "", found)


def labels_needed(found: Rate, width: float) -> int:
    """How many more labels of the same kind of sample make the interval as narrow as wanted.

    The rate is expected where Wilson's interval has its middle, so that a sample without any false negative does not
    promise too much.

    Args:
        found: The rate so far.
        width: Wanted distance of the two ends, such as 0.05.

    Raises:
        DataError: If the width is not between 0 and 1.
    """
    if not 0 < width < 1:
        raise DataError(
            f"The wanted width is {width:g}, but must lie between 0 and 1; 0.05 is five points from end to end."
        )
    if found.labelled and found.high - found.low <= width:
        return 0
    members = ENDLESS if found.method == ASSUMED else found.negatives
    wanted = size_for_width(expected(found), width, members, found.confidence, found.effect)
    return max(min(wanted, found.negatives) - found.labelled, 1)


def expected(found: Rate) -> float:
    """The rate to plan with: the middle of Wilson's interval; 0.5 where nothing is labelled."""
    if not found.labelled:
        return 0.5
    extra = normal_quantile(found.confidence) ** 2 * found.effect / found.labelled
    return (found.rate + extra / 2) / (1 + extra)


def _rate(sample: LabelledSample, group: Bools, name: str, estimate: Estimate | None = None) -> Rate:
    """An estimate with all that belongs to it."""
    negatives, here = int(group.sum()), sample.inside(group)
    found = estimate or sample.share(group, negatives)
    drawn = here & sample.drawn if found.method != EXACT else here
    removed = here & sample.inside(sample.removed)
    false, dropped, unsure = (np.equal(sample.codes, code) for code in (FALSE, DROP, UNSURE))
    gone, out = int(removed.sum()), int((here & (false | dropped)).sum())
    span = found.span.without(negatives, int((removed & false).sum()), gone)
    told = Rate(
        span.rate, span.low, span.high, labelled=found.labelled, false_negatives=found.false, method=found.method,
        name=name, negatives=negatives - gone, confidence=sample.confidence, unsure=int((drawn & unsure).sum()),
        dropped=int((drawn & dropped).sum()), widest=sample.widest(group, negatives),
        not_drawn=int((here & ~drawn).sum()),
        stands_for=float(sample.weights[drawn].sum()) if sample.by_chance else math.nan, effect=found.effect,
        left=found.span.without(negatives, int((here & false).sum()), out), about=(),
    )  # fmt: skip
    queues = Counter(queue for queue, inside in zip(sample.queues, here & ~drawn, strict=True) if inside)
    sentences = [*_about_sample(told, sample), *_about_others(queues), *_about_open(told)]
    sentences += [*_about_reach(told, sample.weights[drawn], negatives), *_about_removed(found.span, gone)]
    return replace(told, about=tuple(sentences))


def _about_sample(found: Rate, sample: LabelledSample) -> Iterator[str]:
    if found.method == NOTHING:
        yield "None of these negatives has a label that counts."
    elif found.method == ASSUMED:
        queues = sorted({queue for queue in sample.queues if queue})
        origin = f" (they came from: {', '.join(queues)})" if queues else ""
        yield (
            f"No label says with what probability it was drawn{origin}, so they are taken as a random sample. If the "
            "pairs were chosen, as the most suspect are, this is not the rate of the selection."
        )
    elif found.method == EXACT:
        yield "Every negative is labelled, so that nothing is estimated."
    else:
        how = "with different probabilities, so that each counts by how unlikely it was" * (found.method == WEIGHTED)
        yield f"{found.labelled:,} answers about negatives that were drawn by chance{', ' * bool(how)}{how}."
    if found.labelled and not found.false_negatives and found.method != EXACT:
        yield f"None of the {found.labelled:,} is false; the rate may still be as high as {found.high:.1%}."


def _about_others(queues: Counter[str]) -> Iterator[str]:
    if queues:
        names = ", ".join(f"{name or 'unknown'} {count:,}" for name, count in sorted(queues.items()))
        yield (
            f"{queues.total():,} other labels of these negatives are left out, since chance did not draw them, and "
            f"nobody knows what they stand for ({names})."
        )


def _about_open(found: Rate) -> Iterator[str]:
    if found.unsure + found.dropped:
        low, high = found.widest
        yield (
            f"{found.unsure:,} unsure and {found.dropped:,} drop are no answers, and the rate is about the others. "
            f"Were none of them false, or all of them, the interval would reach from {low:.1%} to {high:.1%}."
        )


def _about_reach(found: Rate, weights: Floats, negatives: int) -> Iterator[str]:
    """Whether the probabilities add up to the selection; chance alone is not spoken about."""
    if math.isnan(found.stands_for) or found.method == EXACT or not len(weights):
        return
    slack = 2 * math.sqrt(float((weights * np.maximum(weights - 1, 0)).sum())) if np.ptp(weights) > 0 else 0.0
    if found.stands_for < min(WHOLE * negatives, negatives - slack):
        yield (
            f"By their probabilities the labels stand for about {found.stands_for:,.0f} of the {negatives:,} negatives."
            " If the queue is not finished yet, that is all right. If it was drawn for another selection, the "
            "negatives that only this one takes are not measured: draw a sample of it."
        )
    elif found.stands_for > max(negatives / WHOLE, negatives + slack):
        yield (
            f"By their probabilities the labels stand for about {found.stands_for:,.0f} negatives, but there are "
            f"{negatives:,}: several samples were drawn, and count together."
        )


def _about_removed(before: Span, gone: int) -> Iterator[str]:
    if gone:
        yield (
            f"Labels have taken {gone:,} negatives out of this selection. With them the rate was {before.rate:.1%} "
            f"({before.low:.1%} to {before.high:.1%}); what is given is what is left. What moved up in their place is "
            "in the sample only where the draw could reach it."
        )


def _groups(sample: LabelledSample, by: str) -> Iterator[Group]:
    found = {"retriever": _by_retriever, "rank": _by_rank, "score": _by_score, "query": _by_query}
    if by not in found:
        raise DataError(f"Rates were asked for by '{by}', but there are: {', '.join(get_args(By))}.")
    return found[by](sample)


def _by_retriever(sample: LabelledSample) -> Iterator[Group]:
    for name, ranks in sample.selection.pool.ranks.items():
        yield name, np.greater_equal(ranks, 0)


def _by_rank(sample: LabelledSample) -> Iterator[Group]:
    """Bands of the rank by the recipe's scorer; the first rank is 1."""
    ranks = sample.selection.pool.rank(sample.selection.recipe.scorer)
    ends = [*RANK_BANDS, max(sample.selection.pool.depth, RANK_BANDS[-1])]
    for start, end in pairwise(ends):
        yield f"rank {start + 1} to {end}", np.asarray((ranks >= start) & (ranks < end))


def _by_score(sample: LabelledSample) -> Iterator[Group]:
    """Bands of the score by the recipe's scorer, with as many of the negatives in each; the highest scores first."""
    scores = sample.selection.pool.score(sample.selection.recipe.scorer)
    known = np.sort(scores[sample.population & np.isfinite(scores)])
    if len(known):
        ends = np.unique(np.quantile(known, np.linspace(0, 1, SCORE_BANDS + 1), method="nearest"))
        edges = list(pairwise(ends)) or [(ends[0], ends[0])]
        for place, (low, high) in reversed(list(enumerate(edges))):
            inside = (scores >= low) & ((scores < high) if place < len(edges) - 1 else (scores <= high))
            yield f"score {low:.4g} to {high:.4g}", np.asarray(inside)
    yield "score unknown", ~np.isfinite(scores)


def _by_query(sample: LabelledSample) -> Iterator[Group]:
    pool = sample.selection.pool
    for row in np.unique(sample.rows):
        mask = np.zeros(pool.documents.shape, dtype=bool)
        mask[row] = True
        yield pool.dataset.query_id(int(pool.queries[row])), mask
