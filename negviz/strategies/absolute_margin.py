"""Absolute margin."""

from collections.abc import Mapping
from typing import Annotated, Any

from negviz.arrays import Floats
from negviz.hints import Range
from negviz.limits import Limit, kept
from negviz.pool import Anchor, Pool
from negviz.strategies import STRATEGIES


def limits(knobs: Mapping[str, Any], positive: Floats) -> list[Limit]:
    """The line a margin below the positive."""
    inclusive = bool(knobs["inclusive"])
    return [Limit("margin", "above", -float(knobs["margin"]), "margin below the positive", inclusive=inclusive)]


def turned(knobs: Mapping[str, Any], line: int, value: float, positive: float) -> dict[str, float]:
    """The margin that brings the line to a distance from the positive."""
    return {"margin": -value}


@STRATEGIES.register(
    "Absolute margin",
    reference="NV-Retriever TopK-MarginPos, arXiv:2407.15831",
    limits=limits,
    turned=turned,
)
def absolute_margin(
    pool: Pool,
    *,
    scorer: str,
    anchor: Anchor,
    margin: Annotated[float, Range(0.0, 1.0, 0.005, keeps="fewer", scale="score")] = 0.05,
    inclusive: bool = True,
) -> Floats:
    """Accept candidates that score at least a margin below the positive.

    Follows each query's own difficulty; a query whose positive scores low is left with trivial negatives or none.
    Raising ``margin`` refuses more. A query without a scored positive gets nothing.

    Args:
        pool: Candidates to judge.
        scorer: Whose scores are compared.
        anchor: Which positive the margin is measured from.
        margin: Distance below the positive, on the scorer's own scale.
        inclusive: Keep a score equal to the limit (sentence-transformers does, NV-Retriever does not).

    Returns:
        (queries, depth) weights of 0 and 1.

    References:
        METHODS D1, D2 step 7.
    """
    positive = pool.anchor(scorer, anchor)
    return kept(pool.score(scorer), positive, limits({"margin": margin, "inclusive": inclusive}, positive))
