"""Teacher order: CL-DRD's curriculum."""

from typing import Annotated

import numpy as np

from negviz.arrays import Bools, Floats
from negviz.curriculum import HARD, SEMI_HARD, blocks, teacher_places
from negviz.hints import Range
from negviz.pool import Pool
from negviz.strategies import STRATEGIES

WEIGHTS = {HARD: 1.0, SEMI_HARD: 0.5}


@STRATEGIES.register("Teacher order (CL-DRD)", reference="CL-DRD, Zeng et al. 2022, arXiv:2204.13679")
def teacher_order(
    pool: Pool,
    *,
    survivors: Bools,
    teacher: str = "cross_encoder",
    stage: Annotated[int, Range(1, 3, 1, keeps="fewer")] = 1,
    relevant: Annotated[int, Range(0, 100, 1, keeps="either")] = 0,
    length: Annotated[int, Range(1, 1000, 1, keeps="more", scale="rank")] = 30,
) -> Floats:
    """Accept what stands below the pseudo-relevant top of a teacher's list.

    The labelled positives come first, then the survivors in the teacher's order; the first R of that list are treated
    as relevant and are never negatives, the rest of it are. Each stage of the curriculum has a larger R: 5, 10, 20.

    Args:
        pool: Candidates to judge.
        survivors: What earlier steps left; the teacher orders only these.
        teacher: Scorer that orders them; only the order counts, so any scale will do.
        stage: Stage of the curriculum, 1 to 3.
        relevant: How many are treated as relevant; 0 takes the number of the stage.
        length: How long the list is, labelled positives included.

    Returns:
        (queries, depth) weights: 1 for the "most hard" half (label -0.25), 0.5 for the "semi hard" half (label -0.5);
        in stage 3 all weigh 1 (label 0). 0 for pseudo-relevant ones and beyond the list.

    Raises:
        MissingInputError: If the pool lacks the teacher's scores.

    References:
        METHODS C4; HansiZeng/CL-DRD dataset/nway_dataset.py.
    """
    scores = pool.layer(teacher, "teacher_order", "the scores of a teacher")
    places = teacher_places(pool, scores, survivors)
    found = blocks(places, stage, relevant, length)
    weights = np.zeros(places.shape)
    for block, weight in WEIGHTS.items():
        weights[np.equal(found, block)] = weight
    return weights
