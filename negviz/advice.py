"""Advice: what a person should know before they trust a recipe on the pool at hand."""

from negviz.pool import Pool
from negviz.recipe import Recipe, Step, published
from negviz.selection import Selection
from negviz.strategies import STRATEGIES

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
        if not anchored(step)
    ]


def anchored(step: Step) -> bool:
    """Whether a step compares candidates with the positive's score."""
    return step.strategy in STRATEGIES and "anchor" in STRATEGIES.get(step.strategy).wants


def outcome_warnings(selection: Selection) -> list[str]:
    """A sentence where nothing at all was taken: what refused the most, and what to try."""
    if selection.taken.any() or not selection.candidates:
        return []
    step, count = max(selection.refused_counts, key=lambda pair: pair[1], default=("", 0))
    if selection.not_drawn > count:
        return [
            f"Nothing was taken, although nothing refused {selection.not_drawn:,} of {selection.candidates:,} "
            "candidates: the draw passed them over. Look at its skip, and whether the scorer knows their scores."
        ]
    several = (selection.pool.positives >= 0).sum(axis=1).max(initial=0) > 1
    hint = ""
    if several and selection.recipe.anchor == "min" and any(anchored(each) for each in selection.recipe.steps):
        hint = " Queries have several positives and the weakest is the anchor: try anchor=max or anchor=mean."
    return [f"Nothing was taken; '{step}' refused the most, {count:,} of {selection.candidates:,} candidates.{hint}"]


def _word(scale: str) -> str:
    return "".join(char for char in scale if char.isalnum() or char in " -") or "unknown"


def _on_scores(step: Step) -> bool:
    """Whether a step compares scores, with a fixed number or with the positive's."""
    if step.strategy not in STRATEGIES:
        return False
    entry = STRATEGIES.get(step.strategy)
    return anchored(step) or any(knob.range and knob.range.scale == "score" for knob in entry.knobs)
