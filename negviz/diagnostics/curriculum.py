"""A stage of CL-DRD's curriculum for one query: the list, its labels, and how many pairs they order."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from negviz.arrays import PAD, Bools, Floats
from negviz.curriculum import FAR, HARD, RELEVANT, SEMI_HARD, STAGES, blocks, teacher_places
from negviz.diagnostics import DIAGNOSTICS
from negviz.pool import Pool

LABELS = {HARD: -0.25, SEMI_HARD: -0.5}
LAST = max(STAGES)


@dataclass(frozen=True)
class Passage:
    """One passage of the list.

    Attributes:
        document: Its row in the dataset.
        column: Its column in the pool, ``PAD`` for a labelled positive that stands at the head of the list.
        place: Place in the teacher's list, 0 is first.
        label: 1 / (place + 1) where treated as relevant, else -0.25 (most hard), -0.5 (semi hard), or 0 in stage 3.
        block: ``RELEVANT``, ``HARD`` or ``SEMI_HARD``.
    """

    document: int
    column: int
    place: int
    label: float
    block: int


@DIAGNOSTICS.register("Stage of a curriculum", reference="METHODS C4")
def curriculum(
    pool: Pool, query: int, survivors: Bools, *, teacher: str, stage: int, relevant: int = 0, length: int = 30
) -> list[Passage]:
    """List the passages of a query as a stage of the curriculum labels them, in the teacher's order.

    Args:
        pool: Candidates.
        query: Row of the pool.
        survivors: (queries, depth) what the teacher orders.
        teacher: Scorer that orders.
        stage: 1 to 3.
        relevant: How many are treated as relevant; 0 takes the number of the stage.
        length: How long the list is.

    Raises:
        MissingInputError: If the pool lacks the teacher's scores.
    """
    scores = pool.layer(teacher, "curriculum", "the scores of a teacher")
    places = teacher_places(pool, scores, survivors)[query]
    own = pool.positives[query][np.not_equal(pool.positives[query], PAD)]
    levels = pool.positive_scores[teacher][query][: len(own)]
    order = np.argsort(-np.where(np.isfinite(levels), levels, -np.inf), kind="stable")
    entries = [(int(own[at]), PAD, place) for place, at in enumerate(order)]
    columns = np.flatnonzero(np.not_equal(places, FAR))
    columns = columns[np.argsort(places[columns], kind="stable")]
    entries += [(int(pool.documents[query, column]), int(column), int(places[column])) for column in columns]
    entries = entries[:length]
    found = blocks(np.array([place for *_, place in entries], dtype=np.int32), stage, relevant, length)
    return [
        Passage(document, column, place, _label(int(block), place, stage), int(block))
        for (document, column, place), block in zip(entries, found, strict=True)
    ]


def _label(block: int, place: int, stage: int) -> float:
    if block == RELEVANT:
        return 1.0 / (place + 1)
    return 0.0 if stage == LAST else LABELS[block]


def ordered_pairs(labels: Sequence[float] | Floats) -> int:
    """Number of pairs in which one label is larger than the other: what a pair-wise loss learns from."""
    _, counts = np.unique(np.asarray(labels, dtype=np.float64), return_counts=True)
    total = int(counts.sum())
    return (total * total - int((counts.astype(np.int64) ** 2).sum())) // 2
