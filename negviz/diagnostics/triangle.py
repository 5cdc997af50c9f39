"""Angles between a query, its positive and its candidates."""

from dataclasses import dataclass

import numpy as np

from negviz.arrays import PAD, Bools, Floats, Scores
from negviz.derived import similarity_to_positive
from negviz.diagnostics import DIAGNOSTICS
from negviz.errors import MissingInputError
from negviz.selection import Selection

BOUNDARY = 60.0


@dataclass(frozen=True, eq=False)
class Triangle:
    """Angles of one query, in degrees.

    Attributes:
        positive: Angle between the query and the positive that is the anchor.
        to_query: (depth,) angle between each candidate and the query, NaN at padding.
        to_positive: (depth,) angle between each candidate and the positive it is nearest to.
        inside: (depth,), True where the two angles at the query differ by less than the boundary.
    """

    positive: float
    to_query: Floats
    to_positive: Floats
    inside: Bools


@DIAGNOSTICS.register("Triangle of a query", reference="METHODS D5; TriSampler, arXiv:2402.11855")
def triangle(selection: Selection, query: int) -> Triangle:
    """Measure the angles between a query, its positive and its candidates, from the vectors.

    Args:
        selection: Outcome of a recipe; its anchor says which positive counts.
        query: Row of the pool.

    Raises:
        MissingInputError: If the pool has no vectors, or the query no positive.
    """
    pool = selection.pool
    vectors = pool.vectors("triangle")
    own = pool.positives[query][np.not_equal(pool.positives[query], PAD)]
    if not len(own):
        raise MissingInputError(
            "This query has no labelled positive, so there is no triangle to draw; choose another query, or load data "
            "with labelled positives."
        )
    columns = np.flatnonzero(pool.present[query])
    asked = unit(vectors.queries[[pool.queries[query]]])
    positives, candidates = unit(vectors.documents[own]), unit(vectors.documents[pool.documents[query, columns]])
    of_positives = angle((positives @ asked.T)[:, 0])
    to_query, to_positive = np.full(pool.depth, np.nan), np.full(pool.depth, np.nan)
    to_query[columns] = angle((candidates @ asked.T)[:, 0])
    to_positive[columns] = angle((candidates @ positives.T).max(axis=1))
    # The weakest positive is the one at the largest angle.
    level = {"min": of_positives.max(), "mean": of_positives.mean(), "max": of_positives.min()}[selection.recipe.anchor]
    with np.errstate(invalid="ignore"):
        inside = np.abs(to_query - level) < BOUNDARY
    return Triangle(float(level), to_query, to_positive, np.asarray(inside))


def unit(vectors: Scores) -> Floats:
    """Vectors of length 1; one of length 0 stays as it is."""
    wide = vectors.astype(np.float64)
    length = np.linalg.norm(wide, axis=1, keepdims=True)
    return np.asarray(np.divide(wide, length, out=np.zeros_like(wide), where=length > 0))


def angle(cosines: Floats) -> Floats:
    """Angles in degrees of some cosines."""
    return np.asarray(np.degrees(np.arccos(np.clip(cosines, -1.0, 1.0))))


def fallbacks(selection: Selection) -> Bools:
    """(queries,), True where TriSampler's second weight was 0 for all, so that the first one alone decided.

    There candidates were allowed that are no nearer to the positive than to the query, which happens nowhere else.

    Args:
        selection: Outcome of a recipe with a ``triangle`` step.

    Raises:
        MissingInputError: If the pool has no vectors.
    """
    pool = selection.pool
    nearer = similarity_to_positive(pool, "triangle").astype(np.float64)
    leaning = np.nan_to_num(nearer - pool.score(selection.recipe.scorer), nan=0.0) > 0
    allowed = (selection.weights > 0) & ~selection.backfilled
    return np.asarray((allowed & ~leaning).any(axis=1))
