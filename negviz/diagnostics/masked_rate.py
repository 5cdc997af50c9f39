"""How much a guide masks."""

from collections.abc import Sequence

import numpy as np

from negviz.arrays import Floats
from negviz.derived import MaskMode, guide_masked
from negviz.diagnostics import DIAGNOSTICS
from negviz.pool import Anchor, Pool


@DIAGNOSTICS.register("Share that a guide masks", reference="GISTEmbed, Solatorio 2024, arXiv:2402.16829")
def masked_rate(pool: Pool, guide: str, anchor: Anchor, margins: Sequence[float], mode: MaskMode) -> Floats:
    """Tell which share of the candidates a guide masks at each margin; leaks and unknown scores do not count.

    Args:
        pool: Candidates; it must have the guide's scores.
        guide: Name of the scorer that is the guide.
        anchor: Which positive the guide's score is compared with.
        margins: Margins to try.
        mode: ``absolute`` or ``relative``.

    Returns:
        (margins,) shares from 0 to 1; NaN where there is nothing to mask.

    References:
        METHODS E1.
    """
    scores, positive = pool.score(guide), pool.anchor(guide, anchor)
    counted = pool.eligible & np.isfinite(scores) & np.isfinite(positive)[:, None]
    total = int(counted.sum())
    masked = [int((guide_masked(scores, positive, margin=margin, mode=mode) & counted).sum()) for margin in margins]
    return np.array(masked) / total if total else np.full(len(margins), np.nan)
