"""Similarities of documents and scores of candidates may be compared only where one encoder gave both."""

from negviz.arrays import Scores
from negviz.derived import LAYER, similarity_to_positive
from negviz.errors import MissingInputError
from negviz.pool import Pool


def document_similarity(pool: Pool, scorer: str, user: str) -> Scores:
    """s(d, d+) of each candidate, on the scale of the scorer.

    Args:
        pool: Candidates.
        scorer: Whose scores it is compared with.
        user: Who asks, for the error.

    Returns:
        (queries, depth) largest similarity to a labelled positive, NaN where there is none.

    Raises:
        MissingInputError: If the pool has no vectors, or the scorer's scores are on another scale than theirs.
    """
    found = similarity_to_positive(pool, user)
    own = pool.scales.get(LAYER) if LAYER in pool.scores else pool.vectors(user).similarity
    theirs = pool.scales.get(scorer, "unknown")
    if theirs != own:
        raise MissingInputError(
            f"'{user}' compares similarities of documents ({own}) with the scores of '{scorer}' ({theirs}), which are "
            "on another scale; set the recipe's scorer to the encoder that made the vectors (scorer=dense)."
        )
    return found
