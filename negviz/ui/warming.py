"""Loops over millions of candidates are compiled once on a machine, in some 20 seconds: begun when a pool is opened."""

import threading
from collections.abc import Callable

from negviz.compiled import MANY
from negviz.diagnostics.score_axis import score_axis
from negviz.diagnostics.score_profile import score_profile
from negviz.errors import MissingInputError
from negviz.pool import Pool
from negviz.recipe import published
from negviz.select import select

# Candidates from which on a page does not wait until all of them were looked at.
LARGE = 5_000_000
# One of each kind of loop: limits on scores, limits on ranks, and a bell that is drawn from.
RECIPES = "nv_perc", "nv_shifted", "simans"


def warm(pool: Pool, few: Callable[[], Pool]) -> None:
    """Have the loops compiled in a thread of its own, if the pool is one of those that they are for.

    Of a large pool the counting of all candidates does, after the first page is drawn (``negviz.ui.counting``).

    Args:
        pool: What was opened.
        few: Gives just so many of its queries that they go the way of the compiled loops.
    """
    if MANY <= pool.documents.size < LARGE:
        threading.Thread(target=lambda: run_each(few()), name="negviz compiles", daemon=True).start()


def queries_enough(pool: Pool) -> int:
    """How many queries have so many candidates that they go the way of the compiled loops."""
    return -(-MANY // max(pool.depth, 1))


def run_each(part: Pool) -> int:
    """Run every kind of loop on a few queries; gives how many recipes could run."""
    ran = 0
    for name in RECIPES:
        recipe = published()[name]
        try:
            selection = select(part, recipe)
        except MissingInputError:
            # Without its scores or positives the recipe will not be looked at on this pool either.
            continue
        axis = score_axis(score_profile(part, recipe.scorer, recipe.anchor), "score")
        axis.counts, axis.of_rows(selection.taken_scores), selection.summary()
        ran += 1
    return ran
