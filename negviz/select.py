"""Select: run a recipe over a pool; the first step that refuses a candidate is its recorded reason."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from negviz.arrays import PAD, Bools, Floats, Ints, frozen, gumbel, positions
from negviz.compiled import MANY, Codes, tally
from negviz.draws import DRAWS
from negviz.errors import MissingInputError
from negviz.labels import Labels, Verdicts
from negviz.limits import Limit, LimitsOf
from negviz.pool import LEAKS, Pool
from negviz.recipe import Recipe, Step
from negviz.registry import Registry
from negviz.selection import ABSENT, NOT_REFUSED, Known, Selection, taken_columns, taken_mask
from negviz.sources import SOURCES
from negviz.strategies import STRATEGIES

NO_LABELS = Labels.of(())
LABELLED = ("labelled false negative", "labelled drop")
UNDERFILLED = "fewer than count left"
KEPT_SOURCES = 6
KEPT_GUARDS = 2
# Noise of the padding must not be that of the draw, or what the draw nearly took would be what pads.
PADDING_KEYS = np.uint64(0x9D39247E33776D41)


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


def check_knobs(recipe: Recipe) -> None:
    """See whether every part of a recipe exists and every value is allowed.

    Raises:
        RecipeError: If a knob does not exist or its value is not allowed.
        UnknownNameError: If a strategy, draw or source does not exist.
    """
    for step in (*recipe.steps, *([recipe.backfill] if recipe.backfill else [])):
        resolved_knobs(STRATEGIES, step)
    resolved_knobs(DRAWS, recipe.draw)
    if recipe.source:
        resolved_knobs(SOURCES, recipe.source)


def source_pool(pool: Pool, recipe: Recipe) -> Pool:
    """The pool that a recipe chooses from: the given one, or what its source makes of it.

    Raises:
        MissingInputError: If the source lacks an input; the text says which and how to get it.
        RecipeError: If a knob of the source is not valid.
    """
    if recipe.source is None:
        return pool
    context = {"scorer": recipe.scorer, "seed": recipe.seed}
    wants = SOURCES.get(recipe.source.strategy).wants
    key = (recipe.source.strategy, str(resolved_knobs(SOURCES, recipe.source)),
           *(value for name, value in context.items() if name in wants))  # fmt: skip
    made: dict[Any, Pool] = pool.__dict__.setdefault("_sources", {})
    if key not in made:
        while len(made) >= KEPT_SOURCES:
            made.pop(next(iter(made)))
        made[key] = _call(SOURCES, recipe.source, context, pool)
    return made[key]


def check(recipe: Recipe, pool: Pool) -> None:
    """See whether a recipe can run on a pool.

    Args:
        recipe: What is to run.
        pool: What it chooses from, after its source.

    Raises:
        MissingInputError: If an input is missing; the text says which and how to get it.
        RecipeError: If a step or knob is not valid.
    """
    check_knobs(recipe)
    pool.score(recipe.scorer)
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
    check_knobs(recipe)
    pool = source_pool(pool, recipe)
    check(recipe, pool)
    return choose(pool, recipe, labels)


def looks_across(recipe: Recipe) -> list[str]:
    """Parts of a recipe for which it matters what other queries there are; without any, queries may be run apart."""
    steps = [*recipe.steps, *([recipe.backfill] if recipe.backfill else [])]
    found = [step.name or step.strategy for step in steps if STRATEGIES.get(step.strategy).trait("across")]
    found += [recipe.draw.strategy] if DRAWS.get(recipe.draw.strategy).trait("across") else []
    source = recipe.source.strategy if recipe.source else ""
    return ([source] if source and SOURCES.get(source).trait("across") else []) + found


def choose(pool: Pool, recipe: Recipe, labels: Labels = NO_LABELS) -> Selection:
    """Run the steps and the draw of a recipe; the pool was made by its source, and both were checked.

    Args:
        pool: Candidates of all queries or, where the recipe does not look across them, of some.
        recipe: Anchor, steps, draw, count and seed.
        labels: Human verdicts.
    """
    reasons, names = _refuse_leaks(pool, recipe, labels)
    fast = _fast(pool, recipe, labels, reasons, names)
    if fast is not None:
        return fast
    reasons, guarded = reasons.copy(), reasons >= 0
    weights = np.equal(reasons, NOT_REFUSED).astype(np.float64)
    context: dict[str, Any] = {"scorer": recipe.scorer, "anchor": recipe.anchor, "count": recipe.count}
    context |= {"seed": recipe.seed, "verdicts": _verdicts(pool, labels)}
    for step in recipe.steps:
        context["survivors"] = np.equal(reasons, NOT_REFUSED)
        weights = weights * _finite(_call(STRATEGIES, step, context, pool))
        reasons[np.equal(reasons, NOT_REFUSED) & (weights <= 0)] = len(names)
        names.append(step.name)
    drawing = {**context, "pool": pool, "scores": pool.score(recipe.scorer)}
    if "keys" in DRAWS.get(recipe.draw.strategy).wants:
        # Keys are made of all ids of the data, of which there may be millions.
        drawing["keys"] = pool.pair_keys
    drawn: Ints = _call(DRAWS, recipe.draw, drawing, weights)
    taken = taken_mask(drawn, pool.depth)
    padding = np.zeros(taken.shape, dtype=bool)
    if recipe.underfill == "pad" and recipe.backfill:
        context["survivors"] = pool.present & ~guarded
        wanted = _finite(_call(STRATEGIES, recipe.backfill, context, pool))
        padding = _padding(pool, np.where(guarded | taken, 0.0, wanted), recipe, taken)
        reasons[padding] = NOT_REFUSED
        weights[padding] = wanted[padding]
        taken |= padding
    columns = taken_columns(taken, pool.rank(recipe.scorer), recipe.count)
    if recipe.underfill == "drop":
        columns = _drop_underfilled(columns, reasons, len(names))
        weights[np.equal(reasons, len(names))] = 0.0
        names.append(UNDERFILLED)
    return Selection(pool, recipe, weights, reasons, columns, tuple(names), padding)


def _fast(pool: Pool, recipe: Recipe, labels: Labels, guard: Codes, names: list[str]) -> Selection | None:
    """The same by compiled loops, where there is much to do and the recipe is of their kind; None elsewhere."""
    if pool.documents.size < MANY or recipe.underfill == "pad":
        return None
    from negviz.one_pass import Part, in_one_pass

    anchor = pool.anchor(recipe.scorer, recipe.anchor)
    parts = [Part(step_limits(step, anchor), _curve(step)) for step in recipe.steps]
    found = in_one_pass(pool, recipe, guard, parts, resolved_knobs(DRAWS, recipe.draw), first=len(names))
    if found is None:
        return None
    stages, columns, known = [*names, *(step.name for step in recipe.steps)], found.columns, None
    if recipe.underfill == "drop":
        columns = _drop_underfilled(columns, found.reasons, len(stages))
        stages.append(UNDERFILLED)
    else:
        absent, left, *guarded = _guard_counts(pool, labels, guard, names)
        refused = [int(count) for count in found.refused]
        known = Known((absent, left - sum(refused), *guarded, *refused), found.taken, found.scores)

    def weights() -> Floats:
        return _weights(pool, recipe, labels, found.reasons)

    return Selection(pool, recipe, weights, found.reasons, columns, tuple(stages), known=known)


def _weights(pool: Pool, recipe: Recipe, labels: Labels, reasons: Codes) -> Floats:
    """Weights of a selection whose reasons are known: those of its steps where nothing refused."""
    open_ = np.equal(reasons, NOT_REFUSED)
    weights = open_.astype(np.float64)
    for step in recipe.steps:
        if _curve(step) is not None:
            context = {"scorer": recipe.scorer, "anchor": recipe.anchor, "survivors": open_}
            weights *= _finite(_call(STRATEGIES, step, context, pool))
    return weights


def _curve(step: Step) -> tuple[float, float, bool] | None:
    """The bell that a step weighs by, None where it does not."""
    declared = STRATEGIES.get(step.strategy).trait("bell")
    return declared(resolved_knobs(STRATEGIES, step)) if declared else None


def _guard_counts(pool: Pool, labels: Labels, guard: Codes, names: list[str]) -> list[int]:
    """Counts of absent and of open cells, and of each leak and label; without labels kept beside the pool."""
    if len(labels):
        return tally(guard, ABSENT, len(names) - 1)
    kept: dict[tuple[str, ...], list[int]] = pool.__dict__.setdefault("_guard_counts", {})
    if tuple(names) not in kept:
        kept[tuple(names)] = tally(guard, ABSENT, len(names) - 1)
    return kept[tuple(names)]


def step_limits(step: Step, anchor: Floats) -> list[Limit]:
    """Lines that a step draws, none where it does more or other than to compare.

    Args:
        step: The step.
        anchor: (queries,) score that margins are measured from.
    """
    declared: LimitsOf | None = STRATEGIES.get(step.strategy).trait("limits")
    return declared(resolved_knobs(STRATEGIES, step), anchor) if declared else []


def _verdicts(pool: Pool, labels: Labels) -> Verdicts:
    return labels.align(pool) if len(labels) else np.zeros(pool.documents.shape, dtype=np.int8)


def _padding(pool: Pool, weights: Floats, recipe: Recipe, taken: Bools) -> Bools:
    """Candidates that pad the rows that are not full, drawn by weight with noise of their own."""
    missing = recipe.count - taken.sum(axis=1)
    with np.errstate(divide="ignore"):
        noisy = np.log(weights) + gumbel(pool.pair_keys ^ PADDING_KEYS, recipe.seed)
    place = positions(np.argsort(-noisy, axis=1, kind="stable").astype(np.int32))
    return np.asarray((weights > 0) & pool.present & (place < missing[:, None]))


def _finite(weights: Floats) -> Floats:
    return np.where(np.isfinite(weights), weights, 0.0)


def _refuse_leaks(pool: Pool, recipe: Recipe, labels: Labels) -> tuple[Codes, list[str]]:
    names = [leak for leak in LEAKS if leak not in recipe.allow]
    reasons = _leaking(pool, tuple(names))
    if len(labels):
        reasons = reasons.copy()
        verdicts = labels.align(pool)
        for name, code in zip(LABELLED, (1, 3), strict=True):
            reasons[np.equal(reasons, NOT_REFUSED) & np.equal(verdicts, code)] = len(names)
            names.append(name)
    return reasons, names


def _leaking(pool: Pool, leaks: tuple[str, ...]) -> Codes:
    """(queries, depth) place among some leaks of the first that refuses each candidate; kept beside the pool."""
    kept: dict[tuple[str, ...], Codes] = pool.__dict__.setdefault("_leaking", {})
    if leaks not in kept:
        while len(kept) >= KEPT_GUARDS:
            kept.pop(next(iter(kept)))
        # One look-up a cell: eight comparisons of a whole layer would each write one as large.
        codes = np.full(1 << 16, NOT_REFUSED, dtype=np.int8)
        for place, leak in reversed(list(enumerate(leaks))):
            codes[np.arange(1 << 16) & LEAKS[leak] != 0] = place
        reasons = codes[pool.flags]
        reasons[~pool.present] = ABSENT
        kept[leaks] = frozen(reasons)
    return kept[leaks]


def _drop_underfilled(columns: Ints, reasons: Codes, stage: int) -> Ints:
    """Empty the rows that are not full and record it as the reason of whatever had survived in them."""
    short: Bools = np.asarray(np.equal(columns, PAD).any(axis=1, keepdims=True))
    reasons[short & np.equal(reasons, NOT_REFUSED)] = stage
    return np.where(short, PAD, columns).astype(np.int32)
