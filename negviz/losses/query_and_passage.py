"""Query-centric and passage-centric loss of PAIR."""

from typing import Annotated

from negviz.arrays import Bools, Floats
from negviz.hints import Range
from negviz.losses import LOSSES, Loss
from negviz.losses._split import split
from negviz.pushes import softmax_push


@LOSSES.register("Query and passage (PAIR)", reference="PAIR, Ren et al. 2021, arXiv:2108.06027", balanced=False)
def query_and_passage(
    scores: Floats,
    positive: Bools,
    *,
    similarity_to_positive: Floats,
    alpha: Annotated[float, Range(0.0, 1.0, 0.05)] = 0.1,
    scale: Annotated[float, Range(0.01, 200.0, 0.01)] = 1.0,
) -> Loss:
    """Ask that a positive is nearer to its query than negatives are to either, to the query and to the positive.

    ``(1 - alpha)`` times InfoNCE from the query plus ``alpha`` times the same from the positive, whose competitors are
    the negatives by their similarity to it. In the authors' batches the other queries compete there too; a row of
    scores does not have those.

    Args:
        scores: (queries, documents) of the student.
        positive: (queries, documents), True for labelled positives.
        similarity_to_positive: (queries, documents) score of each document against the row's positive.
        alpha: Share of the passage-centric part.
        scale: What scores are multiplied by; 1 is meant for inner products.

    Returns:
        Loss of each query with its gradient by ``scores`` alone. That part of the gradient does not sum to 0: the rest
        of the passage-centric part falls on the similarities between documents.

    References:
        METHODS C2; research/PAIR_ACL2021 of PaddlePaddle/RocketQA.
    """
    batch = split(scores, positive)
    log_query, push = softmax_push(batch.own, batch.scores, batch.negatives, scale=scale)
    near = batch.layer(similarity_to_positive)
    log_passage, aside = softmax_push(batch.own, near, batch.negatives, scale=scale)
    pull = -(1 - alpha) * push.sum(axis=1) - alpha * aside.sum(axis=1)
    return batch.loss(-(1 - alpha) * log_query - alpha * log_passage, (1 - alpha) * push, pull)
