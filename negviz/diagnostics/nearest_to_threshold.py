"""Candidates nearest to a step's threshold, on both sides."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from negviz.arrays import PAD, Bools, Floats
from negviz.compiled import MANY, SCORE, WIDEST, Orders, Reach, nearest
from negviz.diagnostics import DIAGNOSTICS
from negviz.diagnostics.limits import limits
from negviz.diagnostics.threshold_distance import reached, threshold_distance
from negviz.limits import Limit
from negviz.one_pass import RANKS, order_of
from negviz.selection import NOT_REFUSED, Selection


@dataclass(frozen=True)
class Near:
    """A candidate near a threshold.

    Attributes:
        query: Its row in the pool.
        column: Its column.
        distance: How far beyond the limit it is; below 0 on the accepted side.
    """

    query: int
    column: int
    distance: float


@DIAGNOSTICS.register("Nearest to a step's threshold")
def nearest_to_threshold(
    selection: Selection, step: str, knobs: Mapping[str, Any], n: int
) -> tuple[list[Near], list[Near]]:
    """Find the candidates that a small turn of a knob would move across.

    Only candidates that reach the step count. The side is the recorded one (the step's reason), except for a weight,
    which refuses nothing: there it is whether the weight is below or above one half.

    Args:
        selection: Outcome of a recipe.
        step: Name of one of its steps.
        knobs: All knobs of the step, defaults included.
        n: How many on each side.

    Returns:
        Those just refused and those just accepted, nearest first; ties in order of query and document.
    """
    positive = selection.pool.anchor(selection.recipe.scorer, selection.recipe.anchor)
    lines = limits(selection.recipe.step(step).strategy, knobs, positive)
    if not lines:
        return [], []
    if selection.pool.documents.size >= MANY and selection.pool.depth <= WIDEST:
        return _in_one_pass(selection, step, lines, positive, n)
    distance = threshold_distance(selection, step, knobs)
    if distance is None:
        return [], []
    soft = all(line.soft for line in lines)
    there = reached(selection, step) & np.isfinite(distance)
    refused = distance > 0 if soft else np.equal(selection.reasons, selection.stages.index(step))
    accepted = ~refused & (np.equal(selection.reasons, NOT_REFUSED) if soft else True)
    return _nearest(distance, there & refused, n), _nearest(distance, there & accepted, n)


def _in_one_pass(
    selection: Selection, step: str, lines: list[Limit], positive: Floats, n: int
) -> tuple[list[Near], list[Near]]:
    """The same by a compiled loop that keeps no table of distances."""
    pool, scorer = selection.pool, selection.recipe.scorer
    low, high = np.full(len(pool), -np.inf), np.full(len(pool), np.inf)
    for line in lines:
        value = line.on_scores(positive)
        # A line that hangs on an unknown positive is nowhere, and np.maximum keeps its NaN: the query is left out.
        low, high = (low, np.minimum(high, value)) if line.refuses == "above" else (np.maximum(low, value), high)
    kind = RANKS[lines[0].among] if lines[0].axis == "rank" else SCORE
    order: Orders = np.zeros((0, 0), dtype=np.uint16) if kind == SCORE else order_of(pool, scorer)
    soft = all(line.soft for line in lines)
    reach = Reach(kind, low, high, selection.stages.index(step), soft)
    cells, distances = nearest(pool.score(scorer), order, selection.reasons, pool.eligible, reach, n)
    refused, accepted = (
        [
            Near(int(cell) // pool.depth, int(cell) % pool.depth, float(away))
            for cell, away in zip(*side, strict=True)
            if cell != PAD
        ]
        for side in zip(cells, distances, strict=True)
    )
    return refused, accepted


def _nearest(distance: Floats, among: Bools, n: int) -> list[Near]:
    flat = np.flatnonzero(among)
    away = np.abs(distance.ravel()[flat])
    if len(flat) > n:
        reach = np.partition(away, n - 1)[n - 1]
        flat, away = flat[away <= reach], away[away <= reach]
    chosen = flat[np.argsort(away, kind="stable")[:n]]
    depth = distance.shape[1]
    return [Near(int(cell // depth), int(cell % depth), float(distance.ravel()[cell])) for cell in chosen]
