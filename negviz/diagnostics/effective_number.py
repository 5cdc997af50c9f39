"""Effective number of candidates."""

import numpy as np

from negviz.arrays import Floats
from negviz.diagnostics import DIAGNOSTICS


@DIAGNOSTICS.register("Effective number of candidates", reference="exp of the Shannon entropy; Hill 1973")
def effective_number(weights: Floats) -> Floats:
    """Tell among how many equally likely candidates a draw amounts to choosing.

    Equal weights give their number; one dominating weight gives 1; a query with nothing to draw from gives 0.

    Args:
        weights: (queries, depth) of at least 0, not normalised.

    Returns:
        (queries,) exp(entropy).

    References:
        METHODS D4.
    """
    total = weights.sum(axis=1, keepdims=True)
    share = np.divide(weights, total, out=np.zeros_like(weights, dtype=np.float64), where=total > 0)
    logs = np.log(share, out=np.zeros_like(share), where=share > 0)
    return np.asarray(np.where(total[:, 0] > 0, np.exp(-(share * logs).sum(axis=1)), 0.0))
