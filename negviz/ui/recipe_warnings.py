"""Warnings about numbers of a recipe that were chosen for other scores than those at hand."""

from negviz.pool import Pool
from negviz.recipe import Recipe, Step, published
from negviz.strategies import STRATEGIES
from negviz.ui import forms

ANY_SCALE = {"", "any", "rank"}


def scale_warnings(recipe: Recipe, pool: Pool) -> list[str]:
    """Sentences about numbers of a recipe that were chosen for other scores than those at hand.

    A step of a published recipe that was set anew is no longer warned about.
    """
    here = pool.scales.get(recipe.scorer, "unknown")
    original = published().get(recipe.name)
    foreign = [step for step in recipe.steps if _on_scores(step) and (original is None or step in original.steps)]
    if foreign and recipe.scale not in {*ANY_SCALE, here}:
        return [
            f"The numbers of this recipe were chosen for {_word(recipe.scale)} scores; the chosen scorer gives "
            f"{_word(here)} scores. A threshold belongs to its scale: set it anew from the distribution at hand."
        ]
    if original is None:
        return []
    return [
        f"'{step.name}' still has the value of the paper, which was chosen for another model's scores. On this "
        "pool the same number may refuse everything or nothing: look where it falls."
        for step in foreign
        if not forms.anchored(STRATEGIES.get(step.strategy))
    ]


def _word(scale: str) -> str:
    return "".join(char for char in scale if char.isalnum() or char in " -") or "unknown"


def _on_scores(step: Step) -> bool:
    """Whether a step compares scores, with a fixed number or with the positive's."""
    if step.strategy not in STRATEGIES:
        return False
    entry = STRATEGIES.get(step.strategy)
    return forms.anchored(entry) or any(knob.range and knob.range.scale == "score" for knob in entry.knobs)
