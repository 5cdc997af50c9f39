"""Intervals of a share in a finite population, from a sample whose chances are known."""

import math
from bisect import bisect_left
from collections.abc import Callable

from negviz.arrays import Bools, Floats

# Hits that may lie anywhere, with which the weights of the hits seen are tempered: a few say little about the rest.
TEMPER = 0.5
NEAR = 1e-12


def normal_quantile(confidence: float) -> float:
    """How many standard errors an interval reaches to either side."""
    from scipy.special import ndtri

    return float(ndtri(0.5 + confidence / 2))


def wilson(share: float, size: float, confidence: float) -> tuple[float, float]:
    """Wilson's interval of a share, for a sample size that need not be a whole number.

    Args:
        share: Measured share, 0 to 1.
        size: Observations, or as many as a more intricate sample is worth; infinite where the share is known.
        confidence: Coverage, 0 to 1.

    References:
        Wilson 1927; Brown, Cai and DasGupta 2001, equation 4.
    """
    if math.isinf(size):
        return share, share
    z = normal_quantile(confidence)
    middle = (share + z**2 / (2 * size)) / (1 + z**2 / size)
    half = z / (1 + z**2 / size) * math.sqrt(share * (1 - share) / size + z**2 / (4 * size**2))
    return max(middle - half, 0.0), min(middle + half, 1.0)


def worth(drawn: float, population: float) -> float:
    """Observations of an endless population that a simple sample without replacement is worth; infinite if complete.

    Args:
        drawn: Size of the sample.
        population: What it was drawn from.
    """
    return drawn * population / (population - drawn) if drawn < population else math.inf


def weighted_share(hits: Bools, weights: Floats) -> float:
    """Share of hits in a population: the ratio of two Horvitz-Thompson totals (Hájek's estimator).

    Args:
        hits: (sample,) whether each has the property.
        weights: (sample,) one over its probability of being drawn, up to a common factor.
    """
    return float((weights * hits).sum() / weights.sum())


def score_interval(
    hits: Bools,
    weights: Floats,
    population: int,
    confidence: float,
    *,
    share: float | None = None,
    gain: float = 1.0,
) -> tuple[float, float]:
    """Interval of a share from a sample with different probabilities: Wilson's idea for the weighted estimate.

    All shares t are in it whose distance to the estimate is at most z standard errors, the error being that which the
    estimate has if t is true. Where a part t of N members are hits, its variance is about
    ``t (1-t) / N * ((1-t) (H-1) + t (M-1))``, with H and M the mean weight over all hits and over all others (the
    first-order variance of the ratio under a sample of high entropy). H and M are estimated from the sample, tempered
    with half a hit that may lie anywhere. With equal weights this is Wilson's interval with the correction for a finite
    population; without any hit it is that of Kish's effective sample size.

    Args:
        hits: (sample,) whether each has the property.
        weights: (sample,) one over its probability of being drawn, up to a common factor.
        population: Members that the sample was drawn from.
        confidence: Coverage, 0 to 1.
        share: The estimate, where it is a better one than the weighted share.
        gain: Its variance as a part of that of the weighted share.

    References:
        Wilson 1927; Särndal, Swensson and Wretman 1992, section 5.7 (variance of the ratio); Kott and Carr 1997 (Wilson
        for samples with unequal weights). The tempering and its size are ours, see benchmarks/README.md.
    """
    from scipy.optimize import brentq

    scaled = weights * (population / weights.sum())
    middle = weighted_share(hits, weights) if share is None else share
    on_hits, on_others = (_mean_weight(scaled, part) for part in (hits, ~hits))
    z = normal_quantile(confidence)

    def beyond(t: float) -> float:
        spread = (1 - t) * (on_hits - 1) + t * (on_others - 1)
        return float((middle - t) ** 2 - z**2 * gain * t * (1 - t) / population * max(spread, 0.0))

    # At 0 and 1 the variance is 0, so an estimate of exactly that is looked at from a hair inside.
    inner = min(max(middle, NEAR), 1 - NEAR)
    open_ = beyond(inner) < 0
    low = float(brentq(beyond, 0.0, inner)) if open_ and middle > NEAR else middle
    high = float(brentq(beyond, inner, 1.0)) if open_ and middle < 1 - NEAR else middle
    return max(low, 0.0), min(high, 1.0)


def _mean_weight(weights: Floats, part: Bools) -> float:
    """Mean weight over those members of the population that have a property, tempered."""
    usual = float(weights.mean())
    everywhere = float((weights**2).sum() / weights.sum())
    chosen = weights[part]
    return float(((chosen**2).sum() + TEMPER * usual * everywhere) / (chosen.sum() + TEMPER * usual))


def design_effect(hits: Bools, weights: Floats, population: int) -> float:
    """Variance of the weighted share over that of a simple sample of the same size; below 1 where the weights helped.

    Args:
        hits: (sample,) whether each has the property.
        weights: (sample,) one over its probability of being drawn, up to a common factor.
        population: Members that the sample was drawn from.
    """
    scaled = weights * (population / weights.sum())
    share = weighted_share(hits, weights)
    on_hits, on_others = (_mean_weight(scaled, part) for part in (hits, ~hits))
    simple = population / len(hits) - 1
    return float(((1 - share) * (on_hits - 1) + share * (on_others - 1)) / simple) if simple > 0 else 1.0


def size_for_width(share: float, width: float, population: int, confidence: float, effect: float = 1.0) -> int:
    """Smallest sample whose interval is no wider than wanted.

    Args:
        share: Share that is expected.
        width: Wanted distance of the two ends.
        population: Members that are drawn from.
        confidence: Coverage, 0 to 1.
        effect: Design effect of the sample.
    """

    def narrow(size: int) -> bool:
        low, high = wilson(share, worth(size, population) / effect, confidence)
        return high - low <= width

    return _smallest(population, narrow)


def size_for_bound(share: float, bound: float, population: int, confidence: float, effect: float = 1.0) -> int:
    """Smallest sample whose upper end is no higher than a bound, which must be above the share.

    Args:
        share: Share that is expected.
        bound: Wanted upper end.
        population: Members that are drawn from.
        confidence: Coverage of the two-sided interval, 0 to 1.
        effect: Design effect of the sample.
    """
    return _smallest(population, lambda size: wilson(share, worth(size, population) / effect, confidence)[1] <= bound)


def _smallest(population: int, met: Callable[[int], bool]) -> int:
    """Smallest size that meets something which all larger ones meet too; the whole population where none does."""
    return bisect_left(range(1, population), x=True, key=met) + 1 if population else 0
