"""Why a candidate was refused, in words."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from negviz.diagnostics import DIAGNOSTICS
from negviz.diagnostics._reasons import REASONS
from negviz.diagnostics.limits import limits
from negviz.diagnostics.threshold_distance import compared
from negviz.limits import Limit
from negviz.selection import Selection

FIXED = {
    "labelled positive": "It is a labelled positive of this query.",
    "same text as a positive": "Its text equals that of a labelled positive.",
    "near-duplicate of a positive": "Its text is nearly that of a labelled positive.",
    "is the query itself": "It is the query itself.",
    "blank text": "There is nothing to read in it.",
    "positive of a near-identical query": "It is a labelled positive of a nearly identical query.",
    "same group as a positive": "It belongs to the same group (article) as a labelled positive.",
    "repeats another candidate": "Its text equals that of another candidate, which stays.",
    "labelled false negative": "Somebody labelled it a false negative.",
    "labelled drop": "Somebody labelled it 'drop'.",
    "fewer than count left": "Its query has too few negatives left and is dropped as a whole.",
}


@DIAGNOSTICS.register("Reason in words")
def refusal_reason(selection: Selection, query: int, column: int, knobs: Mapping[str, Mapping[str, Any]]) -> str:
    """Say in a sentence what refused a candidate, with the numbers that decided.

    Args:
        selection: Outcome of a recipe.
        query: Row of the pool.
        column: Candidate's column.
        knobs: For each step all of its knobs, defaults included.

    Returns:
        A sentence; empty where nothing refused it.
    """
    name = selection.reason(query, column)
    if name is None:
        return ""
    if name in FIXED:
        return FIXED[name]
    pool, recipe = selection.pool, selection.recipe
    own = knobs.get(name, {})
    positive = pool.anchor(recipe.scorer, recipe.anchor)
    lines = limits(recipe.step(name).strategy, own, positive)
    if not lines:
        words = REASONS.get(recipe.step(name).strategy)
        return words(selection, query, column, own) if words else _without_limit(name, own)
    if not np.isfinite(pool.score(recipe.scorer)[query, column]):
        return f"It has no score by '{recipe.scorer}', which this step needs."
    if any(line.axis == "margin" for line in lines) and not np.isfinite(positive[query]):
        return f"No positive of this query has a score by '{recipe.scorer}', which this step needs."
    return _beyond(selection, name, (query, column), own, lines, float(positive[query]))


def _without_limit(name: str, knobs: Mapping[str, Any]) -> str:
    if "retriever" in knobs:
        return f"The retriever '{knobs['retriever']}' did not bring it."
    return f"The step '{name}' gives it no weight."


def _beyond(
    selection: Selection,
    name: str,
    cell: tuple[int, int],
    knobs: Mapping[str, Any],
    lines: list[Limit],
    positive: float,
) -> str:
    """Words for the limit that the candidate is farthest beyond."""
    query, column = cell

    def placed(line: Limit) -> tuple[float, float]:
        value = compared(selection, name, line.axis, knobs, slice(query, query + 1))[0, column]
        limit = line.value if isinstance(line.value, float | int) else line.value[query]
        return float(value), float(limit)

    def beyond(line: Limit) -> float:
        value, limit = placed(line)
        return value - limit if line.refuses == "above" else limit - value

    line = max(lines, key=beyond)
    value, limit = placed(line)
    if line.axis == "rank":
        return _rank_words(value, line)
    side = "not below" if line.refuses == "above" else "not above"
    if line.axis == "score":
        return f"It scores {value:.4g}, {side} the {line.label} {limit:.4g}."
    return (
        f"It scores {positive + value:.4g}, {side} {positive + limit:.4g} ({line.label}, which scores {positive:.4g})."
    )


def _rank_words(rank: float, line: Limit) -> str:
    if not np.isfinite(rank):
        return "It is not among the candidates that this rank window counts."
    side = "after" if line.refuses == "above" else "before"
    return f"Its rank {rank:.0f} lies {side} the window of accepted ranks."
