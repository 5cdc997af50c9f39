"""What the sources that compose batches share: who meets whose documents, and how large that may become."""

from typing import Any

import numpy as np

from negviz.arrays import PAD, Ints
from negviz.assembly import assemble
from negviz.batches import MOST_CELLS, Batches, remember
from negviz.errors import MissingInputError, RecipeError
from negviz.pool import Pool

COMPUTED = ("dense", "bm25")


def need_inputs(pool: Pool, scorer: str, user: str) -> None:
    """See whether every new pair can get a score, and whether there are positives.

    Raises:
        MissingInputError: If not; the text says what is missing and how to get it.
    """
    if scorer not in COMPUTED:
        raise MissingInputError(
            f"'{user}' brings pairs that '{scorer}' has not scored, and only {' and '.join(COMPUTED)} can score them "
            "from what the pool has; set the recipe's scorer to one of those."
        )
    pool.score(scorer)
    if scorer == "dense":
        pool.vectors(user)
    if not len(pool.dataset.positives):
        raise MissingInputError(
            f"'{user}' makes batches of queries with their labelled positives, but these data have none; load data "
            "with labelled positives."
        )


def pool_of(pool: Pool, batches: Batches, *, scorer: str, user: str, facts: dict[str, Any]) -> Pool:
    """The pool in which a query's candidates are the documents that it meets in its batches.

    Rank layers: ``in_batch``, positives of other rows, by their place in the batch; with hard negatives also ``hard``,
    those of other rows, and ``own_hard``, those of the query's own rows.

    Args:
        pool: Queries and positives.
        batches: The composition; it stays beside the new pool.
        scorer: The recipe's scorer.
        user: Who asks, for errors.
        facts: What to say in the pool's origin.

    Raises:
        RecipeError: If the table would not fit into memory.
    """
    _check_size(pool, batches, user)
    hard = batches.hard.shape[1]
    brought = {"in_batch": _met(pool, batches, batches.documents[:, None], own=False)}
    if hard:
        brought["hard"] = _met(pool, batches, batches.hard, own=False)
        brought["own_hard"] = _met(pool, batches, batches.hard, own=True)
    told = {"name": user, "rows": len(batches), "batches": batches.total, "dropped_rows": batches.dropped, **facts}
    return remember(assemble(pool, brought, scorer=scorer, origin={"source": told}), batches)


def _met(pool: Pool, batches: Batches, columns: Ints, *, own: bool) -> Ints:
    """Documents that each query meets: those of the other rows of its batches, or those of its own rows.

    A query of several rows has the columns of one batch after those of the other, so that a place tells the column.
    """
    blocks: list[list[Ints]] = [[] for _ in range(len(pool))]
    each = columns.shape[1]
    for row in range(len(batches)):
        if own:
            block = columns[row]
        else:
            low, high = batches.starts[batches.numbers[row]], batches.starts[batches.numbers[row] + 1]
            block = columns[low:high].ravel().copy()
            block[(row - low) * each : (row - low + 1) * each] = PAD
        blocks[batches.queries[row]].append(block)
    width = max((sum(map(len, parts)) for parts in blocks), default=0)
    found = np.full((len(pool), width), PAD, dtype=np.int32)
    for place, parts in enumerate(blocks):
        if parts:
            line = np.concatenate(parts)
            found[place, : len(line)] = line
    return found


def _check_size(pool: Pool, batches: Batches, user: str) -> None:
    columns = batches.sizes.astype(np.int64) * (1 + batches.hard.shape[1])
    widest = int(np.bincount(batches.queries, columns, len(pool)).max(initial=0))
    widest = min(widest, len(pool.dataset.documents))
    if len(pool) * widest > MOST_CELLS:
        raise RecipeError(
            f"'{user}' would make a table of {len(pool):,} queries by {widest:,} documents, and {MOST_CELLS:,} cells "
            "are the most that fit; make the batches smaller, or take fewer workers or hard negatives."
        )
