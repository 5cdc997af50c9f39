"""Curriculum of CL-DRD: a teacher's list of a query, cut into blocks; shared by what chooses and what shows."""

from typing import Any

import numpy as np
import numpy.typing as npt

from negviz.arrays import PAD, Bools, Ints, Scores, descending, positions
from negviz.pool import Pool

STAGES = {1: 5, 2: 10, 3: 20}
OUTSIDE, RELEVANT, HARD, SEMI_HARD = 0, 1, 2, 3
FAR = np.iinfo(np.int32).max


def teacher_places(pool: Pool, scores: Scores, survivors: Bools) -> Ints:
    """Place of each survivor in its query's list: labelled positives lead it, then the teacher's order.

    Args:
        pool: Candidates.
        scores: (queries, depth) of the teacher, NaN where it says nothing.
        survivors: (queries, depth) what the teacher orders.

    Returns:
        (queries, depth) places that start at the number of labelled positives; ``FAR`` where not in the list.
    """
    listed = survivors & np.isfinite(scores)
    leading = np.not_equal(pool.positives, PAD).sum(axis=1, keepdims=True)
    places = positions(descending(scores, listed)) + leading
    return np.where(listed, places, FAR).astype(np.int32)


def sizes(stage: int, relevant: int, length: int) -> tuple[int, int, int]:
    """Sizes of the blocks: relevant, most hard, semi hard.

    Stage 3 has one block of negatives, whose labels are all 0.

    Args:
        stage: 1 to 3.
        relevant: How many are relevant; 0 takes the number of the stage.
        length: How long the list is.
    """
    relevant = min(relevant or STAGES[stage], length)
    rest = length - relevant
    hard = rest if stage == max(STAGES) else rest // 2
    return relevant, hard, rest - hard


def blocks(places: Ints, stage: int, relevant: int, length: int) -> npt.NDArray[np.int8]:
    """Block of each place: ``RELEVANT``, ``HARD``, ``SEMI_HARD``, or ``OUTSIDE`` beyond the list."""
    ends = np.cumsum(sizes(stage, relevant, length))
    found: npt.NDArray[Any] = np.digitize(places, ends) + RELEVANT
    return np.where(found > SEMI_HARD, OUTSIDE, found).astype(np.int8)
