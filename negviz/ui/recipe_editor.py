"""The recipe editor: one recipe, shared by all pages; every change is kept and shown at once."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from negviz.advice import recipe_warnings
from negviz.diagnostics.score_profile import ScoreProfile
from negviz.errors import NegvizError
from negviz.pool import Pool
from negviz.recipe import Recipe, Step, published, recipe_of
from negviz.saved_recipes import saved
from negviz.select import resolved_knobs
from negviz.selection import Selection
from negviz.sources import SOURCES
from negviz.strategies import STRATEGIES
from negviz.ui import cache, forms, state
from negviz.ui.layers import choices_of
from negviz.ui.recipe_settings import choose_step, kept_knobs, settings

AS_MINED = "the pool, as mined"


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
        except NegvizError:
            return published().get(recipe.name)
    return published().get(recipe.name) or saved()[0].get(recipe.name)


def knobs_of(recipe: Recipe) -> dict[str, dict[str, Any]]:
    """All knobs of every step, defaults included."""
    return {step.name: resolved_knobs(STRATEGIES, step) for step in recipe.steps}


def epoch(key: str) -> str:
    """Key prefix that changes whenever another recipe is adopted, so that its widgets start anew."""
    return f"{key}.{st.session_state.get('recipe.epoch', 0)}"


def edit(pool: Pool, recipe: Recipe, key: str, warnings: DeltaGenerator | None = None) -> Edited:
    """Edit everything but which published recipe it is, and keep what was changed.

    What appears and goes stands in a place of its own: it must not move, and thereby rebuild, what stands below it.

    Args:
        pool: The pool at hand.
        recipe: The recipe at hand.
        key: Prefix of the widgets.
        warnings: Where to say what is odd about the recipe on this pool; above the editor where nothing is given.
    """
    warnings = warnings or st.container()
    changed = origin(pool, recipe, key)
    chosen_from = pool_of(pool, changed)
    edited = steps(chosen_from, changed, key, scores_of(chosen_from, changed))
    more = st.expander("Scorer, count and draw", icon=":material/settings:", key=f"{key}.more", on_change="rerun")
    changed = edited.recipe
    if more.open:
        with more:
            changed = settings(chosen_from, edited.recipe, epoch(key))
    if changed != recipe:
        state.use_recipe(changed)
    forms.adopted()
    with warnings:
        for warning in recipe_warnings(changed, chosen_from):
            st.warning(warning, icon=":material/warning:")
    return Edited(changed, edited.places)


def pool_of(pool: Pool, recipe: Recipe) -> Pool:
    """What the recipe chooses from; the pool itself where its source cannot run, which the result says in words."""
    try:
        return cache.source_pool(pool, recipe)
    except NegvizError:
        return pool


def scores_of(pool: Pool, recipe: Recipe) -> ScoreProfile | None:
    """Profile of the recipe's scorer, None where the pool does not have it."""
    return cache.profile(pool, recipe.scorer, recipe.anchor) if recipe.scorer in pool.scores else None


def origin(pool: Pool, recipe: Recipe, key: str) -> Recipe:
    """Where the candidates come from: the pool, or a source with its knobs."""
    with st.container(border=True):
        source = choose_step(
            SOURCES, recipe.source, "Candidates come from", f"{epoch(key)}.source", none=AS_MINED,
            text="A source brings other candidates than the pool holds, such as those of a training batch; everything "
            "after it stays the same.", choices=choices_of(pool),
        )  # fmt: skip
        if source is not None:
            st.caption(SOURCES.get(source.strategy).summary)
    return replace(recipe, source=source)


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
    knobs = kept_knobs(STRATEGIES, step, key, scores, choices_of(pool))
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
