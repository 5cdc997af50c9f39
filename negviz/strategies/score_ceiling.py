"""Score ceiling."""

from collections.abc import Mapping
from typing import Annotated, Any

from negviz.arrays import Floats
from negviz.hints import Range
from negviz.limits import Limit, kept
from negviz.pool import Pool
from negviz.strategies import STRATEGIES
from negviz.strategies._limits import nowhere


def limits(knobs: Mapping[str, Any], positive: Floats) -> list[Limit]:
    """The ceiling."""
    return [Limit("score", "above", float(knobs["ceiling"]), "ceiling", inclusive=bool(knobs["inclusive"]))]


def turned(knobs: Mapping[str, Any], line: int, value: float, positive: float) -> dict[str, float]:
    """The ceiling that lies there."""
    return {"ceiling": value}


@STRATEGIES.register(
    "Score ceiling", reference="Arctic-Embed, arXiv:2405.05374; TopK-Abs of NV-Retriever", limits=limits, turned=turned
)
def score_ceiling(
    pool: Pool,
    *,
    scorer: str,
    ceiling: Annotated[float, Range(-1.0, 1.0, 0.01, keeps="more", scale="score")] = 0.7,
    inclusive: bool = False,
) -> Floats:
    """Accept candidates that score below a fixed ceiling.

    One limit for all queries, so it acts most on queries with crowded neighbourhoods; a value is only meaningful on the
    scale of the scorer it was chosen for. Raising ``ceiling`` accepts more.

    Args:
        pool: Candidates to judge.
        scorer: Whose scores are compared.
        ceiling: Highest score, on the scorer's own scale.
        inclusive: Keep a score equal to the ceiling (sentence-transformers' ``max_score`` does, Arctic does not).

    Returns:
        (queries, depth) weights of 0 and 1.

    References:
        METHODS D1 (TopK-Abs), D3.
    """
    knobs = {"ceiling": ceiling, "inclusive": inclusive}
    return kept(pool.score(scorer), nowhere(pool), limits(knobs, nowhere(pool)))
