"""Rank window."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import numpy as np

from negviz.arrays import Bools, Floats, Ints, descending, positions
from negviz.hints import Range
from negviz.limits import Limit
from negviz.pool import Pool
from negviz.strategies import STRATEGIES


def limits(knobs: Mapping[str, Any], positive: Floats) -> list[Limit]:
    """Both ends of the window, halfway between ranks, so that no rank lies on a line."""
    return [
        Limit("rank", "below", int(knobs["start"]) - 0.5, "first rank", among=knobs["among"]),
        Limit("rank", "above", int(knobs["stop"]) - 0.5, "last rank", among=knobs["among"]),
    ]


@STRATEGIES.register("Rank window", reference="FlagEmbedding hn_mine.py; NV-Retriever, arXiv:2407.15831", limits=limits)
def rank_window(
    pool: Pool,
    *,
    scorer: str,
    survivors: Bools,
    start: Annotated[int, Range(0, 1000, 1, keeps="fewer", scale="rank")] = 0,
    stop: Annotated[int, Range(1, 1000, 1, keeps="more", scale="rank")] = 100,
    among: Literal["all", "eligible", "survivors"] = "all",
) -> Floats:
    """Accept candidates whose rank by score lies in [start, stop).

    Skipping the first ranks avoids many false negatives without looking at any score; it fails where queries differ in
    how many relevant documents they have. Raising ``start`` refuses more, raising ``stop`` refuses fewer.

    Args:
        pool: Candidates to judge.
        scorer: Whose scores give the rank.
        survivors: What earlier steps left.
        start: First rank that is accepted; ranks start at 0.
        stop: First rank that is no longer accepted.
        among: What the ranks count: "all" candidates, labelled positives included (as FlagEmbedding's hn_mine does);
            those "eligible" after the leak guards (as NV-Retriever does); the "survivors" of earlier steps (as
            sentence-transformers does).

    Returns:
        (queries, depth) weights, 1 inside the window.

    References:
        METHODS B10, D1, D2; FlagEmbedding scripts/hn_mine.py.
    """
    counted = {"all": pool.present, "eligible": pool.eligible, "survivors": survivors}[among]
    rank = pool.rank(scorer) if among == "all" else _rank(pool, scorer, counted)
    known = np.isfinite(pool.score(scorer)) & counted
    return np.asarray(known & (rank >= start) & (rank < stop), dtype=np.float64)


def _rank(pool: Pool, scorer: str, counted: Bools) -> Ints:
    return positions(descending(pool.score(scorer), counted))
