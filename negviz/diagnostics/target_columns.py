"""Where the positives of a batch stand."""

import numpy as np

from negviz.arrays import Ints
from negviz.diagnostics import DIAGNOSTICS


@DIAGNOSTICS.register("Columns of the positives of a batch", reference="GradCache, Gao et al. 2021, arXiv:2101.06983")
def target_columns(batch: int, hard: int) -> Ints:
    """Give the column of each query's positive where every query brings its positive and then its hard negatives.

    Args:
        batch: Queries.
        hard: Hard negatives of each query.

    Returns:
        (batch,) columns: query i's is i (1 + hard).

    References:
        METHODS A4.
    """
    return np.arange(batch, dtype=np.int32) * (1 + hard)
