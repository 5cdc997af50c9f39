"""Measured irrelevance: candidates drawn by how often their rank was judged not relevant."""

from typing import Annotated, Literal

import numpy as np

from negviz.arrays import Floats
from negviz.hints import Range
from negviz.judged import irrelevance, judged_candidates, need_judged
from negviz.labels import Verdicts
from negviz.pool import Pool
from negviz.strategies import STRATEGIES


@STRATEGIES.register(
    "Measured irrelevance (RANCE-style)", reference="Prakash, Killingback, Zamani, SIGIR 2021", across=True
)
def measured_irrelevance(
    pool: Pool,
    *,
    scorer: str,
    verdicts: Verdicts,
    judged: Literal["labels", "given", "both"] = "labels",
    minimum: Annotated[int, Range(1, 10_000, 1, scale="count")] = 30,
    positives: bool = False,
) -> Floats:
    """Weigh candidates by the measured probability that what stands at their rank is not relevant.

    The probability is estimated from judged candidates: isotonic regression on the rank, smoothed so that no rank is
    ruled out. The top ranks, where most false negatives stand, are thus drawn less often. Judge a random sample: from
    candidates that were chosen for review because they look relevant, every rank seems worse than it is.

    Args:
        pool: Candidates to judge.
        scorer: Whose ranks count, among all candidates.
        verdicts: Codes of people's verdicts.
        judged: Whose judgments count: people's "labels", the "given" negatives (taken as judged not relevant), or
            "both".
        minimum: Fewest judged candidates to learn from.
        positives: Count the labelled positives of judged queries as relevant candidates. Right where every candidate
            of a query is judged; of a random sample the positives would be far too many.

    Returns:
        (queries, depth) weights above 0 and below 1, the same for equal ranks; 0 where the score is unknown.

    Raises:
        MissingInputError: If fewer than ``minimum`` candidates are judged.

    References:
        METHODS B7; the estimator is our reading, the published one is not verified.
    """
    found = judged_candidates(pool, scorer, verdicts, judged, positives)
    need_judged(found, "measured_irrelevance", minimum)
    of_rank = irrelevance(found, pool.depth)
    known = pool.present & np.isfinite(pool.score(scorer))
    return np.asarray(np.where(known, of_rank[pool.rank(scorer)], 0.0))
