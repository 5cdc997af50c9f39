"""Select: run a recipe over a pool; the first step that refuses a candidate is its recorded reason."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from negviz.arrays import PAD, Bools, Floats, Ints
from negviz.draws import DRAWS
from negviz.errors import MissingInputError
from negviz.labels import Labels
from negviz.pool import LEAKS, Pool
from negviz.recipe import Recipe, Step
from negviz.registry import Registry
from negviz.selection import ABSENT, NOT_REFUSED, Selection, taken_columns, taken_mask
from negviz.strategies import STRATEGIES

NO_LABELS = Labels.of(())
LABELLED = ("labelled false negative", "labelled drop")
UNDERFILLED = "fewer than count left"


def resolved_knobs(registry: Registry, step: Step) -> dict[str, Any]:
    """All knobs of a step: defaults, overridden by what the recipe gives, checked.

    Raises:
        RecipeError: If a knob does not exist or its value is not allowed.
        UnknownNameError: If the strategy or draw does not exist.
    """
    entry = registry.get(step.strategy)
    for name in step.knobs:
        entry.knob(name)
    knobs = {knob.name: knob for knob in entry.knobs}
    return {
        name: knob.parse(step.knobs[name], step.name or step.strategy) if name in step.knobs else knob.default
        for name, knob in knobs.items()
    }


def _call(registry: Registry, step: Step, context: Mapping[str, Any], *first: Any) -> Any:
    entry = registry.get(step.strategy)
    filled = {name: context[name] for name in entry.wants if name in context}
    return entry.function(*first, **filled, **resolved_knobs(registry, step))


def check(recipe: Recipe, pool: Pool) -> None:
    """See whether a recipe can run on a pool.

    Raises:
        MissingInputError: If an input is missing; the text says which and how to get it.
        RecipeError: If a step or knob is not valid.
    """
    pool.score(recipe.scorer)
    for step in recipe.steps:
        resolved_knobs(STRATEGIES, step)
    resolved_knobs(DRAWS, recipe.draw)
    anchored = [step.name for step in recipe.steps if "anchor" in STRATEGIES.get(step.strategy).wants]
    if anchored and not np.isfinite(pool.anchor(recipe.scorer, recipe.anchor)).any():
        raise MissingInputError(
            f"'{anchored[0]}' compares candidates with the labelled positive, but no query of this pool has a positive "
            f"scored by '{recipe.scorer}'; load data with labelled positives, or choose a recipe without a margin."
        )


def select(pool: Pool, recipe: Recipe, labels: Labels = NO_LABELS) -> Selection:
    """Run a recipe over a pool.

    Candidates labelled ``false negative`` or ``drop`` are refused like leaks, so that the next ones move up.

    Args:
        pool: Candidates.
        recipe: Scorer, anchor, steps, draw, count and seed.
        labels: Human verdicts.

    Returns:
        The selection. The same pool, recipe and labels give the same bytes.

    Raises:
        MissingInputError: If the pool lacks an input of the recipe.
        RecipeError: If a step or knob is not valid.
    """
    check(recipe, pool)
    reasons, names = _refuse_leaks(pool, recipe, labels)
    weights = np.equal(reasons, NOT_REFUSED).astype(np.float64)
    context: dict[str, Any] = {"scorer": recipe.scorer, "anchor": recipe.anchor}
    for step in recipe.steps:
        context["survivors"] = np.equal(reasons, NOT_REFUSED)
        weights = weights * _finite(_call(STRATEGIES, step, context, pool))
        reasons[np.equal(reasons, NOT_REFUSED) & (weights <= 0)] = len(names)
        names.append(step.name)
    context |= {"scores": pool.score(recipe.scorer), "keys": pool.pair_keys}
    context |= {"count": recipe.count, "seed": recipe.seed}
    drawn: Ints = _call(DRAWS, recipe.draw, context, weights)
    columns = taken_columns(taken_mask(drawn, pool.depth), pool.rank(recipe.scorer), recipe.count)
    if recipe.underfill == "drop":
        columns = _drop_underfilled(columns, reasons, len(names))
        weights[np.equal(reasons, len(names))] = 0.0
        names.append(UNDERFILLED)
    return Selection(pool, recipe, weights, reasons, columns, tuple(names))


def _finite(weights: Floats) -> Floats:
    return np.where(np.isfinite(weights), weights, 0.0)


def _refuse_leaks(pool: Pool, recipe: Recipe, labels: Labels) -> tuple[npt.NDArray[np.int8], list[str]]:
    reasons = np.where(pool.present, NOT_REFUSED, ABSENT).astype(np.int8)
    names: list[str] = []
    for leak, bit in LEAKS.items():
        if leak in recipe.allow:
            continue
        reasons[np.equal(reasons, NOT_REFUSED) & np.not_equal(pool.flags & bit, 0)] = len(names)
        names.append(leak)
    if len(labels):
        verdicts = labels.align(pool)
        for name, code in zip(LABELLED, (1, 3), strict=True):
            reasons[np.equal(reasons, NOT_REFUSED) & np.equal(verdicts, code)] = len(names)
            names.append(name)
    return reasons, names


def _drop_underfilled(columns: Ints, reasons: npt.NDArray[np.int8], stage: int) -> Ints:
    """Empty the rows that are not full and record it as the reason of whatever had survived in them."""
    short: Bools = np.asarray(np.equal(columns, PAD).any(axis=1, keepdims=True))
    reasons[short & np.equal(reasons, NOT_REFUSED)] = stage
    return np.where(short, PAD, columns).astype(np.int32)
