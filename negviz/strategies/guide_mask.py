"""Guide mask: GISTEmbed."""

from typing import Annotated

import numpy as np

from negviz.arrays import Floats
from negviz.derived import MaskMode, guide_masked
from negviz.hints import Range
from negviz.pool import Anchor, Pool
from negviz.strategies import STRATEGIES


@STRATEGIES.register("Guide mask (GISTEmbed)", reference="GISTEmbed, Solatorio 2024, arXiv:2402.16829")
def guide_mask(
    pool: Pool,
    *,
    anchor: Anchor,
    guide: str = "second_encoder",
    margin: Annotated[float, Range(0.0, 1.0, 0.005, keeps="fewer", scale="score")] = 0.0,
    mode: MaskMode = "absolute",
) -> Floats:
    """Accept candidates that another model, the guide, does not score above its own score of the positive.

    The guide decides alone: what it takes for better than the positive is refused, however low the recipe's own scorer
    puts it. A weak guide refuses the best negatives. Raising ``margin`` refuses more.

    Args:
        pool: Candidates to judge.
        anchor: Which positive the guide's score is compared with.
        guide: Name of the scorer that is the guide.
        margin: Distance below the guide's score of the positive, on the guide's own scale.
        mode: Whether the margin is "absolute", or "relative": a share of the magnitude of the positive's score.

    Returns:
        (queries, depth) weights of 0 and 1; 0 where the guide knows the candidate or the positive not.

    Raises:
        MissingInputError: If the pool does not have the guide's scores.

    References:
        METHODS E1; losses/gist_embed.py of sentence-transformers.
    """
    scores = pool.layer(guide, "guide_mask", "scores of a guide, a model other than the one that is trained")
    positive = pool.anchor(guide, anchor)
    known = np.isfinite(scores) & np.isfinite(positive)[:, None]
    return np.asarray(known & ~guide_masked(scores, positive, margin=margin, mode=mode), dtype=np.float64)
