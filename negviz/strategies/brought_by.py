"""Brought by a retriever."""

import numpy as np

from negviz.arrays import Floats
from negviz.errors import MissingInputError
from negviz.pool import Pool
from negviz.strategies import STRATEGIES


@STRATEGIES.register("Brought by a retriever", reference="")
def brought_by(pool: Pool, *, retriever: str = "random") -> Floats:
    """Accept only candidates that a given retriever brought.

    Args:
        pool: Candidates to judge.
        retriever: Name of the retriever whose candidates are wanted.

    Returns:
        (queries, depth) weights of 0 and 1.

    Raises:
        MissingInputError: If the pool was built without that retriever.
    """
    if retriever not in pool.ranks:
        known = ", ".join(sorted(pool.ranks)) or "none"
        raise MissingInputError(
            f"This recipe takes candidates of the retriever '{retriever}', but the pool has those of: {known}; "
            f"build the pool again with --retriever {retriever}."
        )
    return np.asarray(pool.ranks[retriever] >= 0, dtype=np.float64)
