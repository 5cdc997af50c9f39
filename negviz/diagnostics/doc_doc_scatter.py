"""Likeness of candidates to the positive against their score by the query."""

from dataclasses import dataclass

import numpy as np

from negviz.arrays import Bools, Floats, above
from negviz.derived import similarity_to_positive
from negviz.diagnostics import DIAGNOSTICS
from negviz.errors import MissingInputError
from negviz.selection import Selection


@dataclass(frozen=True, eq=False)
class DocDocScatter:
    """Two similarities of each candidate.

    Attributes:
        to_query: (queries, depth) s(q, d).
        to_positive: (queries, depth) s(d, d+), of the labelled positive that is nearest.
        limit: (queries,) s(q, d+) of the anchor.
        violating: (queries, depth), True for a candidate without a leak that is nearer to the positive than the query.
        counted: (queries, depth), True where that is known.
    """

    to_query: Floats
    to_positive: Floats
    limit: Floats
    violating: Bools
    counted: Bools


@DIAGNOSTICS.register("Likeness to the positive", reference="METHODS C2, D5")
def doc_doc_scatter(selection: Selection, margin: float = 0.0) -> DocDocScatter:
    """Compare the two similarities of each candidate with that of query and positive.

    Args:
        selection: Outcome of a recipe; its scorer gives s(q, d).
        margin: How much less than the query a candidate must resemble the positive.

    Raises:
        MissingInputError: If the pool has no vectors, or no query has a scored positive.
    """
    pool, recipe = selection.pool, selection.recipe
    nearer = similarity_to_positive(pool, "doc_doc_scatter").astype(np.float64)
    limit = pool.anchor(recipe.scorer, recipe.anchor)
    if not np.isfinite(limit).any():
        raise MissingInputError(
            f"This plot compares candidates with the labelled positive, but no query has one scored by "
            f"'{recipe.scorer}'; load data with labelled positives, or choose another scorer."
        )
    counted = pool.eligible & np.isfinite(nearer) & np.isfinite(limit)[:, None]
    violating = counted & (above(nearer, limit[:, None] - margin, inclusive=False) > 0)
    return DocDocScatter(pool.score(recipe.scorer).astype(np.float64), nearer, limit, violating, counted)
