"""Student mask: Qwen3-Embedding."""

from collections.abc import Mapping
from typing import Annotated, Any

from negviz.arrays import Floats
from negviz.hints import Range
from negviz.limits import Limit, kept
from negviz.pool import Anchor, Pool
from negviz.strategies import STRATEGIES


def limits(knobs: Mapping[str, Any], positive: Floats) -> list[Limit]:
    """The line a margin above the positive; what lies on it is kept."""
    return [Limit("margin", "above", float(knobs["margin"]), "margin above the positive")]


def turned(knobs: Mapping[str, Any], line: int, value: float, positive: float) -> dict[str, float]:
    """The margin that brings the line to a distance from the positive."""
    return {"margin": value}


@STRATEGIES.register(
    "Student mask (Qwen3-Embedding)",
    reference="Qwen3-Embedding, Zhang et al. 2025, arXiv:2506.05176",
    limits=limits,
    turned=turned,
)
def student_mask(
    pool: Pool,
    *,
    scorer: str,
    anchor: Anchor,
    margin: Annotated[float, Range(0.0, 1.0, 0.005, keeps="more", scale="score")] = 0.1,
) -> Floats:
    """Accept candidates that score at most a margin above the positive.

    Only what beats the positive clearly counts as false; everything that NV-Retriever's rules call dangerous, from 95
    percent of the positive on, stays in. Raising ``margin`` accepts more.

    Args:
        pool: Candidates to judge.
        scorer: Whose scores are compared: the model that is trained.
        anchor: Which positive the margin is measured from.
        margin: Distance above the positive, on the scorer's own scale; a score equal to the limit is kept.

    Returns:
        (queries, depth) weights of 0 and 1.

    References:
        METHODS E2; swift/loss/embedding.py of ms-swift.
    """
    positive = pool.anchor(scorer, anchor)
    return kept(pool.score(scorer), positive, limits({"margin": margin}, positive))
