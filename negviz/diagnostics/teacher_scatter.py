"""What a teacher says about the candidates that the student ranks high."""

from dataclasses import dataclass

import numpy as np

from negviz.arrays import Bools, Floats, Ints
from negviz.diagnostics import DIAGNOSTICS
from negviz.errors import MissingInputError
from negviz.labels import Labels
from negviz.pool import Pool, scorer_hint
from negviz.selection import Selection

PROBABILITY = "probability"


@dataclass(frozen=True, eq=False)
class TeacherScatter:
    """Student rank against teacher probability.

    Attributes:
        rows: (candidates,) query of each candidate that the teacher scored.
        columns: (candidates,) its column.
        ranks: (candidates,) rank by the student, 0 is best.
        probabilities: (candidates,) of the teacher.
        review: Places in these arrays of likely false negatives: no leak, not judged by a person, inside the depth,
            above the upper limit; the surest first, then the better rank, then the earlier query.
        discarded: Candidates without a leak, inside the depth, between the limits.
        backfilled: Queries of the asked ones that had to be filled up.
        short: Queries of the asked ones that are not full all the same.
        queries: Queries asked.
    """

    rows: Ints
    columns: Ints
    ranks: Ints
    probabilities: Floats
    review: Ints
    discarded: int
    backfilled: int
    short: int
    queries: int


@DIAGNOSTICS.register("Student rank against teacher probability", reference="METHODS C1")
def teacher_scatter(
    selection: Selection, rows: Ints, labels: Labels, *, teacher: str, negative: float, positive: float, depth: int
) -> TeacherScatter:
    """Set the student's rank against the teacher's probability, and list what the two of them contradict the labels in.

    Args:
        selection: Outcome of a recipe.
        rows: Which queries of the pool.
        labels: Verdicts of people; who has one need not be reviewed.
        teacher: Scorer that gives probabilities.
        negative: Limit below which a candidate is a negative.
        positive: Limit above which it counts as a pseudo-positive.
        depth: How many ranks the method looks at.

    Raises:
        MissingInputError: If the pool lacks the teacher's scores, or they are no probabilities.
    """
    pool = selection.pool
    layer = _probabilities(pool, teacher)[rows].astype(np.float64)
    known: Bools = pool.present[rows] & np.isfinite(layer)
    places, columns = np.nonzero(known)
    ranks, values = pool.rank(selection.recipe.scorer)[rows][known], layer[known]
    asked = pool.eligible[rows][known] & (ranks < depth)
    judged = labels.align(pool)[rows][known] > 0 if len(labels) else np.zeros(len(values), dtype=bool)
    suspects = np.flatnonzero(asked & (values > positive) & ~judged)
    review = suspects[np.lexsort((places[suspects], ranks[suspects], -values[suspects]))]
    return TeacherScatter(
        rows[places], columns.astype(np.int32), ranks.astype(np.int32), values, review.astype(np.int32),
        discarded=int((asked & (values >= negative) & (values <= positive)).sum()),
        backfilled=int(selection.backfilled[rows].any(axis=1).sum()),
        short=int(selection.starved[rows].sum()),
        queries=len(rows),
    )  # fmt: skip


def _probabilities(pool: Pool, teacher: str) -> Floats:
    layer = pool.layer(teacher, "teacher_scatter", "the probabilities of a teacher")
    scale = pool.scales.get(teacher, "unknown")
    if scale != PROBABILITY:
        raise MissingInputError(
            f"This plot has limits between 0 and 1, but the scores called '{teacher}' are on the scale '{scale}'; "
            f"logits must become probabilities first: build the pool again with {scorer_hint(teacher)}."
        )
    return np.asarray(layer)
