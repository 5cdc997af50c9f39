"""Where in the list the verdicts lie."""

import numpy as np

from negviz.arrays import Ints
from negviz.diagnostics import DIAGNOSTICS
from negviz.pool import Pool


@DIAGNOSTICS.register("Verdicts by rank")
def verdicts_by_rank(pool: Pool, layer: str, scorer: str, edges: tuple[int, ...]) -> Ints:
    """Count the verdicts of each value in stretches of ranks.

    Args:
        pool: Candidates.
        layer: Name of the layer of verdicts (whole numbers from 0 to 3).
        scorer: By whose scores they are ranked.
        edges: Limits of the stretches, the first inclusive, the last exclusive.

    Returns:
        (4, stretches) counts of the values 0 to 3.
    """
    verdicts, ranks = pool.score(layer), pool.rank(scorer)
    known = np.isfinite(verdicts) & pool.present
    return np.stack([np.histogram(ranks[known & np.equal(verdicts, value)], edges)[0] for value in range(4)]).astype(
        np.int32
    )
