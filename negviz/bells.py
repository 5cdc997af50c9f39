"""Weights that fall with the distance to a peak near the positive: Gaussian or Laplacian."""

import math
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from negviz.arrays import Bools, Floats

Shape = Literal["gaussian", "laplace"]
# exp of less than this is 0 in float64; a query with a candidate farther away is shifted as a whole.
UNDERFLOW = -690.0
# A bell has no edge: a candidate that is only very unlikely keeps a weight, or it would count as refused.
SMALLEST = 1e-300
# A width whose power would vanish in float64 counts as this one: only those nearest to the peak have a chance.
NARROWEST = 1e-200


def sharpness(width: float, shape: Shape = "gaussian") -> float:
    """The ``a`` for a wanted half-weight distance: ``ln 2 / width**2``, for a Laplacian ``ln 2 / width``.

    Args:
        width: Distance from the peak, in score units, at which the weight is one half; must be positive.
        shape: Which of the two.
    """
    return math.log(2.0) / max(width * width if shape == "gaussian" else width, NARROWEST)


def sharpness_of(knobs: Mapping[str, Any]) -> float:
    """Sharpness ``a`` that ``near_positive`` works with: given, or from the width where that is above 0."""
    width = float(knobs["width"])
    return sharpness(width, knobs.get("shape", "gaussian")) if width > 0 else float(knobs["a"])


def peak_of(knobs: Mapping[str, Any]) -> float:
    """Where its weight is largest, relative to the positive; the authors' code reverses the sign of b."""
    return -float(knobs["b"]) if knobs.get("b_sign") == "code" else float(knobs["b"])


def weight_at(knobs: Mapping[str, Any], distances: Floats) -> Floats:
    """Weight that it gives at some distances to the positive; 1 at its peak."""
    away = np.abs(distances - peak_of(knobs))
    return np.asarray(np.exp(-sharpness_of(knobs) * (away if knobs.get("shape") == "laplace" else away**2)))


def half_height(a: float, peak: float, shape: Shape = "gaussian") -> tuple[float, float]:
    """Between which distances to the positive the weight is at least half its peak: ``peak +- sqrt(ln 2 / a)``.

    Args:
        a: Sharpness, in 1 / (score unit)^2, or for a Laplacian in 1 / (score unit); with 0 all weights are the same.
        peak: Where the peak lies relative to the positive.
        shape: Which of the two.

    Returns:
        Lower and upper distance to the positive, infinite for ``a`` = 0.

    References:
        METHODS D4.
    """
    if a <= 0:
        return -math.inf, math.inf
    reach = math.log(2.0) / a if shape == "laplace" else math.sqrt(math.log(2.0) / a)
    return peak - reach, peak + reach


def bell(distance: Floats, a: float, shape: Shape, survivors: Bools) -> Floats:
    """``exp(-a d^2)``, or ``exp(-a |d|)``; 0 where the distance is unknown.

    A query with a survivor so far away that its weight would vanish in double precision is scaled up as a whole until
    its nearest survivor weighs 1, which leaves its probabilities unchanged; what would vanish even then keeps the
    smallest weight, so that the bell refuses nothing.

    Args:
        distance: (queries, depth) from the peak, NaN where unknown.
        a: Sharpness, in 1 / (score unit)^2, or for a Laplacian in 1 / (score unit).
        shape: Which of the two.
        survivors: (queries, depth) what earlier steps left.

    Returns:
        (queries, depth) weights in (0, 1], 0 where the distance is unknown.
    """
    exponent = -a * (distance**2 if shape == "gaussian" else np.abs(distance))
    known = np.isfinite(exponent)
    best = np.where(known & survivors, exponent, -np.inf).max(axis=1, keepdims=True, initial=-np.inf)
    worst = np.where(known & survivors, exponent, np.inf).min(axis=1, keepdims=True, initial=np.inf)
    shift = np.where(np.isfinite(best) & (worst < UNDERFLOW), best, 0.0)
    weights = np.exp(np.minimum(np.where(known, exponent, 0.0) - shift, 0.0))
    return np.asarray(np.where(known, np.maximum(weights, SMALLEST), 0.0))
