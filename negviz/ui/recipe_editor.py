"""The recipe editor: one recipe, shared by all pages; every change is kept and shown at once."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, cast, get_args

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from negviz.advice import scale_warnings
from negviz.diagnostics.score_profile import ScoreProfile
from negviz.draws import DRAWS
from negviz.errors import RecipeError
from negviz.pool import Anchor, Pool
from negviz.recipe import MOST, Recipe, Step, Underfill, published, recipe_of
from negviz.registry import Registry
from negviz.select import resolved_knobs
from negviz.selection import Selection
from negviz.strategies import STRATEGIES
from negviz.ui import cache, forms, state
from negviz.ui.texts import show_text

ANCHORS = {"min": "weakest positive", "mean": "mean of the positives", "max": "strongest positive"}
UNDERFILLS = {"keep": "keep the fewer", "drop": "drop the query"}


@dataclass(frozen=True)
class Edited:
    """What the step editor gives back: the recipe, and a place beside each step for a line about its effect."""

    recipe: Recipe
    places: Mapping[str, DeltaGenerator]

    def tell(self, selection: Selection) -> None:
        """Write beside each step how many candidates it refused."""
        counts = dict(selection.refused_counts)
        for name, place in self.places.items():
            share = counts[name] / max(selection.candidates, 1)
            place.caption(f"Refuses {counts[name]:,} of {selection.candidates:,} candidates ({share:.1%}).")


def adopt(recipe: Recipe, *, base: Recipe | None = None) -> None:
    """Work with a recipe from now on; ``base`` is what 'back' returns to. Widgets start anew from it."""
    state.use_recipe(recipe)
    if base is not None:
        state.remember(recipe_base=base.to_dict())
    st.session_state["recipe.epoch"] = st.session_state.get("recipe.epoch", 0) + 1


def base_of(recipe: Recipe) -> Recipe | None:
    """What the recipe was before it was changed: as published or as uploaded."""
    stored = state.workspace().get("recipe_base")
    if isinstance(stored, Mapping) and stored.get("name") == recipe.name:
        try:
            return recipe_of(dict(stored))
        except RecipeError:
            return published().get(recipe.name)
    return published().get(recipe.name)


def knobs_of(recipe: Recipe) -> dict[str, dict[str, Any]]:
    """All knobs of every step, defaults included."""
    return {step.name: resolved_knobs(STRATEGIES, step) for step in recipe.steps}


def epoch(key: str) -> str:
    """Key prefix that changes whenever another recipe is adopted, so that its widgets start anew."""
    return f"{key}.{st.session_state.get('recipe.epoch', 0)}"


def edit(pool: Pool, recipe: Recipe, key: str, scores: ScoreProfile | None) -> Edited:
    """Edit everything but which published recipe it is, and keep what was changed.

    What appears and goes stands in a place of its own: it must not move, and thereby rebuild, what stands below it.
    """
    warnings = st.container()
    edited = steps(pool, recipe, key, scores)
    more = st.expander("Scorer, count and draw", icon=":material/settings:", key=f"{key}.more", on_change="rerun")
    changed = edited.recipe
    if more.open:
        with more:
            changed = settings(pool, edited.recipe, key)
    if changed != recipe:
        state.use_recipe(changed)
    forms.adopted()
    with warnings:
        for warning in scale_warnings(changed, pool):
            st.warning(warning, icon=":material/warning:")
    return Edited(changed, edited.places)


def chooser(pool: Pool, recipe: Recipe, key: str) -> None:
    """Choose a published recipe; those that the pool cannot serve say so."""
    names = list(published()) if recipe.name in published() else [recipe.name, *published()]
    problems = cache.recipe_problems(pool)
    titles = {name: published()[name].title for name in published()}
    if recipe.name not in titles:
        titles[recipe.name] = recipe.title or recipe.name
    place = f"{epoch(key)}.published"
    forms.offer(place, recipe.name)
    st.selectbox(
        "Recipe",
        names,
        key=place,
        on_change=_choose,
        args=(place,),
        format_func=lambda name: f"{titles[name]}{' (needs more than this pool has)' if problems.get(name) else ''}",
        help="A published method with its own defaults. Choosing one replaces the recipe at hand on every page.",
    )


def way_back(recipe: Recipe, key: str) -> None:
    """A button that forgets the changes, where there are any."""
    base = base_of(recipe)
    if base is None or base == recipe:
        return
    source = "published" if base == published().get(recipe.name) else "uploaded"
    st.button(
        f"Back to the {source} recipe", icon=":material/undo:", key=f"{key}.revert", on_click=adopt, args=(base,),
        help="Forget every change made to it.",
    )  # fmt: skip


def _choose(place: str) -> None:
    chosen = published().get(st.session_state[place])
    if chosen is not None:
        adopt(chosen, base=chosen)


def about(pool: Pool, recipe: Recipe) -> None:
    """Where the recipe comes from, its notes, and which published methods cannot run here and why."""
    show_text(recipe.notes or "No notes.", title=recipe.title or recipe.name, about=recipe.paper)
    missing = {name: problem for name, problem in cache.recipe_problems(pool).items() if problem}
    if missing:
        st.caption("Published methods that need more than this pool has:")
    for name, problem in missing.items():
        show_text(problem, title=published()[name].title)


def steps(pool: Pool, recipe: Recipe, key: str, scores: ScoreProfile | None) -> Edited:
    """Edit the steps: their knobs, their order, and which there are."""
    places, changed = {}, []
    for place, step in enumerate(recipe.steps):
        with st.container(border=True):
            places[step.name], knobs = _step(pool, recipe, place, f"{epoch(key)}.step{place}", scores)
        changed.append(replace(step, knobs=knobs))
    if not recipe.steps:
        st.caption("No step: nothing but leaks is refused.")
    names = STRATEGIES.names()
    add = f"{epoch(key)}.add"
    st.selectbox(
        "Add a step",
        names,
        index=None,
        key=add,
        placeholder="Choose a strategy",
        on_change=_add,
        args=(add, recipe),
        format_func=lambda name: STRATEGIES.get(name).label,
        help="Steps work together; the first one that refuses a candidate is its recorded reason.",
    )
    return Edited(replace(recipe, steps=tuple(changed)), places)


def _step(
    pool: Pool, recipe: Recipe, place: int, key: str, scores: ScoreProfile | None
) -> tuple[DeltaGenerator, dict[str, Any]]:
    step = recipe.steps[place]
    entry = STRATEGIES.get(step.strategy)
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.markdown(f"**{place + 1}. {entry.label}**", help=entry.help)
        with st.container(horizontal=True, width="content", gap="small"):
            for icon, text, order in _moves(len(recipe.steps), place):
                st.button(
                    "",
                    icon=f":material/{icon}:",
                    key=f"{key}.{icon}",
                    help=text,
                    type="tertiary",
                    disabled=order is None,
                    on_click=_reorder,
                    args=(recipe, order),
                )
    knobs = _knobs(STRATEGIES, step, key, scores, {"retriever": sorted(pool.ranks)})
    return st.empty(), knobs


def _moves(count: int, place: int) -> list[tuple[str, str, list[int] | None]]:
    """What can be done with a step: icon, words, and the order of steps that results (None where impossible)."""

    def swapped(one: int, other: int) -> list[int] | None:
        order = list(range(count))
        if not 0 <= other < count:
            return None
        order[one], order[other] = order[other], order[one]
        return order

    return [
        ("arrow_upward", "Ask this step earlier", swapped(place, place - 1)),
        ("arrow_downward", "Ask this step later", swapped(place, place + 1)),
        ("close", "Take this step out", [other for other in range(count) if other != place]),
    ]


def _reorder(recipe: Recipe, order: list[int]) -> None:
    adopt(replace(recipe, steps=tuple(recipe.steps[place] for place in order)))


def _add(place: str, recipe: Recipe) -> None:
    chosen = st.session_state.get(place)
    if chosen:
        adopt(replace(recipe, steps=(*recipe.steps, Step(chosen))))


def _knobs(
    registry: Registry,
    step: Step,
    key: str,
    scores: ScoreProfile | None,
    choices: Mapping[str, list[str]] | None = None,
) -> dict[str, Any]:
    """Knobs as they stand in the recipe: those it named, and those that differ from their default."""
    entry = registry.get(step.strategy)
    found = forms.knob_inputs(entry, step.knobs, f"{key}.{step.strategy}", scores=scores, choices=choices)
    return {name: value for name, value in found.items() if name in step.knobs or value != entry.knob(name).default}


def settings(pool: Pool, recipe: Recipe, key: str) -> Recipe:
    """Edit scorer, anchor, count, seed, draw and what happens to queries that are not filled."""
    key = epoch(key)
    scorers = sorted({*pool.scores, recipe.scorer})
    changed = replace(
        recipe,
        scorer=_select("Scorer", scorers, recipe.scorer, f"{key}.scorer", "Whose scores are compared and ranked."),
        anchor=cast(Anchor, _select(
            "Margins are measured from", list(get_args(Anchor)), recipe.anchor, f"{key}.anchor",
            "Which labelled positive of a query counts, where it has several.", ANCHORS,
        )),
        count=_whole("Negatives per query", recipe.count, f"{key}.count", 1, MOST, "How many are taken at most."),
        underfill=cast(Underfill, _select(
            "A query with fewer", list(get_args(Underfill)), recipe.underfill, f"{key}.underfill",
            "What happens to a query that does not reach the count.", UNDERFILLS,
        )),
    )  # fmt: skip
    draw = _select(
        "Draw",
        DRAWS.names(),
        recipe.draw.strategy,
        f"{key}.draw",
        "How negatives are chosen from what is left.",
        {entry.name: entry.label for entry in DRAWS},
    )
    step = changed.draw if draw == recipe.draw.strategy else Step(draw)
    changed = replace(changed, draw=replace(step, knobs=_knobs(DRAWS, step, f"{key}.draw", None)))
    seed = _whole("Seed", recipe.seed, f"{key}.seed", 0, 2**53 - 1, "The same seed gives the same negatives.")
    return replace(changed, seed=seed)


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
