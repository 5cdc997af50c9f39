"""Score floor."""

from collections.abc import Mapping
from typing import Annotated, Any

from negviz.arrays import Floats
from negviz.hints import Range
from negviz.limits import Limit, kept
from negviz.pool import Pool
from negviz.strategies import STRATEGIES
from negviz.strategies._limits import nowhere


def limits(knobs: Mapping[str, Any], positive: Floats) -> list[Limit]:
    """The floor."""
    return [Limit("score", "below", float(knobs["floor"]), "floor", inclusive=bool(knobs["inclusive"]))]


def turned(knobs: Mapping[str, Any], line: int, value: float, positive: float) -> dict[str, float]:
    """The floor that lies there."""
    return {"floor": value}


@STRATEGIES.register("Score floor", reference="sentence-transformers min_score", limits=limits, turned=turned)
def score_floor(
    pool: Pool,
    *,
    scorer: str,
    floor: Annotated[float, Range(-1.0, 1.0, 0.01, keeps="fewer", scale="score")] = 0.0,
    inclusive: bool = True,
) -> Floats:
    """Accept candidates that score above a fixed floor, so that trivial negatives stay out.

    Raising ``floor`` refuses more.

    Args:
        pool: Candidates to judge.
        scorer: Whose scores are compared.
        floor: Lowest score, on the scorer's own scale.
        inclusive: Keep a score equal to the floor.

    Returns:
        (queries, depth) weights of 0 and 1.

    References:
        METHODS D2, step 10.
    """
    knobs = {"floor": floor, "inclusive": inclusive}
    return kept(pool.score(scorer), nowhere(pool), limits(knobs, nowhere(pool)))
