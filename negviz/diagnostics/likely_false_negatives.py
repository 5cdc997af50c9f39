"""Negatives taken that score so near to the positive that they may answer the query."""

from dataclasses import dataclass

import numpy as np

from negviz.arrays import above, below
from negviz.diagnostics import DIAGNOSTICS
from negviz.diagnostics._taken_scores import taken_scores
from negviz.pool import Anchor
from negviz.selection import Selection

SHARE, ABOVE = 0.95, 0.1
DISPUTED_SCALES = frozenset({"cosine"})


@dataclass(frozen=True)
class LikelyFalse:
    """Counts among the negatives taken; a rule of thumb on scores, not a measurement.

    Attributes:
        above: Negatives taken that score above 0.95 of the positive.
        disputed: Of those, the ones up to the positive plus 0.1; None on a scale that this is not meant for.
        scored: Negatives taken of which both scores are known.
    """

    above: int
    disputed: int | None
    scored: int


@DIAGNOSTICS.register("Negatives near the positive", reference="NV-Retriever, de Souza et al. 2024, arXiv:2407.15831")
def likely_false_negatives(selection: Selection, scorer: str, anchor: Anchor) -> LikelyFalse:
    """Count the negatives that NV-Retriever's rule (above 0.95 of the positive) calls likely false.

    The disputed zone is its part that Qwen3-Embedding keeps (up to the positive plus 0.1, cosine).

    Args:
        selection: Outcome of a recipe.
        scorer: Whose scores.
        anchor: Which positive.

    Raises:
        MissingInputError: If the pool has no such scorer.

    References:
        METHODS E2 and section 14.
    """
    positive = selection.pool.anchor(scorer, anchor)
    low, high = positive - np.abs(positive) * (1 - SHARE), positive + ABOVE
    beyond, inside, scored = 0, 0, 0
    for rows, scores in taken_scores(selection, scorer):
        near = above(scores, low[rows, None], inclusive=False) > 0
        beyond += int(near.sum())
        inside += int((near & (below(scores, high[rows, None], inclusive=True) > 0)).sum())
        scored += int((np.isfinite(scores) & np.isfinite(positive)[rows, None]).sum())
    return LikelyFalse(beyond, inside if selection.pool.scales.get(scorer) in DISPUTED_SCALES else None, scored)
