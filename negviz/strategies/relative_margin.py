"""Relative margin."""

from collections.abc import Mapping
from typing import Annotated, Any

import numpy as np

from negviz.arrays import Floats
from negviz.hints import Range
from negviz.limits import Limit, kept
from negviz.pool import Anchor, Pool
from negviz.strategies import STRATEGIES


def limits(knobs: Mapping[str, Any], positive: Floats) -> list[Limit]:
    """The line at a share of the positive, below it whatever its sign."""
    margin, inclusive = float(knobs["margin"]), bool(knobs["inclusive"])
    label = f"{100 - 100 * margin:.4g}% of the positive"
    return [Limit("margin", "above", -np.abs(positive) * margin, label, inclusive=inclusive)]


def turned(knobs: Mapping[str, Any], line: int, value: float, positive: float) -> dict[str, float]:
    """The share that brings the line to a distance from a positive of that score; none does where it scores 0."""
    return {"margin": -value / abs(positive)} if positive else {}


@STRATEGIES.register(
    "Relative margin",
    reference="NV-Retriever TopK-PercPos, arXiv:2407.15831",
    limits=limits,
    turned=turned,
)
def relative_margin(
    pool: Pool,
    *,
    scorer: str,
    anchor: Anchor,
    margin: Annotated[float, Range(0.0, 1.0, 0.005, keeps="fewer")] = 0.05,
    inclusive: bool = True,
) -> Floats:
    """Accept candidates that score below the positive by a share of its magnitude.

    A margin of 0.05 is "95 percent of the positive". The limit is ``p - |p| * margin``, which stays below the positive
    when its score is negative; multiplying by 0.95 would not. Raising ``margin`` refuses more.

    Args:
        pool: Candidates to judge.
        scorer: Whose scores are compared.
        anchor: Which positive the margin is measured from.
        margin: Share of the positive's magnitude, 0 to 1.
        inclusive: Keep a score equal to the limit (sentence-transformers does; NV-Retriever and Arctic do not).

    Returns:
        (queries, depth) weights of 0 and 1.

    References:
        METHODS D1, D2 step 8, D3; sentence-transformers issue 3819 for the sign.
    """
    positive = pool.anchor(scorer, anchor)
    return kept(pool.score(scorer), positive, limits({"margin": margin, "inclusive": inclusive}, positive))
