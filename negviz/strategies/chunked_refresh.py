"""Chunked refresh: ANCE refreshes a part of the queries at a time."""

from typing import Annotated

import numpy as np

from negviz.arrays import Floats
from negviz.errors import RecipeError
from negviz.hints import Range
from negviz.pool import Pool
from negviz.strategies import STRATEGIES


@STRATEGIES.register("Chunked refresh (ANCE)", reference="ANCE, Xiong et al. 2021, arXiv:2007.00808", across=True)
def chunked_refresh(
    pool: Pool,
    *,
    chunks: Annotated[int, Range(1, 1000, 1, scale="count")] = 5,
    generation: Annotated[int, Range(0, 1_000_000, 1)] = 0,
) -> Floats:
    """Accept only the queries whose turn it is: a generation of negatives covers one slice of the queries.

    Each file of negatives that ANCE's generator writes covers a slice; the trainer goes on with the newest file alone.
    Generation 0 is a whole cycle, in which every query has had its turn.

    Args:
        pool: Candidates to judge.
        chunks: Into how many slices the queries are cut, in order of id.
        generation: Which file: 1 is the first slice, ``chunks`` + 1 the first again; 0 is all slices together.

    Returns:
        (queries, depth) weights, 1 in every place of a query whose turn it is.

    Raises:
        RecipeError: If ``chunks`` is below 1 or ``generation`` below 0.

    References:
        METHODS B1; microsoft/ANCE drivers/run_ann_data_gen.py (slice = output number mod chunk factor).
    """
    if chunks < 1 or generation < 0:
        raise RecipeError(
            f"chunked_refresh was given {chunks} chunks and generation {generation}, but wants at least 1 and 0."
        )
    weights = np.ones(pool.documents.shape)
    if generation:
        ids = np.array([pool.dataset.query_id(int(row)) for row in pool.queries], dtype=object)
        place = np.empty(len(ids), dtype=np.int64)
        place[np.argsort(ids, kind="stable")] = np.arange(len(ids))
        weights[place * chunks // max(len(ids), 1) != (generation - 1) % chunks] = 0.0
    return weights
