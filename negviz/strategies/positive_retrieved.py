"""Positive retrieved: only queries one of whose positives was found."""

import numpy as np

from negviz.arrays import PAD, Floats
from negviz.errors import MissingInputError
from negviz.pool import Pool
from negviz.strategies import STRATEGIES


@STRATEGIES.register("Positive retrieved", reference="Snowflake ArcticTraining, stage_3_mine.py (2025)")
def positive_retrieved(pool: Pool, *, retriever: str = "dense") -> Floats:
    """Accept only candidates of queries one of whose labelled positives was retrieved.

    A query whose positives are all missing from the list is left without negatives: either its positive is a poor one,
    or the model that mined cannot tell what answers it.

    Args:
        pool: Candidates to judge.
        retriever: Whose list must hold a positive; "any" takes the lists of all of them together.

    Returns:
        (queries, depth) weights, one value a query.

    Raises:
        MissingInputError: If the pool was built without that retriever.

    References:
        METHODS D3.
    """
    if retriever != "any" and retriever not in pool.ranks:
        known = ", ".join(sorted(pool.ranks)) or "none"
        raise MissingInputError(
            f"'positive_retrieved' looks for the positives in the list of the retriever '{retriever}', but the pool "
            f"has those of: {known}; build the pool again with --retriever {retriever}, or set retriever=any."
        )
    listed = pool.present if retriever == "any" else pool.ranks[retriever] >= 0
    same = np.equal(pool.documents[:, :, None], pool.positives[:, None, :])
    own = (same & np.not_equal(pool.positives, PAD)[:, None, :]).any(axis=2)
    found = (own & listed).any(axis=1, keepdims=True)
    return np.asarray(np.broadcast_to(found, pool.documents.shape), dtype=np.float64)
