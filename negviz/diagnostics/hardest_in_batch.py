"""The hardest document that a query meets in batches of several sizes."""

from dataclasses import dataclass

import numpy as np

from negviz.arrays import Floats, Ints
from negviz.batches.composing import compose
from negviz.diagnostics import DIAGNOSTICS
from negviz.diagnostics.batch_view import batch_scores, collisions
from negviz.pool import Pool

ROWS, COLUMNS = 128, 4096


@dataclass(frozen=True, eq=False)
class HardestInBatch:
    """The hardest negative of a batch, as batches grow.

    Attributes:
        sizes: (sizes,) rows a batch.
        score: (sizes,) median over rows of the highest score among the other rows' documents, positives left out.
        percentile: (sizes,) median share of all rows' documents that score lower than it, in percent.
        positive: Median score of a row's own positive.
        rows: Rows that were looked at.
    """

    sizes: Ints
    score: Floats
    percentile: Floats
    positive: float
    rows: int


@DIAGNOSTICS.register("Hardest in the batch", reference="METHODS A4")
def hardest_in_batch(pool: Pool, scorer: str, sizes: list[int], seed: int) -> HardestInBatch:
    """Find the hardest in-batch negative for several sizes; an order statistic of the scores, which grows with size.

    Args:
        pool: Labelled positives, and vectors or scores.
        scorer: Whose scores.
        sizes: Rows a batch.
        seed: Seed of the order.

    Returns:
        Medians over the first 128 rows in order of the batches, which are a random sample; NaN where nothing is known.
    """
    batches = compose(pool, seed=seed, batch_size=COLUMNS)
    rows = np.arange(min(len(batches), ROWS))
    documents = batches.documents[:COLUMNS]
    scores = batch_scores(pool, scorer, batches.queries[rows], documents)
    own = scores[rows, rows]
    scores = np.where(collisions(pool, batches.queries[rows], documents), np.nan, scores)
    place = np.arange(len(documents))[None, :]
    values, shares = [], []
    for size in sizes:
        inside = np.equal(place // size, rows[:, None] // size) & np.isfinite(scores)
        best = np.where(inside, scores, -np.inf).max(axis=1, initial=-np.inf)
        best = np.where(np.isfinite(best), best, np.nan)
        known = np.maximum(np.isfinite(scores).sum(axis=1), 1)
        lower = 100.0 * (scores < best[:, None]).sum(axis=1) / known
        values.append(_median(best))
        shares.append(_median(np.where(np.isfinite(best), lower, np.nan)))
    return HardestInBatch(np.array(sizes, dtype=np.int32), np.array(values), np.array(shares), _median(own), len(rows))


def _median(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else float("nan")
