"""Where the positives stand when the documents of several workers are gathered."""

import numpy as np

from negviz.arrays import Ints
from negviz.diagnostics import DIAGNOSTICS


@DIAGNOSTICS.register("Columns of the positives of gathered batches", reference="RocketQA, arXiv:2010.08191")
def gathered_columns(batch: int, hard: int, workers: int) -> Ints:
    """Give the column of each query's positive where every worker brings its positives and then its hard negatives.

    Args:
        batch: Queries of a worker, B.
        hard: Hard negatives of each query, n; RocketQA has one.
        workers: Workers whose documents are gathered.

    Returns:
        (workers x batch,) columns: query i of worker w is in B (1 + n) w + i, which is 2Bw + i for one negative.

    References:
        METHODS C1; dual_encoder.py.
    """
    rows = np.arange(workers * batch, dtype=np.int32)
    return np.asarray(batch * (1 + hard) * (rows // batch) + rows % batch, dtype=np.int32)
