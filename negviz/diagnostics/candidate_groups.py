"""Candidates on an axis, apart by what brought them or by their rank."""

from typing import Literal

import numpy as np
import numpy.typing as npt

from negviz.compiled import MANY, WIDEST
from negviz.diagnostics import DIAGNOSTICS
from negviz.diagnostics.score_axis import ScoreAxis
from negviz.one_pass import order_of
from negviz.pool import Pool

By = Literal["retriever", "rank"]
# First rank beyond each band; a pool is rarely deeper than some hundreds.
BANDS = (10, 30, 100)
Counts = npt.NDArray[np.int64]


@DIAGNOSTICS.register("Candidates by retriever or rank")
def candidate_groups(pool: Pool, scorer: str, axis: ScoreAxis, by: By) -> list[tuple[str, Counts]]:
    """Count the candidates of each group in the bins of an axis; labelled positives are left out.

    Args:
        pool: Candidates.
        scorer: Whose scores lie on the axis and give the rank.
        axis: Where they are counted.
        by: ``retriever`` groups by who brought a candidate, so that one brought by two counts with both; ``rank`` by
            its rank among all candidates of its query, 0 is best.

    Returns:
        Name and (bins,) counts of each group.
    """
    if by == "retriever":
        return [(name, axis.among(np.greater_equal(ranks, 0))) for name, ranks in pool.ranks.items()]
    stops = (*(stop for stop in BANDS if stop < pool.depth), max(pool.depth, 1))
    starts = (0, *stops[:-1])
    names = [f"rank {start} to {stop - 1}" for start, stop in zip(starts, stops, strict=True)]
    if pool.documents.size >= MANY and pool.depth <= WIDEST:
        return list(zip(names, axis.banded(order_of(pool, scorer), stops), strict=True))
    ranks = pool.rank(scorer)
    masks = [(ranks >= start) & (ranks < stop) for start, stop in zip(starts, stops, strict=True)]
    return [(name, axis.among(mask)) for name, mask in zip(names, masks, strict=True)]
