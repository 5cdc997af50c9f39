"""Negatives taken that score so near to the positive that they may answer the query."""

from dataclasses import dataclass

import numpy as np

from negviz.derived import above_share, disputed
from negviz.diagnostics import DIAGNOSTICS
from negviz.pool import Anchor
from negviz.selection import Selection

SHARE = 0.95
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
    pool = selection.pool
    positive = pool.anchor(scorer, anchor)
    scored = selection.taken & np.isfinite(pool.score(scorer)) & np.isfinite(positive)[:, None]
    above = scored & above_share(pool, scorer, positive, share=SHARE)
    inside = scored & disputed(pool, scorer, positive, share=SHARE)
    meant = pool.scales.get(scorer) in DISPUTED_SCALES
    return LikelyFalse(int(above.sum()), int(inside.sum()) if meant else None, int(scored.sum()))
