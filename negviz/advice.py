"""Advice: what a person should know before they trust a recipe on the pool at hand."""

from typing import Protocol

from negviz.pool import Pool
from negviz.recipe import Recipe, Step, published
from negviz.selection import Funnel
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


def recipe_warnings(recipe: Recipe, pool: Pool) -> list[str]:
    """All that is to be said before a recipe runs: numbers of another scale, idle knobs, ranks the pool does not hold.

    Args:
        recipe: What is to run.
        pool: The stored pool, before the recipe's source.
    """
    return [*scale_warnings(recipe, pool), *idle_knobs(recipe), *depth_warnings(recipe, pool)]


def idle_knobs(recipe: Recipe) -> list[str]:
    """A sentence where somebody turned a knob that another one has put out of work: a width replaces ``a``."""
    original = published().get(recipe.name)
    found = []
    for step in recipe.steps:
        knobs = {knob.name: knob for knob in STRATEGIES.get(step.strategy).knobs}
        if not {"a", "width"} <= set(knobs) or float(step.knobs.get("width", 0.0)) <= 0:
            continue
        own = next((other.knobs for other in original.steps if other.name == step.name), {}) if original else {}
        usual = own.get("a", knobs["a"].default)
        if float(step.knobs.get("a", usual)) != float(usual):
            found.append(
                f"'{step.name}' does not look at a = {step.knobs['a']}: its width of {step.knobs['width']} replaces "
                "it. Set the width to 0 to use a."
            )
    return found


def depth_warnings(recipe: Recipe, pool: Pool) -> list[str]:
    """A sentence where a rank window reaches deeper than the lists that the pool was made of.

    A window that ends where its knob ends has no end, so only its start is looked at; so is that of a draw from the
    top, which does not reach the other end.
    """
    depth = int(pool.origin.get("depth") or 0)
    found = []
    for step in recipe.steps if depth else ():
        if step.strategy != "rank_window":
            continue
        reach = _reach(step, recipe)
        if reach > depth:
            found.append(
                f"'{step.name}' reaches to rank {reach:,}, but this pool holds {depth:,} candidates a retriever; ranks "
                f"beyond {depth:,} are not complete: build it again with --depth {reach}."
            )
    return found


def _reach(step: Step, recipe: Recipe) -> int:
    """Last rank that a window can be asked for."""
    entry = STRATEGIES.get(step.strategy)
    start, stop = (entry.knob(name).parse(step.knobs.get(name, entry.knob(name).default), step.name)
                   for name in ("start", "stop"))  # fmt: skip
    limits = entry.knob("stop").range
    open_ended = limits is not None and stop >= limits.high
    return int(min(start + recipe.count, stop) if open_ended or recipe.draw.strategy == "top" else stop)


def anchored(step: Step) -> bool:
    """Whether a step compares candidates with the positive's score."""
    return step.strategy in STRATEGIES and "anchor" in STRATEGIES.get(step.strategy).wants


class Outcome(Protocol):
    """What a recipe came to: a selection, or what is known of one that was written to a file."""

    @property
    def pool(self) -> Pool:
        """What it chose from."""
        ...

    @property
    def recipe(self) -> Recipe:
        """What was run."""
        ...

    @property
    def stages(self) -> tuple[str, ...]:
        """Names of what could refuse."""
        ...

    @property
    def funnel(self) -> Funnel:
        """Counts."""
        ...


def outcome_warnings(selection: Outcome) -> list[str]:
    """A sentence where nothing at all was taken: what refused the most, and what to try."""
    funnel = selection.funnel
    if funnel.taken or not funnel.candidates:
        return []
    refused = zip(selection.stages, funnel.refused, strict=True)
    step, count = max(refused, key=lambda pair: pair[1], default=("", 0))
    if funnel.not_drawn > count:
        return [
            f"Nothing was taken, although nothing refused {funnel.not_drawn:,} of {funnel.candidates:,} "
            "candidates: the draw passed them over. Look at its skip, and whether the scorer knows their scores."
        ]
    several = (selection.pool.positives >= 0).sum(axis=1).max(initial=0) > 1
    hint = ""
    if several and selection.recipe.anchor == "min" and any(anchored(each) for each in selection.recipe.steps):
        hint = " Queries have several positives and the weakest is the anchor: try anchor=max or anchor=mean."
    return [f"Nothing was taken; '{step}' refused the most, {count:,} of {funnel.candidates:,} candidates.{hint}"]


def _word(scale: str) -> str:
    return "".join(char for char in scale if char.isalnum() or char in " -") or "unknown"


def _on_scores(step: Step) -> bool:
    """Whether a step compares scores, with a fixed number or with the positive's."""
    if step.strategy not in STRATEGIES:
        return False
    entry = STRATEGIES.get(step.strategy)
    return anchored(step) or any(knob.range and knob.range.scale == "score" for knob in entry.knobs)
