"""One pass: recipes that only draw limits, or weigh by a bell after them, over millions of candidates.

What these loops give is what the steps give one after the other; ``tests/test_one_pass.py`` compares the two.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from negviz.arrays import Floats, mix
from negviz.compiled import (
    RANK_OF_ALL,
    RANK_OF_ELIGIBLE,
    RANK_OF_SURVIVORS,
    SCORE,
    WIDEST,
    Bell,
    Codes,
    Found,
    Noise,
    Orders,
    Steps,
    draw_near,
    score_order,
    sieve,
)
from negviz.limits import Limit
from negviz.pool import Pool
from negviz.recipe import Recipe

RANKS = {"all": RANK_OF_ALL, "eligible": RANK_OF_ELIGIBLE, "survivors": RANK_OF_SURVIVORS}
KEPT_ORDERS = 2
# Queries whose scores are put in order together.
ORDERED = 32_768
# Peak relative to the positive, sharpness, whether Gaussian: of weights that are all the same.
Curve = tuple[float, float, bool]
FLAT: Curve = (0.0, 0.0, True)


def silent(done: int, total: int) -> None:
    """Progress that nobody watches."""


class Part(NamedTuple):
    """What is known of a step: the limits it draws, and the curve that it weighs by, None where it does not."""

    limits: list[Limit]
    curve: Curve | None


class Bounds(NamedTuple):
    """What one step accepts: kind of value, lower and upper limit of each query, whether each is kept itself."""

    kind: int
    low: Floats
    high: Floats
    inclusive: tuple[bool, bool]


def in_one_pass(
    pool: Pool, recipe: Recipe, guard: Codes, parts: Sequence[Part], draw: Mapping[str, Any], *, first: int
) -> Found | None:
    """Run a recipe by compiled loops, if it is of the kind that they know.

    That is: every step is a limit and the draw takes the best, or samples; the last step may also be a bell that the
    draw samples from.

    Args:
        pool: What it chooses from.
        recipe: Scorer, anchor, draw and count.
        guard: (queries, depth) codes of what leak guards and labels refused.
        parts: What is known of each of its steps.
        draw: Knobs of the draw.
        first: Code of the first step.

    Returns:
        None where the recipe is of another kind.
    """
    anchor = pool.anchor(recipe.scorer, recipe.anchor)
    sampled = recipe.draw.strategy == "sample"
    curve = parts[-1].curve if parts else None
    steps = [bounds_of(part.limits, anchor) for part in (parts[:-1] if curve else parts)]
    plain = recipe.draw.strategy == "top" and curve is None
    by_chance = sampled and bool(parts) and not draw["skip"] and not draw["limit"]
    bounds = [step for step in steps if step is not None]
    if not (plain or by_chance) or len(bounds) < len(steps) or pool.depth > WIDEST:
        return None
    scores, guarded, refused = pool.score(recipe.scorer), guard, np.zeros(0, dtype=np.int64)
    if plain or bounds:
        skip, limit = (int(draw["skip"]), int(draw["limit"])) if plain else (0, 0)
        found = sieve(
            scores, order_of(pool, recipe.scorer), guard, pool.eligible, _packed(bounds, len(pool)),
            first=first, count=recipe.count if plain else 0, skip=skip, limit=limit,
        )  # fmt: skip
        if plain:
            return found
        guarded, refused = found.reasons, found.refused
    # Where a positive has no score, a curve refuses the query and equal weights do not.
    bell = _bell(curve or FLAT, anchor if curve else np.zeros(len(pool)))
    drawn = draw_near(
        scores, pool.documents, bell, _noise(pool, recipe.seed), guarded, code=first + len(bounds), count=recipe.count
    )
    return drawn._replace(refused=np.append(refused, drawn.refused) if curve else refused)


def bounds_of(limits: list[Limit], anchor: Floats) -> Bounds | None:
    """A step's limits as an interval, None where they are none.

    Args:
        limits: Lines that the step draws, at most one on each side.
        anchor: (queries,) score that margins are measured from.
    """
    kinds = {RANKS[limit.among] if limit.axis == "rank" else SCORE for limit in limits}
    sides = {limit.refuses: limit for limit in limits}
    if len(kinds) != 1 or any(limit.soft for limit in limits) or len(sides) < len(limits):
        return None
    low, high = (
        sides[side].on_scores(anchor) if side in sides else np.full(anchor.shape, open_)
        for side, open_ in (("below", -np.inf), ("above", np.inf))
    )
    kept = tuple(sides[side].inclusive if side in sides else True for side in ("below", "above"))
    return Bounds(kinds.pop(), low, high, (kept[0], kept[1]))


def _packed(steps: list[Bounds], queries: int) -> Steps:
    shape = (len(steps), queries)
    return Steps(
        np.array([step.kind for step in steps], dtype=np.int8),
        np.array([step.low for step in steps], dtype=np.float64).reshape(shape),
        np.array([step.high for step in steps], dtype=np.float64).reshape(shape),
        np.array([step.inclusive for step in steps], dtype=bool).reshape(len(steps), 2),
    )


def _bell(curve: Curve, anchor: Floats) -> Bell:
    peak, sharpness, gaussian = curve
    return Bell(anchor + peak, sharpness, gaussian)


def _noise(pool: Pool, seed: int) -> Noise:
    queries, documents = pool.dataset.id_keys
    start = mix(np.array([seed & 0xFFFFFFFFFFFFFFFF], dtype=np.uint64))[0]
    return Noise(mix(queries[pool.queries]), documents, start)


def order_of(pool: Pool, scorer: str, tell: Callable[[int, int], None] = silent) -> Orders:
    """(queries, depth) columns by score, worked out once a scorer and kept beside the pool.

    Args:
        pool: Candidates.
        scorer: Whose scores.
        tell: Told (done, total) queries.
    """
    kept: dict[str, Orders] = pool.__dict__.setdefault("_orders", {})
    if scorer not in kept:
        while len(kept) >= KEPT_ORDERS:
            kept.pop(next(iter(kept)))
        scores, order = pool.score(scorer), np.empty(pool.documents.shape, dtype=np.uint16)
        for start in range(0, len(pool), ORDERED):
            tell(start, len(pool))
            rows = slice(start, start + ORDERED)
            order[rows] = score_order(scores[rows], pool.present[rows])
        kept[scorer] = order
    return kept[scorer]
