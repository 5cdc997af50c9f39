"""Clean positive: the detection of the Noisy Pair Corrector."""

from typing import Annotated

import numpy as np

from negviz.arrays import Floats
from negviz.hints import Range
from negviz.pool import Anchor, Pool
from negviz.positive_noise import positive_noise
from negviz.strategies import STRATEGIES


@STRATEGIES.register(
    "Clean positive (NPC)", reference="Noisy Pair Corrector, Zhang et al. 2023, arXiv:2311.03798", across=True
)
def clean_positive(
    pool: Pool,
    *,
    scorer: str,
    anchor: Anchor,
    posterior: Annotated[float, Range(0.0, 1.0, 0.01, keeps="fewer")] = 0.5,
    scale: Annotated[float, Range(0.1, 200.0, 0.1, keeps="either")] = 1.0,
    retriever: str = "random",
) -> Floats:
    """Accept the candidates of queries whose own positive looks right, and none of the others.

    It looks for wrong positives, not for false negatives: a positive that does badly even against random documents is
    doubtful. Two Gaussians are fitted to how badly positives do over all queries, and a query is clean where it more
    likely belongs to the lower one. Data without any noise is split as well. Raising ``posterior`` refuses more.

    Args:
        pool: Candidates to judge.
        scorer: Whose scores are compared.
        anchor: Which positive is judged; "min" judges a query by its most doubtful one.
        posterior: Probability of belonging to the lower Gaussian that a clean query must exceed.
        scale: What scores are multiplied by, the paper's tau, whose value was not read. Far above 1 on cosine the
            likelihoods of right pairs are nothing like a Gaussian any more, and many of them are refused.
        retriever: Whose candidates are the random documents; hard ones would hide the two groups.

    Returns:
        (queries, depth) weights of 0 and 1, equal for all of a query's candidates with a score.

    Raises:
        MissingInputError: If the pool has no such retriever, or too few queries.

    References:
        METHODS E7.
    """
    found = positive_noise(pool, scorer=scorer, anchor=anchor, retriever=retriever, scale=scale)
    return np.asarray(found.clean(posterior)[:, None] & np.isfinite(pool.score(scorer)), dtype=np.float64)
