"""GISTEmbed."""

from typing import Annotated

import numpy as np

from negviz.arrays import Bools, Floats
from negviz.derived import MaskMode, guide_masked
from negviz.hints import Range
from negviz.losses import LOSSES, Loss
from negviz.losses._split import split
from negviz.pushes import softmax_push


@LOSSES.register("Guide mask (GISTEmbed)", reference="GISTEmbed, Solatorio 2024, arXiv:2402.16829")
def gist(
    scores: Floats,
    positive: Bools,
    *,
    guide: Floats,
    margin: Annotated[float, Range(0.0, 1.0, 0.005, scale="score")] = 0.0,
    mode: MaskMode = "absolute",
    scale: Annotated[float, Range(1.0, 200.0, 1.0)] = 100.0,
) -> Loss:
    """Leave out of InfoNCE what a frozen guide model scores above its own score of the positive.

    A guide that knows less than the student takes the best negatives away. Of the library's blocks this has query
    against document; query against query and document against document need scores that a row does not have.

    Args:
        scores: (queries, documents) of the student.
        positive: (queries, documents), True for labelled positives, which are never masked.
        guide: (queries, documents) of the guide; a negative that it does not know is left in.
        margin: Distance below the guide's score of the positive from which on documents are masked.
        mode: Whether the margin is "absolute" or "relative" to the magnitude of the positive's score.
        scale: What scores are multiplied by; 100 is the library's temperature of 0.01.

    Returns:
        Loss of each query with its gradient, whose sum over a query's documents is 0; masked ones have none.

    References:
        METHODS E1; losses/gist_embed.py of sentence-transformers.
    """
    batch = split(scores, positive)
    known = np.asarray(guide, dtype=np.float64)[batch.rows]
    batch = batch.without(guide_masked(known, batch.own_of(guide), margin=margin, mode=mode))
    log_own, push = softmax_push(batch.own, batch.scores, batch.negatives, scale=scale)
    return batch.loss(-log_own, push)
