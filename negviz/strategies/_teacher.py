"""What a teacher says: another scorer of the pool, a cross-encoder in the papers."""

from negviz.errors import MissingInputError
from negviz.pool import Pool, scorer_hint

PROBABILITY = "probability"


def need_probabilities(pool: Pool, teacher: str, user: str) -> None:
    """Refuse a teacher whose scores are no probabilities.

    Args:
        pool: Whose scales count.
        teacher: Name of a scorer of the pool.
        user: Who asks, for the error.

    Raises:
        MissingInputError: If the pool does not say that its scores are probabilities.
    """
    scale = pool.scales.get(teacher, "unknown")
    if scale != PROBABILITY:
        raise MissingInputError(
            f"'{user}' compares probabilities from 0 to 1, but the scores called '{teacher}' are on the scale "
            f"'{scale}': logits must become probabilities (by a sigmoid) first. Build the pool again with "
            f"{scorer_hint(teacher)} so that it stores probabilities, or name a scorer that does."
        )
