"""Where on a map candidates are likely false negatives: how many a document there are in each cell of a grid."""

from dataclasses import dataclass

import numpy as np

from negviz.arrays import Floats, Ints, Scores, above
from negviz.diagnostics import DIAGNOSTICS
from negviz.diagnostics.likely_false_negatives import SHARE
from negviz.pool import Anchor, Pool

CELLS = {2: 28, 3: 10}
ROWS = 16_384


@dataclass(frozen=True, eq=False)
class Density:
    """A number for each document: that of the cell in which it lies.

    Attributes:
        per_document: (documents,) likely false negatives a document in the cell.
        likely: (documents,) for how many queries each document is likely a false negative.
    """

    per_document: Floats
    likely: Ints


@DIAGNOSTICS.register("Density of likely false negatives")
def false_negative_density(pool: Pool, scorer: str, anchor: Anchor, places: Scores) -> Density:
    """Count the candidates that score above 0.95 of their positive, by cell of a map; leaks left out.

    Args:
        pool: Candidates, whatever a recipe does with them.
        scorer: Whose scores.
        anchor: Which positive.
        places: (documents, 2 or 3) places on the map.

    Raises:
        MissingInputError: If the pool has no such scorer.

    References:
        NV-Retriever's rule, METHODS D1; a rule of thumb on scores, not a measurement.
    """
    positive = pool.anchor(scorer, anchor)[:, None]
    low = positive - np.abs(positive) * (1 - SHARE)
    likely = np.zeros(len(places), dtype=np.int64)
    for start in range(0, len(pool), ROWS):
        rows = slice(start, start + ROWS)
        near = (above(pool.score(scorer)[rows], low[rows], inclusive=False) > 0) & pool.eligible[rows]
        likely += np.bincount(pool.documents[rows][near], minlength=len(places))
    cells = _cells(places)
    size = int(cells.max(initial=0)) + 1
    documents = np.bincount(cells, minlength=size)
    density = np.bincount(cells, weights=likely, minlength=size) / np.maximum(documents, 1)
    return Density(density[cells], likely.astype(np.int32))


def _cells(places: Scores) -> Ints:
    """Number of the grid's cell in which each place lies."""
    if not len(places):
        return np.zeros(0, dtype=np.int32)
    count = CELLS[places.shape[1]]
    low, room = places.min(axis=0), np.ptp(places, axis=0)
    steps = (places - low) / np.where(room > 0, room, 1) * count
    at = np.minimum(steps.astype(np.int64), count - 1)
    return np.asarray(np.ravel_multi_index(tuple(at.T), (count,) * places.shape[1]), dtype=np.int32)
