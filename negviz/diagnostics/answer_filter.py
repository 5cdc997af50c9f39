"""What looking for answer strings does to a pool."""

from dataclasses import dataclass

import numpy as np

from negviz.answers import Match, answered, contains_answer
from negviz.arrays import Ints
from negviz.diagnostics import DIAGNOSTICS
from negviz.pool import LEAKS
from negviz.selection import Selection

# A later one stands above an earlier one.
LANES = ("without the answer", "contains an answer", "taken", "labelled positive")


@dataclass(frozen=True, eq=False)
class AnswerFilter:
    """What the filter does to the candidates of one retriever.

    Attributes:
        candidates: Candidates that are no labelled positives, of the queries that have answers.
        containing: How many of them contain an answer.
        queries: Queries of the pool.
        unanswered: Queries without answer strings, for which the filter is not defined.
        emptied: Queries with answers of whose candidates every one contains an answer.
        ranks: (candidates of the query,) rank by the retriever, 0 is best.
        lanes: (candidates of the query,) place in ``LANES``.
    """

    candidates: int
    containing: int
    queries: int
    unanswered: int
    emptied: int
    ranks: Ints
    lanes: Ints


@DIAGNOSTICS.register("Answer filter")
def answer_filter(selection: Selection, ranks: Ints, query: int, match: Match, titles: bool) -> AnswerFilter:
    """Count how many candidates contain an answer of their query, and say so for each candidate of one query.

    Args:
        selection: Outcome of a recipe.
        ranks: (queries, depth) ranks of the candidates that are looked at, -1 for the others.
        query: Row of the pool.
        match: How answers are looked for.
        titles: Whether the title counts too.

    Raises:
        MissingInputError: If no query of the pool has answers.
    """
    pool = selection.pool
    found = contains_answer(pool, "answer_strip", match, titles)
    positive = np.not_equal(pool.flags & LEAKS["labelled positive"], 0)
    known = answered(pool)
    looked = pool.present & (ranks >= 0) & ~positive & known[:, None]
    left = (looked & ~found).sum(axis=1)
    lanes = np.zeros(pool.depth, dtype=np.int32)
    for lane, here in enumerate((found[query], selection.taken[query], positive[query]), start=1):
        lanes[here] = lane
    own = np.flatnonzero(pool.present[query] & (ranks[query] >= 0))
    return AnswerFilter(
        candidates=int(looked.sum()),
        containing=int((looked & found).sum()),
        queries=len(pool),
        unanswered=int((~known).sum()),
        emptied=int((looked.any(axis=1) & np.equal(left, 0)).sum()),
        ranks=ranks[query, own],
        lanes=lanes[own],
    )
