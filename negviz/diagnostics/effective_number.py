"""Effective number of candidates."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from negviz.arrays import Floats
from negviz.bells import bell
from negviz.diagnostics import DIAGNOSTICS
from negviz.selection import NOT_REFUSED, Selection
from negviz.strategies import STRATEGIES

# Queries that are looked at together, so that no second table of all weights is made.
BLOCK = 4096
# Queries that stand for all of them where the number is told for a whole selection.
LOOKED_AT = 5_000


@DIAGNOSTICS.register("Effective number of candidates", reference="exp of the Shannon entropy; Hill 1973")
def effective_number(weights: Floats) -> Floats:
    """Tell among how many equally likely candidates a draw amounts to choosing.

    Equal weights give their number; one dominating weight gives 1; a query with nothing to draw from gives 0.

    Args:
        weights: (queries, depth) of at least 0, not normalised.

    Returns:
        (queries,) exp(entropy).

    References:
        METHODS D4.
    """
    found = np.zeros(len(weights))
    for start in range(0, len(weights), BLOCK):
        found[start : start + BLOCK] = _of_rows(weights[start : start + BLOCK])
    return found


def _of_rows(weights: Floats) -> Floats:
    total = weights.sum(axis=1, keepdims=True)
    share = np.divide(weights, total, out=np.zeros(weights.shape), where=total > 0)
    logs = np.log(share, out=np.zeros_like(share), where=share > 0)
    return np.asarray(np.where(total[:, 0] > 0, np.exp(-(share * logs).sum(axis=1)), 0.0))


def drawn_among(selection: Selection, knobs: Mapping[str, Mapping[str, Any]]) -> Floats:
    """The same for a selection, of at most 5,000 of its queries, evenly spread.

    Args:
        selection: Outcome of a recipe.
        knobs: All knobs of every step, defaults included.

    Returns:
        (queries looked at,); where nothing is weighed, the number of candidates that nothing refused.
    """
    rows = slice(None, None, max(-(-len(selection.reasons) // LOOKED_AT), 1))
    if not callable(selection.drawn_from):
        return effective_number(selection.drawn_from[rows])
    open_ = np.equal(selection.reasons[rows], NOT_REFUSED)
    weights = open_.astype(np.float64)
    pool, recipe = selection.pool, selection.recipe
    for step in recipe.steps:
        declared = STRATEGIES.get(step.strategy).trait("bell")
        if declared is not None:
            peak, sharpness, gaussian = declared(knobs[step.name])
            away = pool.score(recipe.scorer)[rows] - (pool.anchor(recipe.scorer, recipe.anchor)[rows, None] + peak)
            weights *= bell(away, sharpness, "gaussian" if gaussian else "laplace", open_)
    return effective_number(weights)
