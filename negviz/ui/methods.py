"""The methods there are: chosen from a list, read about, browsed by family; what a pool cannot serve says why."""

from dataclasses import replace

import streamlit as st

from negviz.pool import Pool
from negviz.recipe import FAMILIES, Recipe, published
from negviz.saved_recipes import saved
from negviz.ui import cache
from negviz.ui.recipe_editor import adopt, base_of, epoch, pool_of
from negviz.ui.texts import show_text

OWN = "Saved here"
OTHER = "Others"
NOT_HERE = " (needs more than this pool has)"
# How long a page waits for the answer to which methods a pool can serve; the next turn of a knob knows it.
PATIENCE = 0.25
NO_SCALE = {"", "any", "rank", "none"}


def family_of(recipe: Recipe) -> str:
    """Family of a published recipe; what names none of the known ones comes last."""
    return recipe.family if recipe.family in FAMILIES else OTHER


def by_family() -> dict[str, list[Recipe]]:
    """Published recipes by family, families and titles in order."""
    groups: dict[str, list[Recipe]] = {family: [] for family in (*FAMILIES, OTHER)}
    for recipe in published().values():
        groups[family_of(recipe)].append(recipe)
    return {family: sorted(group, key=lambda each: each.title) for family, group in groups.items() if group}


def chooser(pool: Pool, recipe: Recipe, key: str) -> None:
    """Choose a published or a saved recipe; those that the pool cannot serve say so."""
    own = saved()[0]
    known = {each.name: each for group in by_family().values() for each in group} | own
    names = [*own, *(name for name in known if name not in own)]
    names = names if recipe.name in known else [recipe.name, *names]
    problems = cache.recipe_problems(pool, cache.labels(), PATIENCE)
    place = f"{epoch(key)}.published"

    def words(name: str) -> str:
        each = known.get(name, recipe)
        family = OWN if name in own else family_of(each) if name in known else "at hand"
        title = f"{name}: {each.title}" if name in own and each.title else each.title or name
        return f"{title} · {family}{NOT_HERE if problems.get(name) else ''}"

    if st.session_state.get(place) != recipe.name:
        st.session_state[place] = recipe.name
    st.selectbox(
        "Recipe", names, key=place, on_change=_choose, args=(place,), format_func=words,
        help="A method with its own defaults; type to search by name or family. Choosing one replaces the recipe at "
        "hand on every page.",
    )  # fmt: skip


def _choose(place: str) -> None:
    take(str(st.session_state[place]))


def take(name: str) -> None:
    """Work with a published or a saved recipe from now on."""
    chosen = published().get(name) or saved()[0].get(name)
    if chosen is not None:
        adopt(chosen, base=chosen)


def way_back(recipe: Recipe, key: str) -> None:
    """A button that forgets the changes, where there are any."""
    base = base_of(recipe)
    if base is None or base == recipe:
        return
    kind = "published" if base == published().get(recipe.name) else "saved" if base.name in saved()[0] else "uploaded"
    st.button(
        f"Back to the {kind} recipe", icon=":material/undo:", key=f"{key}.revert", on_click=adopt, args=(base,),
        help="Forget every change made to it.",
    )  # fmt: skip


def about(pool: Pool, recipe: Recipe) -> None:
    """What the method does, for which scores its numbers are, where it comes from."""
    needs = f"Needs: {', '.join(recipe.needs)}." if recipe.needs else "Needs nothing but scored candidates."
    about = recipe.about or recipe.title or "A recipe of your own: nothing was written about it."
    show_text(about, about=" ".join(filter(None, [scale_words(pool, recipe), needs, _paper(recipe)])))
    original = _original(recipe)
    if original is not None and original != replace(recipe, name=original.name):
        st.caption(":material/edit: Changed since: the words describe the method as published.")


def _original(recipe: Recipe) -> Recipe | None:
    """The published recipe whose words a recipe bears, whatever it is called now; None where they are its own."""
    return next((each for each in published().values() if recipe.about and each.about == recipe.about), None)


def scale_words(pool: Pool, recipe: Recipe) -> str:
    """For which scores the recipe's numbers are, and what the scorer at hand gives."""
    if recipe.scale in NO_SCALE:
        return "Its numbers do not depend on the scale of the scores."
    here = pool_of(pool, recipe).scales.get(recipe.scorer)
    given = f"{recipe.scorer} gives {here} here" if here else f"the pool has no scores called {recipe.scorer}"
    return f"Its numbers are for {recipe.scale} scores; {given}."


def _paper(recipe: Recipe) -> str:
    return f"Source: {recipe.paper}" if recipe.paper else ""


def browse(pool: Pool, recipe: Recipe, key: str) -> None:
    """All methods, a family at a time, or those that hold a word; each with what it does and what is missing here."""
    groups = by_family()
    wanted = st.text_input("Find a method", key=f"{key}.search", placeholder="name, paper, what it does", live=True)
    family = st.pills(
        "Family", list(groups), default=family_of(recipe) if family_of(recipe) in groups else None, key=f"{key}.family",
        format_func=lambda name: f"{name} ({len(groups[name])})",
        help="Baselines need no model, model-mined use a retriever's scores, and so on. None chosen shows all.",
        wrap=True,
    )  # fmt: skip
    sought = (wanted or "").strip().casefold()
    shown = [each for name, group in groups.items() for each in group if sought or family in (None, name)]
    shown = [each for each in shown if not sought or sought in _words_of(each)]
    problems = cache.recipe_problems(pool, cache.labels(), None)
    missing = sum(1 for each in shown if problems.get(each.name))
    st.caption(f"{len(shown)} of {len(published())} methods; {missing} of these need more than this pool has.")
    for each in shown:
        _card(pool, each, problems.get(each.name, ""), each.name == recipe.name, key)


def _words_of(recipe: Recipe) -> str:
    parts = (recipe.name, recipe.title, recipe.paper, recipe.about, *(step.strategy for step in recipe.steps))
    return " ".join(parts).casefold()


def _card(pool: Pool, recipe: Recipe, problem: str, at_hand: bool, key: str) -> None:
    with st.container(border=True, gap="xsmall"):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center",
                          key=f"negviz_line.{key}.{recipe.name}"):  # fmt: skip
            show_text("", title=recipe.title)
            if at_hand:
                st.badge("in use", icon=":material/check:", color="green")
            else:
                st.button("Read" if problem else "Use", key=f"{key}.use.{recipe.name}", on_click=take,
                          args=(recipe.name,), help="Makes it the recipe at hand on every page.",
                          type="tertiary" if problem else "secondary")  # fmt: skip
        about(pool, recipe)
        if problem:
            show_text(f"✕ Not on this pool. {problem}")
