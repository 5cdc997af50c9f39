"""Queries with fewer negatives than wanted, told apart: a recipe that takes all there is starves nobody."""

import numpy as np

from negviz.select import UNDERFILLED
from negviz.selection import ABSENT, Selection

WINDOW = "rank_window"
TAKES_ALL = "takes all"
# Queries that are looked at together, so that memory does not grow with the pool.
BLOCK = 4096


def takes_all(selection: Selection) -> bool:
    """Whether the recipe wants more than any query has to give, so that "too few" says nothing about its rules.

    Leak guards and a window of ranks say what a query has to give; every other step could have left more.
    """
    # One query that is full answers it, without looking at millions of candidates.
    if not len(selection.pool) or bool((selection.taken_counts >= selection.recipe.count).any()):
        return False
    windows = {step.name for step in selection.recipe.steps if step.strategy == WINDOW}
    rules = {step.name for step in selection.recipe.steps} - windows | {UNDERFILLED}
    outside = [code for code, stage in enumerate(selection.stages) if stage not in rules]
    blocks = (selection.reasons[start : start + BLOCK] for start in range(0, len(selection.pool), BLOCK))
    within = ((~np.isin(block, [ABSENT, *outside])).sum(axis=1).max() for block in blocks)
    return bool(max(within) < selection.recipe.count)


def short_of(selection: Selection) -> tuple[str, str, str]:
    """Label, value and meaning of the number that says how many queries are not filled.

    Where the recipe takes all there is, the fewest and the most negatives of a query stand there instead.
    """
    count = selection.recipe.count
    if not takes_all(selection):
        words = f"Queries with fewer than the {count:,} negatives that the recipe wants."
        return "Starved queries", f"{int(selection.starved.sum()):,}", words
    low, high = int(selection.taken_counts.min()), int(selection.taken_counts.max())
    return (
        "Per query",
        f"{low:,}" if low == high else f"{low:,}–{high:,}",
        (
            f"Fewest and most negatives of a query. The recipe wants up to {count:,}, more than any query has to give "
            "here, so it takes all that is left and no query counts as starved."
        ),
    )
