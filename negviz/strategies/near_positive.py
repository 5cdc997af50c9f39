"""Near the positive: SimANS."""

import math
from typing import Annotated

import numpy as np

from negviz.arrays import Bools, Floats
from negviz.hints import Range
from negviz.pool import Anchor, Pool
from negviz.strategies import STRATEGIES

# exp of less than this is 0 in float64; a query whose best candidate is farther away is shifted as a whole.
UNDERFLOW = -700.0
# A width whose square would vanish in float64 counts as this square: only the candidates nearest to the peak remain.
SMALLEST_SQUARE = 1e-200


def sharpness(width: float) -> float:
    """SimANS' ``a`` for a wanted half-weight distance: ``ln 2 / width**2``.

    Args:
        width: Distance from the peak, in score units, at which the weight is one half; must be positive.
    """
    return math.log(2.0) / max(width * width, SMALLEST_SQUARE)


@STRATEGIES.register("Near the positive (SimANS)", reference="SimANS, Zhou et al. 2022, arXiv:2210.11773")
def near_positive(
    pool: Pool,
    *,
    scorer: str,
    anchor: Anchor,
    survivors: Bools,
    a: Annotated[float, Range(0.0, 1000.0, 0.1, keeps="either")] = 0.5,
    b: Annotated[float, Range(-1.0, 1.0, 0.01, keeps="either", scale="score")] = 0.0,
    width: Annotated[float, Range(0.0, 1.0, 0.01, keeps="either", scale="score")] = 0.0,
) -> Floats:
    """Weigh candidates by a Gaussian of their score's distance to the positive's: ``exp(-a (s - p - b)^2)``.

    The ambiguous candidates, neither far above nor far below the positive, are the likely ones; those above it count
    as much as those below. ``a = 0.5`` was chosen for inner products in the tens: on cosine it is nearly uniform, so
    give a ``width`` instead.

    Args:
        pool: Candidates to judge.
        scorer: Whose scores are compared; the paper uses raw inner products.
        anchor: Which positive the distance is measured from.
        survivors: What earlier steps left; the nearest of them decides whether weights would vanish.
        a: Sharpness, in 1 / (score unit)^2.
        b: Where the peak lies relative to the positive; negative is below it.
        width: If above 0, replaces ``a``: the distance from the peak at which the weight has fallen to one half.

    Returns:
        (queries, depth) weights in [0, 1], not normalised. A query whose nearest candidate is so far away that every
        weight would vanish in double precision is scaled up as a whole, which leaves its probabilities unchanged.

    References:
        METHODS D4; microsoft/SimXNS README.
    """
    factor = sharpness(width) if width > 0 else a
    distance = pool.score(scorer).astype(np.float64) - pool.anchor(scorer, anchor)[:, None] - b
    exponent = -factor * distance**2
    known = np.isfinite(exponent)
    best = np.where(known & survivors, exponent, -np.inf).max(axis=1, keepdims=True, initial=-np.inf)
    shift = np.where(np.isfinite(best) & (best < UNDERFLOW), best, 0.0)
    return np.asarray(np.where(known, np.exp(np.minimum(np.where(known, exponent, 0.0) - shift, 0.0)), 0.0))
