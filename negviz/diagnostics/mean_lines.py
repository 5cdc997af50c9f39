"""Where the passage sieve's line lies."""

from dataclasses import dataclass

import numpy as np

from negviz.arrays import Bools, Floats
from negviz.derived import mean_with_positive
from negviz.diagnostics import DIAGNOSTICS
from negviz.selection import NOT_REFUSED, Selection


@dataclass(frozen=True, eq=False)
class MeanLines:
    """The line of every query, and what it parted.

    Attributes:
        means: (queries,) mean of the candidates that came so far and the positive; NaN without a scored positive.
        counted: (queries, depth), True for candidates that entered the mean.
        refused: (queries, depth), True for those that the line refused.
    """

    means: Floats
    counted: Bools
    refused: Bools


@DIAGNOSTICS.register("Mean line of the passage sieve", reference="Wang et al. 2024, arXiv:2401.00165")
def mean_lines(selection: Selection, step: str | None) -> MeanLines:
    """Give the mean that each query's candidates were compared with.

    Args:
        selection: Outcome of a recipe.
        step: Name of the recipe's sieve; None for a recipe without one: then the line is over what nothing refused.

    References:
        METHODS E6.
    """
    pool, recipe = selection.pool, selection.recipe
    scores, positive = pool.score(recipe.scorer), pool.anchor(recipe.scorer, recipe.anchor)
    at = selection.stages.index(step) if step else len(selection.stages)
    reached = (selection.reasons >= at) | np.equal(selection.reasons, NOT_REFUSED)
    counted = reached & np.isfinite(scores) & np.isfinite(positive)[:, None]
    return MeanLines(mean_with_positive(scores, positive, counted), counted, counted & np.equal(selection.reasons, at))
