"""Ambiguous zone: a hard window around the positive."""

from collections.abc import Mapping
from typing import Annotated, Any

from negviz.arrays import Floats
from negviz.hints import Range
from negviz.limits import Limit, kept
from negviz.pool import Anchor, Pool
from negviz.strategies import STRATEGIES


def limits(knobs: Mapping[str, Any], positive: Floats) -> list[Limit]:
    """Both ends of the zone; what lies on them is kept."""
    width = float(knobs["width"])
    return [Limit("margin", "above", width, "zone, upper end"), Limit("margin", "below", -width, "zone, lower end")]


def turned(knobs: Mapping[str, Any], line: int, value: float, positive: float) -> dict[str, float]:
    """The width that brings either end to a distance from the positive."""
    return {"width": value if line == 0 else -value}


@STRATEGIES.register(
    "Ambiguous zone", reference="a common simplification of SimANS; not the paper's rule", limits=limits, turned=turned
)
def ambiguous_zone(
    pool: Pool,
    *,
    scorer: str,
    anchor: Anchor,
    width: Annotated[float, Range(0.0, 1.0, 0.01, keeps="more", scale="score")] = 0.1,
) -> Floats:
    """Accept candidates whose score lies within a distance of the positive's, above or below it.

    Summaries often give this as SimANS; the paper samples from a Gaussian and has no hard edge (see
    ``near_positive``). Raising ``width`` accepts more.

    Args:
        pool: Candidates to judge.
        scorer: Whose scores are compared.
        anchor: Which positive the distance is measured from.
        width: Largest distance from the positive, on the scorer's own scale.

    Returns:
        (queries, depth) weights of 0 and 1.

    References:
        METHODS section 1, row 1.
    """
    positive = pool.anchor(scorer, anchor)
    return kept(pool.score(scorer), positive, limits({"width": width}, positive))
