"""Near the positive: SimANS."""

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import numpy as np

from negviz.arrays import Bools, Floats
from negviz.bells import bell, half_height, peak_of, sharpness, sharpness_of
from negviz.hints import Range
from negviz.limits import Limit
from negviz.pool import Anchor, Pool
from negviz.strategies import STRATEGIES

# A zone cannot be drawn narrower than this: a width of 0 would mean that ``a`` counts.
NARROW = 1e-4


def limits(knobs: Mapping[str, Any], positive: Floats) -> list[Limit]:
    """Both ends of the zone in which the weight is at least one half; they refuse nothing."""
    low, high = half_height(sharpness_of(knobs), peak_of(knobs), knobs.get("shape", "gaussian"))
    if not math.isfinite(low):
        return []
    return [
        Limit("margin", "above", high, "half weight, upper end", soft=True),
        Limit("margin", "below", low, "half weight, lower end", soft=True),
    ]


def turned(knobs: Mapping[str, Any], line: int, value: float, positive: float) -> dict[str, float]:
    """The width, or ``a`` where that is what counts, that brings either end of the zone of half weight there."""
    away = value - peak_of(knobs)
    reach = max(away if line == 0 else -away, NARROW)
    return {"width": reach} if float(knobs["width"]) > 0 else {"a": sharpness(reach, knobs.get("shape", "gaussian"))}


def shape_of(knobs: Mapping[str, Any]) -> tuple[float, float, bool]:
    """What the weights follow from: the peak relative to the positive, the sharpness, whether it is Gaussian."""
    return peak_of(knobs), sharpness_of(knobs), knobs["shape"] == "gaussian"


@STRATEGIES.register(
    "Near the positive (SimANS)", reference="SimANS, Zhou et al. 2022, arXiv:2210.11773", limits=limits, turned=turned,
    bell=shape_of,
)  # fmt: skip
def near_positive(
    pool: Pool,
    *,
    scorer: str,
    anchor: Anchor,
    survivors: Bools,
    a: Annotated[float, Range(0.0, 1000.0, 0.1, keeps="either")] = 0.5,
    b: Annotated[float, Range(-1.0, 1.0, 0.01, keeps="either", scale="score")] = 0.0,
    width: Annotated[float, Range(0.0, 1.0, 0.01, keeps="either", scale="score")] = 0.0,
    shape: Literal["gaussian", "laplace"] = "gaussian",
    b_sign: Literal["paper", "code"] = "paper",
) -> Floats:
    """Weigh candidates by a Gaussian of their score's distance to the positive's: ``exp(-a (s - p - b)^2)``.

    The ambiguous candidates, neither far above nor far below the positive, are the likely ones; those above it count
    as much as those below. ``a = 0.5`` was chosen for inner products in the tens: on cosine it is nearly uniform, so
    give a ``width`` instead.

    Args:
        pool: Candidates to judge.
        scorer: Whose scores are compared; the paper uses raw inner products.
        anchor: Which positive the distance is measured from.
        survivors: What earlier steps left; they decide whether weights would vanish.
        a: Sharpness, in 1 / (score unit)^2, of a Laplacian in 1 / (score unit). Ignored while ``width`` is above 0.
        b: Where the peak lies relative to the positive; negative is below it, with the sign of the paper.
        width: If above 0, replaces ``a``, which is then ignored: the distance from the peak at which the weight has
            fallen to one half.
        shape: "gaussian" as in the paper, or "laplace", ``exp(-a |s - p - b|)``, as in the MS MARCO passage script.
        b_sign: "paper" puts the peak at p + b; the authors' "code" for NQ, TriviaQA and MS MARCO documents reverses the
            sign and puts it at p - b.

    Returns:
        (queries, depth) weights in (0, 1], not normalised; 0 only where a score is unknown. A query with a candidate so
        far away that its weight would vanish in double precision is scaled up as a whole, which leaves its
        probabilities unchanged; what would vanish even then keeps the smallest weight and is not refused.

    References:
        METHODS D4; microsoft/SimXNS README, util_wiki.py, MARCO_until_new.py.
    """
    knobs = {"a": a, "b": b, "width": width, "shape": shape, "b_sign": b_sign}
    middle = pool.anchor(scorer, anchor)[:, None] + peak_of(knobs)
    distance = pool.score(scorer).astype(np.float64) - middle
    return bell(distance, sharpness_of(knobs), shape, survivors)
