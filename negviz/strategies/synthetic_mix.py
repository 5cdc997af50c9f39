"""Mix of synthetic and mined candidates."""

import math
from typing import Annotated

import numpy as np

from negviz.arrays import Bools, Floats, Scores, descending, positions
from negviz.errors import MissingInputError
from negviz.hints import Range
from negviz.pool import Pool
from negviz.strategies import STRATEGIES


@STRATEGIES.register("Mix of synthetic and mined", reference="SyNeg (hybrid instance-level mixing)")
def synthetic_mix(
    pool: Pool,
    *,
    scorer: str,
    survivors: Bools,
    count: int,
    retriever: str = "synthetic",
    share: Annotated[float, Range(0.0, 1.0, 0.05)] = 0.5,
) -> Floats:
    """Leave so many synthetic and so many mined candidates that a query's negatives have the wanted share of each.

    Of both kinds the highest-scoring survivors are left. A query that has too few of one kind is not filled from the
    other: it stays short, so that the share holds wherever a query is full.

    Args:
        pool: Candidates to judge.
        scorer: Whose scores tell which are hardest.
        survivors: What earlier steps left.
        count: Negatives a query.
        retriever: What the synthetic candidates were brought by.
        share: Share of synthetic ones among a query's negatives; the number is rounded, a half upwards.

    Returns:
        (queries, depth) weights of 0 and 1.

    Raises:
        MissingInputError: If the pool has no synthetic candidates.

    References:
        METHODS F2.
    """
    if retriever not in pool.ranks:
        raise MissingInputError(
            f"'synthetic_mix' needs synthetic candidates (of the retriever '{retriever}'), which this pool does not "
            "have; have them written with 'negviz synthesise POOL --address URL --model NAME'."
        )
    scores = pool.score(scorer)
    written = np.asarray(pool.ranks[retriever] >= 0)
    wanted = math.floor(share * count + 0.5)
    return _hardest(scores, survivors & written, wanted) + _hardest(scores, survivors & ~written, count - wanted)


def _hardest(scores: Scores, inside: Bools, count: int) -> Floats:
    """1 at the highest-scoring of some cells in each row, ties by column; 0 elsewhere."""
    known: Bools = np.asarray(inside & np.isfinite(scores))
    place = positions(descending(np.where(known, scores, np.nan), known))
    return np.asarray(known & (place < count), dtype=np.float64)
