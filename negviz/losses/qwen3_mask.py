"""Mask of Qwen3-Embedding."""

from typing import Annotated

from negviz.arrays import Bools, Floats
from negviz.derived import student_masked
from negviz.hints import Range
from negviz.losses import LOSSES, Loss
from negviz.losses._split import split
from negviz.pushes import softmax_push


@LOSSES.register("Student mask (Qwen3-Embedding)", reference="Qwen3-Embedding, Zhang et al. 2025, arXiv:2506.05176")
def qwen3_mask(
    scores: Floats,
    positive: Bools,
    *,
    held: Floats | None = None,
    margin: Annotated[float, Range(0.0, 1.0, 0.005, scale="score")] = 0.1,
    scale: Annotated[float, Range(1.0, 200.0, 1.0)] = 20.0,
) -> Loss:
    """Leave out of InfoNCE what the student itself scores above the positive plus a margin.

    The mask confirms what the student believes: early in training it takes true hard negatives away. Query against
    query and document against document, which the paper adds, need scores that a row does not have; copies of the
    positive are leaks, which never come so far.

    Args:
        scores: (queries, documents) of the student.
        positive: (queries, documents), True for labelled positives, which are never masked.
        held: Scores that decide about the mask, which count as constants.
        margin: Distance above the positive from which on documents are masked, on the student's scale.
        scale: What scores are multiplied by; the paper's temperature was not read, 20 is InfoNCE's usual one.

    Returns:
        Loss of each query with its gradient, whose sum over a query's documents is 0; masked ones have none.

    References:
        METHODS E2; swift/loss/embedding.py of ms-swift.
    """
    batch = split(scores, positive)
    batch = batch.without(student_masked(batch.layer(held), batch.own_of(held), margin=margin))
    log_own, push = softmax_push(batch.own, batch.scores, batch.negatives, scale=scale)
    return batch.loss(-log_own, push)
