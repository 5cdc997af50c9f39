"""Ambiguous zone: a hard window around the positive."""

from typing import Annotated

import numpy as np

from negviz.arrays import Floats
from negviz.hints import Range
from negviz.pool import Anchor, Pool
from negviz.strategies import STRATEGIES
from negviz.strategies._limits import above, below


@STRATEGIES.register("Ambiguous zone", reference="a common simplification of SimANS; not the paper's rule")
def ambiguous_zone(
    pool: Pool,
    *,
    scorer: str,
    anchor: Anchor,
    width: Annotated[float, Range(0.0, 1.0, 0.01, keeps="more", scale="score")] = 0.1,
) -> Floats:
    """Accept candidates whose score lies within a distance of the positive's, above or below it.

    Summaries often give this as SimANS; the paper samples from a Gaussian and has no hard edge (see
    ``near_positive``). Raising ``width`` accepts more.

    Args:
        pool: Candidates to judge.
        scorer: Whose scores are compared.
        anchor: Which positive the distance is measured from.
        width: Largest distance from the positive, on the scorer's own scale.

    Returns:
        (queries, depth) weights of 0 and 1.

    References:
        METHODS section 1, row 1.
    """
    positive = pool.anchor(scorer, anchor)[:, None]
    scores = pool.score(scorer)
    inside = below(scores, positive + width, inclusive=True) * above(scores, positive - width, inclusive=True)
    return np.asarray(inside)
