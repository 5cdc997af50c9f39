"""Settings of a recipe beside its steps: scorer, anchor, count, draw, padding, leaks that are let through, seed."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast, get_args

import streamlit as st

from negviz.diagnostics.score_profile import ScoreProfile
from negviz.draws import DRAWS
from negviz.pool import Anchor, Pool
from negviz.recipe import ALLOWABLE, MOST, Recipe, Step, Underfill
from negviz.registry import Registry
from negviz.strategies import STRATEGIES
from negviz.ui import forms
from negviz.ui.layers import choices_of

ANCHORS = {"min": "weakest positive", "mean": "mean of the positives", "max": "strongest positive"}
UNDERFILLS = {"keep": "keep the fewer", "drop": "drop the query", "pad": "pad it, marked as padding"}
NOTHING = ""
Choices = Mapping[str, Mapping[str, Any]]


def settings(pool: Pool, recipe: Recipe, key: str) -> Recipe:
    """Edit everything but the source and the steps.

    Args:
        pool: What the recipe chooses from, after its source.
        recipe: The recipe.
        key: Prefix of the widgets.
    """
    scorers = sorted({*pool.scores, recipe.scorer})
    changed = replace(
        recipe,
        scorer=_select("Scorer", scorers, recipe.scorer, f"{key}.scorer", "Whose scores are compared and ranked."),
        anchor=cast(Anchor, _select(
            "Margins are measured from", list(get_args(Anchor)), recipe.anchor, f"{key}.anchor",
            "Which labelled positive of a query counts, where it has several.", ANCHORS,
        )),
        count=_whole("Negatives per query", recipe.count, f"{key}.count", 1, MOST, "How many are taken at most."),
    )  # fmt: skip
    changed = _underfill(pool, changed, key)
    draw = choose_step(
        DRAWS, recipe.draw, "Draw", f"{key}.draw", none=None, text="How negatives are chosen from what is left.",
        choices=choices_of(pool),
    )  # fmt: skip
    changed = replace(changed, draw=draw or recipe.draw, allow=_allow(recipe, key))
    seed = _whole("Seed", recipe.seed, f"{key}.seed", 0, 2**53 - 1, "The same seed gives the same negatives.")
    return replace(changed, seed=seed)


def _underfill(pool: Pool, recipe: Recipe, key: str) -> Recipe:
    """What happens to a query with too few; padding is offered only where there is something to pad from."""
    place = st.container()
    backfill = choose_step(
        STRATEGIES, recipe.backfill, "Padding comes from", f"{key}.backfill", none="nothing, no query is padded",
        text="A strategy whose candidates may fill queries that stay short, drawn in proportion to its weights. They "
        "are marked and counted; leaks never pad.", choices=choices_of(pool),
    )  # fmt: skip
    offered = [name for name in get_args(Underfill) if name != "pad" or backfill is not None]
    kept = recipe.underfill if recipe.underfill in offered else "keep"
    with place:
        chosen = _select(
            "A query with fewer", offered, kept, f"{key}.underfill.{len(offered)}",
            "What happens to a query that does not reach the count.", UNDERFILLS,
        )  # fmt: skip
    return replace(recipe, backfill=backfill, underfill=cast(Underfill, chosen))


def _allow(recipe: Recipe, key: str) -> tuple[str, ...]:
    place = f"{key}.allow"
    forms.offer(place, list(recipe.allow))
    given = st.multiselect(
        "Leaks let through on purpose", ALLOWABLE, key=place, on_change=forms.turned, args=(place,),
        help="Labelled positives, copies of them, the query itself and blank texts are always refused.",
    )  # fmt: skip
    return tuple(given)


def choose_step(
    registry: Registry, step: Step | None, label: str, key: str, *, none: str | None, text: str, choices: Choices
) -> Step | None:
    """Choose an item of a registry and turn its knobs.

    Args:
        registry: What can be chosen.
        step: What is chosen now.
        label: Of the list.
        key: Prefix of the widgets.
        none: What choosing none is called; None where something must be chosen.
        text: Help.
        choices: See ``layers.choices_of``.
    """
    words = {entry.name: entry.label for entry in registry}
    options = list(words) if none is None else [NOTHING, *words]
    name = _select(label, options, step.strategy if step else NOTHING, key, text, {**words, NOTHING: none or ""})
    if not name:
        return None
    chosen = step if step and step.strategy == name else Step(name)
    return replace(chosen, knobs=kept_knobs(registry, chosen, key, None, choices))


def kept_knobs(
    registry: Registry, step: Step, key: str, scores: ScoreProfile | None, choices: Choices
) -> dict[str, Any]:
    """Knobs as they stand in the recipe: those it named, and those that differ from their default."""
    entry = registry.get(step.strategy)
    found = forms.knob_inputs(entry, step.knobs, f"{key}.{step.strategy}", scores=scores, **choices)
    return {name: value for name, value in found.items() if name in step.knobs or value != entry.knob(name).default}


def _select(
    label: str, options: list[str], value: str, key: str, text: str, words: Mapping[str, str] | None = None
) -> str:
    forms.offer(key, value)
    names = words or {}
    return str(st.selectbox(
        label, options, key=key, help=text, on_change=forms.turned, args=(key,),
        format_func=lambda option: names.get(option, option),
    ))  # fmt: skip


def _whole(label: str, value: int, key: str, low: int, high: int, text: str) -> int:
    forms.offer(key, value)
    given = st.number_input(label, low, high, key=key, step=1, help=text, on_change=forms.turned, args=(key,))
    return int(given)
