"""How hard the negatives taken are."""

from dataclasses import dataclass

import numpy as np

from negviz.arrays import PAD
from negviz.diagnostics import DIAGNOSTICS
from negviz.pool import Anchor
from negviz.selection import Selection

DECILES = tuple(range(10, 100, 10))


@dataclass(frozen=True)
class Hardness:
    """Score minus the positive's score over the negatives taken.

    Attributes:
        mean: Mean; NaN where nothing is known.
        median: Median.
        deciles: The 10th, 20th, ... 90th percentile.
        known: Negatives taken of which both scores are known; the numbers are about these.
        unknown: Negatives taken of which one is not.
    """

    mean: float
    median: float
    deciles: tuple[float, ...]
    known: int
    unknown: int


@DIAGNOSTICS.register("Hardness of the negatives taken")
def hardness_summary(selection: Selection, scorer: str, anchor: Anchor) -> Hardness:
    """Summarise how near the negatives come to the positive: 0 is as near as the positive, above 0 is nearer.

    One scorer measures all selections that are compared, whatever they were made with; scales differ between scorers.

    Args:
        selection: Outcome of a recipe.
        scorer: Whose scores.
        anchor: Which positive.

    Raises:
        MissingInputError: If the pool has no such scorer.
    """
    rows, slots = np.nonzero(np.not_equal(selection.columns, PAD))
    columns = selection.columns[rows, slots]
    # In the order of the table, which the last digits of a mean depend on.
    order = np.lexsort((columns, rows))
    rows, columns = rows[order], columns[order]
    pool = selection.pool
    values = pool.score(scorer)[rows, columns].astype(np.float64) - pool.anchor(scorer, anchor)[rows]
    known = values[np.isfinite(values)]
    if not known.size:
        return Hardness(np.nan, np.nan, (np.nan,) * len(DECILES), 0, int(values.size))
    tenths = tuple(float(value) for value in np.percentile(known, DECILES))
    return Hardness(float(known.mean()), tenths[4], tenths, int(known.size), int(values.size - known.size))
