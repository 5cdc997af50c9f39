"""Swept: which trainings are a sweep of the knob at hand of the recipe at hand."""

from dataclasses import replace

from negviz.draws import DRAWS
from negviz.errors import NegvizError
from negviz.recipe import Recipe, Step
from negviz.registry import Registry
from negviz.select import resolved_knobs
from negviz.sources import SOURCES
from negviz.strategies import STRATEGIES
from negviz.sweeping import Turn, turned
from negviz.training.plan import Plan


def is_sweep_of(plan: Plan, fingerprint: str, recipe: Recipe, turn: Turn) -> bool:
    """Whether a plan is a sweep of a knob of a recipe on a pool, whatever the recipe is called.

    Args:
        plan: A plan.
        fingerprint: Of the pool.
        recipe: At hand; the value of the knob itself does not count.
        turn: The knob.
    """
    if (plan.fingerprint, plan.kind, plan.knob) != (fingerprint, "sweep", turn.path):
        return False
    for arm in plan.arms:
        if arm.value is None:
            return False
        try:
            wanted = bare(turned(recipe, turn, arm.value))
            if not any(stage.recipe and bare(stage.recipe) == wanted for stage in arm.schedule.stages):
                return False
        except NegvizError:  # a knob that this recipe, or this version, does not have
            return False
    return True


def bare(recipe: Recipe) -> Recipe:
    """A recipe with every knob written out and without words, so that two that choose alike are equal.

    Raises:
        NegvizError: If it has a step or knob that does not exist.
    """

    def whole(registry: Registry, step: Step | None) -> Step | None:
        return step and Step(step.strategy, resolved_knobs(registry, step))

    return replace(
        recipe, name="", title="", family="", paper="", scale="", needs=(), about="", notes="", plot="",
        steps=tuple(Step(step.strategy, resolved_knobs(STRATEGIES, step)) for step in recipe.steps),
        draw=Step(recipe.draw.strategy, resolved_knobs(DRAWS, recipe.draw)),
        source=whole(SOURCES, recipe.source), backfill=whole(STRATEGIES, recipe.backfill),
    )  # fmt: skip
