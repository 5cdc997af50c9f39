"""Paired comparison of two systems over the same queries: the difference, its interval, and a test."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from negviz.arrays import Floats

RESAMPLES = 9_999
CONFIDENCE = 0.95
# Resamples at a time: of thousands of queries all of them at once would take gigabytes.
BATCH = 200
SEED = 20_211


@dataclass(frozen=True)
class Estimate:
    """A mean over queries with its 95 % interval; both ends are NaN where a single query was measured."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Difference:
    """How much one system is above another over the same queries.

    Attributes:
        mean: Mean difference.
        low: Lower end of its 95 % interval.
        high: Upper end.
        p: Chance of a mean at least as far from 0 if the two were exchangeable for every query; two-sided.
    """

    mean: float
    low: float
    high: float
    p: float

    @property
    def found(self) -> bool:
        """Whether the interval leaves 0 out."""
        return self.low > 0 or self.high < 0


def estimate(values: Floats) -> Estimate:
    """Mean over queries, with a bootstrap interval (BCa; percentile where all values but a few are equal).

    Args:
        values: (queries,) or (seeds, queries); seeds are averaged first, so that the interval speaks of queries alone.
    """
    of_query = _by_query(values)
    return Estimate(float(of_query.mean()), *_interval(of_query))


def difference(one: Floats, other: Floats) -> Difference:
    """Difference of two systems over the same queries, with a bootstrap interval and a randomisation test.

    Args:
        one: (queries,) or (seeds, queries).
        other: The same for the system that it is compared with.

    References:
        Smucker, Allan and Carterette 2007, "A comparison of statistical significance tests for information retrieval
        evaluation" (the randomisation test); Efron 1987 (BCa).
    """
    from scipy.stats import permutation_test

    gap = _by_query(one) - _by_query(other)
    if not gap.any():
        return Difference(0.0, 0.0, 0.0, 1.0)
    if len(gap) < 2:  # with its sign turned a single one is as far from 0
        return Difference(float(gap.mean()), *_interval(gap), 1.0)
    test = permutation_test(
        (gap,), np.mean, permutation_type="samples", n_resamples=RESAMPLES, vectorized=True, axis=0,
        batch=BATCH, rng=np.random.default_rng(SEED),
    )  # fmt: skip
    return Difference(float(gap.mean()), *_interval(gap), float(test.pvalue))


def adjusted(values: Sequence[float]) -> list[float]:
    """p-values of several comparisons, so that of those called different at 5 % about 5 % are not.

    References:
        Benjamini and Hochberg 1995.
    """
    from scipy.stats import false_discovery_control

    return [float(value) for value in false_discovery_control(values)] if values else []


def _by_query(values: Floats) -> Floats:
    return np.asarray(values if values.ndim == 1 else values.mean(axis=0), dtype=np.float64)


def _interval(values: Floats) -> tuple[float, float]:
    from scipy.stats import bootstrap

    if len(values) < 2:
        return float("nan"), float("nan")
    if np.ptp(values) == 0:
        return float(values[0]), float(values[0])
    for method in ("BCa", "percentile"):
        with np.errstate(all="ignore"):
            found = bootstrap(
                (values,), np.mean, n_resamples=RESAMPLES, confidence_level=CONFIDENCE, method=method, axis=-1,
                batch=BATCH, rng=np.random.default_rng(SEED),
            ).confidence_interval  # fmt: skip
        if np.isfinite(found.low) and np.isfinite(found.high):
            break
    return float(found.low), float(found.high)
