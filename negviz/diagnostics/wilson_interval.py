"""Interval of a share that was measured on a sample."""

import math

from negviz.diagnostics import DIAGNOSTICS

CONFIDENCE = 0.95


@DIAGNOSTICS.register("Wilson interval", reference="Wilson 1927; Brown, Cai and DasGupta 2001")
def wilson_interval(hits: int, total: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Give the share's interval, which keeps its coverage for few observations and for shares near 0.

    Args:
        hits: Observations that have the property.
        total: Observations.
        confidence: Coverage, 0 to 1.

    Returns:
        Lower and upper end, NaN where nothing was observed.

    References:
        METHODS section 12, last paragraph; computed by SciPy.
    """
    if not total:
        return math.nan, math.nan
    from scipy.stats import binomtest

    ends = binomtest(hits, total).proportion_ci(confidence, method="wilson")
    return float(ends.low), float(ends.high)
