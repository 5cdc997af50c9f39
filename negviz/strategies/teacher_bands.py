"""Teacher bands: RocketQA's denoising."""

from typing import Annotated

from negviz.arrays import Floats
from negviz.errors import RecipeError
from negviz.hints import Range
from negviz.pool import Pool
from negviz.strategies import STRATEGIES
from negviz.strategies._limits import below
from negviz.strategies._teacher import need_probabilities


@STRATEGIES.register("Teacher bands (RocketQA)", reference="RocketQA, Qu et al. 2021, arXiv:2010.08191")
def teacher_bands(
    pool: Pool,
    *,
    teacher: str = "cross_encoder",
    negative: Annotated[float, Range(0.0, 1.0, 0.01, keeps="more")] = 0.1,
    positive: Annotated[float, Range(0.0, 1.0, 0.01, keeps="either")] = 0.9,
) -> Floats:
    """Accept candidates to which a teacher gives a probability below a limit.

    What the teacher is sure about is used, everything between the two limits is thrown away; above the upper one a
    candidate is a likely false negative. Raising ``negative`` accepts more.

    Args:
        pool: Candidates to judge.
        teacher: Scorer that gives probabilities, such as a cross-encoder.
        negative: Probability below which a candidate is a negative; equal to it is not below it.
        positive: Probability above which a candidate counts as a pseudo-positive, which the charts list for review;
            it refuses nothing more.

    Returns:
        (queries, depth) weights of 0 and 1; 0 where the teacher says nothing.

    Raises:
        MissingInputError: If the pool lacks the teacher's scores, or they are no probabilities.
        RecipeError: If the limits are the wrong way round.

    References:
        METHODS C1; PaddlePaddle/RocketQA construct_marco_train_de.py.
    """
    scores = pool.layer(teacher, "teacher_bands", "the probabilities of a teacher")
    need_probabilities(pool, teacher, "teacher_bands")
    if negative > positive:
        raise RecipeError(
            f"teacher_bands was given negative={negative:g} and positive={positive:g}, but the lower limit must not "
            "lie above the upper one."
        )
    return below(scores, negative, inclusive=False)
