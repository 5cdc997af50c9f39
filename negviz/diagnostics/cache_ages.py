"""How old the documents of a cache are, and how far apart two checkpoints score them."""

from dataclasses import dataclass

import numpy as np

from negviz.arrays import PAD, Floats, Ints
from negviz.batches.caching import CachedDocuments
from negviz.diagnostics import DIAGNOSTICS
from negviz.pool import Pool


@dataclass(frozen=True, eq=False)
class CacheAges:
    """Ages of a cache in steps of training.

    Attributes:
        counts: (oldest + 1,) cached documents of each age.
        mean: Mean age.
        oldest: Largest age.
        filled: Places that hold a document.
    """

    counts: Ints
    mean: float
    oldest: int
    filled: int


@DIAGNOSTICS.register("Ages of a cache", reference="Lindgren et al. 2021 (Negative Cache), NeurIPS 34")
def cache_ages(cached: CachedDocuments) -> CacheAges:
    """Count the cached documents by age.

    Args:
        cached: What the cache holds.

    References:
        METHODS B5.
    """
    ages = cached.ages[np.not_equal(cached.documents, PAD)]
    counts = np.bincount(ages).astype(np.int32) if len(ages) else np.zeros(1, dtype=np.int32)
    mean = float(ages.mean()) if len(ages) else float("nan")
    return CacheAges(counts, mean, int(ages.max(initial=0)), len(ages))


def score_staleness(pool: Pool, older: str, newer: str) -> Floats:
    """How far the older of two checkpoints is from the newer, for every pair that both have scored.

    Args:
        pool: Layers of both.
        older: Name of the older layer.
        newer: Name of the newer layer.

    Returns:
        (queries, depth) ``(old - new)^2 / new^2``, the form of the embeddings' staleness; NaN where either is unknown
        or the newer is 0.

    Raises:
        MissingInputError: If the pool lacks a layer.
    """
    old = pool.layer(older, "cache_ages", "scores of an older checkpoint").astype(np.float64)
    new = pool.layer(newer, "cache_ages", "scores of a newer checkpoint").astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        found = (old - new) ** 2 / new**2
    return np.asarray(np.where(np.isfinite(found), found, np.nan))
