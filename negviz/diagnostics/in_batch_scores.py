"""Scores of the in-batch negatives of a composition."""

import numpy as np

from negviz.arrays import Floats
from negviz.batches import Batches
from negviz.diagnostics import DIAGNOSTICS
from negviz.diagnostics.batch_view import batch_scores, collisions
from negviz.pool import Pool

PAIRS = 60_000


@DIAGNOSTICS.register("Scores of in-batch negatives", reference="METHODS C3")
def in_batch_scores(pool: Pool, batches: Batches, scorer: str, most: int = PAIRS) -> Floats:
    """Score every row with the documents of the other rows of its batch, labelled positives left out.

    Args:
        pool: Vectors or scores.
        batches: The composition.
        scorer: Whose scores.
        most: Stop after the batch that reaches so many pairs; batches are in random order.

    Returns:
        (pairs,) known scores.
    """
    parts: list[Floats] = []
    total = 0
    for number in range(batches.total):
        rows = batches.rows_of(number)
        scores = batch_scores(pool, scorer, batches.queries[rows], batches.documents[rows])
        other = ~np.eye(len(rows), dtype=bool) & ~collisions(pool, batches.queries[rows], batches.documents[rows])
        parts.append(scores[other & np.isfinite(scores)])
        total += len(parts[-1])
        if total >= most:
            break
    return np.concatenate(parts) if parts else np.zeros(0)
