"""Distance of each candidate to the threshold of a step."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from negviz.arrays import Bools, Floats, descending, positions
from negviz.diagnostics import DIAGNOSTICS
from negviz.diagnostics.limits import limits
from negviz.limits import Axis
from negviz.selection import NOT_REFUSED, Selection

ALL = slice(None)


def reached(selection: Selection, step: str, rows: slice = ALL) -> Bools:
    """(rows, depth), True for candidates that nothing before a step had refused."""
    reasons = selection.reasons[rows]
    return np.asarray(np.equal(reasons, NOT_REFUSED) | (reasons >= selection.stages.index(step)))


def compared(selection: Selection, step: str, axis: Axis, knobs: Mapping[str, Any], rows: slice = ALL) -> Floats:
    """What a step compares with its limit: scores, distances to the positive, or ranks.

    Args:
        selection: Outcome of a recipe.
        step: Name of one of its steps.
        axis: Which of the three.
        knobs: All knobs of the step.
        rows: Only these queries.

    Returns:
        (rows, depth), NaN where unknown.
    """
    pool, recipe = selection.pool, selection.recipe
    scores = pool.score(recipe.scorer)[rows]
    if axis == "score":
        return scores.astype(np.float64)
    if axis == "margin":
        return np.asarray(scores.astype(np.float64) - pool.anchor(recipe.scorer, recipe.anchor)[rows, None])
    among = knobs.get("among", "all")
    if among == "all":
        return pool.rank(recipe.scorer)[rows].astype(np.float64)
    counted = pool.eligible[rows] if among == "eligible" else reached(selection, step, rows)
    return np.asarray(np.where(counted, positions(descending(scores, counted)), np.nan))


@DIAGNOSTICS.register("Distance to a step's threshold")
def threshold_distance(selection: Selection, step: str, knobs: Mapping[str, Any]) -> Floats | None:
    """Measure how far each candidate is beyond the nearest limit of a step.

    Args:
        selection: Outcome of a recipe.
        step: Name of one of its steps.
        knobs: All knobs of the step, defaults included.

    Returns:
        (queries, depth), above 0 on the refused side, in score units (ranks for a rank window); NaN where unknown.
        None for a step without a limit.
    """
    pool, recipe = selection.pool, selection.recipe
    positive = pool.anchor(recipe.scorer, recipe.anchor)
    lines = limits(recipe.step(step).strategy, knobs, positive)
    beyond = []
    for line in lines:
        values = compared(selection, step, line.axis, knobs)
        value = np.broadcast_to(np.asarray(line.value, dtype=np.float64), positive.shape)[:, None]
        beyond.append(values - value if line.refuses == "above" else value - values)
    return np.max(beyond, axis=0) if beyond else None
