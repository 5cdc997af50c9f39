"""One pass: a recipe that only draws limits and takes the best, over millions of candidates in one compiled loop."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from negviz.arrays import Floats
from negviz.compiled import (
    RANK_OF_ALL,
    RANK_OF_ELIGIBLE,
    RANK_OF_SURVIVORS,
    SCORE,
    WIDEST,
    Orders,
    Sieved,
    Steps,
    score_order,
    sieve,
)
from negviz.limits import Limit
from negviz.pool import Pool
from negviz.recipe import Recipe

RANKS = {"all": RANK_OF_ALL, "eligible": RANK_OF_ELIGIBLE, "survivors": RANK_OF_SURVIVORS}
KEPT_ORDERS = 2


class Bounds(NamedTuple):
    """What one step accepts: kind of value, lower and upper limit of each query, whether each is kept itself."""

    kind: int
    low: Floats
    high: Floats
    inclusive: tuple[bool, bool]


def bounds_of(limits: list[Limit], anchor: Floats) -> Bounds | None:
    """A step's limits as an interval, None where they are none.

    Args:
        limits: Lines that the step draws, at most one on each side.
        anchor: (queries,) score that margins are measured from.
    """
    if not limits or any(limit.soft for limit in limits) or len({limit.refuses for limit in limits}) < len(limits):
        return None
    kinds = {RANKS[limit.among] if limit.axis == "rank" else SCORE for limit in limits}
    if len(kinds) > 1:
        return None
    sides = {limit.refuses: limit for limit in limits}
    low, high = (
        sides[side].on_scores(anchor) if side in sides else np.full(anchor.shape, open_)
        for side, open_ in (("below", -np.inf), ("above", np.inf))
    )
    kept = tuple(sides[side].inclusive if side in sides else True for side in ("below", "above"))
    return Bounds(kinds.pop(), low, high, (kept[0], kept[1]))


def in_one_pass(
    pool: Pool, recipe: Recipe, guard: npt.NDArray[np.int8], steps: list[Bounds], first: int, draw: Mapping[str, Any]
) -> Sieved:
    """Run a recipe whose steps are all limits and whose draw takes the best.

    Args:
        pool: What it chooses from.
        recipe: Scorer and count.
        guard: (queries, depth) codes of what leak guards and labels refused.
        steps: Its steps.
        first: Code of the first step.
        draw: Knobs of the draw ``top``.
    """
    shape = (len(steps), len(pool))
    packed = Steps(
        np.array([step.kind for step in steps], dtype=np.int8),
        np.array([step.low for step in steps], dtype=np.float64).reshape(shape),
        np.array([step.high for step in steps], dtype=np.float64).reshape(shape),
        np.array([step.inclusive for step in steps], dtype=bool).reshape(len(steps), 2),
    )
    return sieve(
        pool.score(recipe.scorer), order_of(pool, recipe.scorer), guard, pool.eligible, packed,
        first=first, count=recipe.count, skip=int(draw["skip"]), limit=int(draw["limit"]),
    )  # fmt: skip


def fits(pool: Pool) -> bool:
    """Whether a pool is narrow enough for the loops."""
    return pool.depth <= WIDEST


def order_of(pool: Pool, scorer: str) -> Orders:
    """(queries, depth) columns by score, worked out once a scorer and kept beside the pool."""
    kept: dict[str, Orders] = pool.__dict__.setdefault("_orders", {})
    if scorer not in kept:
        while len(kept) >= KEPT_ORDERS:
            kept.pop(next(iter(kept)))
        kept[scorer] = score_order(pool.score(scorer), pool.present)
    return kept[scorer]


def bounds_of_all(limits: Iterator[list[Limit]], anchor: Floats) -> list[Bounds] | None:
    """Every step as an interval; None where one of them is none."""
    found = []
    for lines in limits:
        bounds = bounds_of(lines, anchor)
        if bounds is None:
            return None
        found.append(bounds)
    return found
