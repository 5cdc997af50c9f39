"""Hardness weighting."""

from typing import Annotated, Literal

import numpy as np

from negviz.arrays import Bools, Floats
from negviz.hints import Range
from negviz.losses import LOSSES, Loss
from negviz.losses._split import split
from negviz.pushes import softmax_push


@LOSSES.register(
    "Hardness weighting", reference="LLaVE, Lan et al. 2025, arXiv:2503.04812, Eq. 5; EmbeddingGemma, arXiv:2509.20354"
)
def hardness_weight(
    scores: Floats,
    positive: Bools,
    *,
    hard: Bools,
    held: Floats | None = None,
    scale: Annotated[float, Range(1.0, 200.0, 1.0)] = 20.0,
    alpha: Annotated[float, Range(0.0, 20.0, 0.5)] = 5.0,
    on: Literal["hard", "in_batch", "all"] = "hard",
) -> Loss:
    """Add ``alpha`` times its own score, held constant, to the logit of each negative before InfoNCE.

    Hard negatives are pushed harder, and false ones exactly as much: mask first. The penalty is not divided by the
    temperature; a negative score lowers the logit.

    Args:
        scores: (queries, documents) of the student.
        positive: (queries, documents), True for labelled positives, which get no penalty.
        hard: (queries, documents), True for negatives that were mined for their query.
        held: Scores that give the penalty, which count as constants.
        scale: What scores are multiplied by, 1 / temperature.
        alpha: Strength: 5 for mined negatives (EmbeddingGemma), 9 for those of the batch (LLaVE).
        on: Which negatives get the penalty: the "hard" ones mined for the query, those "in_batch", or "all".

    Returns:
        Loss of each query with its gradient, whose sum over a query's documents is 0.

    References:
        METHODS E4; hardness_mode of sentence-transformers.
    """
    batch = split(scores, positive)
    chosen = {"hard": hard, "in_batch": ~hard, "all": np.ones_like(hard)}[on][batch.rows]
    extra = np.where(chosen, alpha * batch.layer(held), 0.0)
    log_own, push = softmax_push(batch.own, batch.scores, batch.negatives, scale=scale, extra=extra)
    return batch.loss(-log_own, push)
