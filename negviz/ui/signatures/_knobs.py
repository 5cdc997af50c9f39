"""Knobs of a recipe's steps, as the plots ask for them."""

from typing import Any

from negviz.recipe import Recipe
from negviz.select import resolved_knobs
from negviz.strategies import STRATEGIES

WINDOW = 200


def knobs_of(recipe: Recipe, strategy: str) -> dict[str, Any]:
    """All knobs of the recipe's first step of a strategy; the strategy's defaults where it has none."""
    for step in recipe.steps:
        if step.strategy == strategy:
            return resolved_knobs(STRATEGIES, step)
    return {knob.name: knob.default for knob in STRATEGIES.get(strategy).knobs}


def window_stop(recipe: Recipe, depth: int) -> int:
    """First rank beyond the recipe's window; that of ANCE where it has none, never beyond the candidates."""
    steps = [step for step in recipe.steps if step.strategy == "rank_window"]
    stop = int(resolved_knobs(STRATEGIES, steps[0])["stop"]) if steps else WINDOW
    return max(1, min(stop, depth))
