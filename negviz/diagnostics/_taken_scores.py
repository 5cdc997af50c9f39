"""Scores of the negatives taken, a block of queries at a time, so that no array is as large as the pool."""

from collections.abc import Iterator

import numpy as np

from negviz.arrays import PAD, Floats
from negviz.selection import Selection

CELLS = 1 << 20


def taken_scores(selection: Selection, scorer: str) -> Iterator[tuple[slice, Floats]]:
    """Yield rows of the pool with (rows, at most depth) scores of what they take, NaN where nothing or unknown.

    Args:
        selection: Outcome of a recipe.
        scorer: Whose scores.

    Raises:
        MissingInputError: If the pool has no such scorer.
    """
    scores = selection.pool.score(scorer)
    # No query takes more than there is, and what is taken stands first.
    columns = selection.columns[:, : selection.pool.depth]
    rows = max(CELLS // max(columns.shape[1], 1), 1)
    for start in range(0, len(columns), rows):
        part = slice(start, start + rows)
        found = np.take_along_axis(scores[part], np.maximum(columns[part], 0), axis=1).astype(np.float64)
        yield part, np.where(np.equal(columns[part], PAD), np.nan, found)
