"""The ways to compare: a proof, schedules, some recipes, every recipe; each gives the arms of a plan."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from negviz.errors import NegvizError
from negviz.recipe import Recipe
from negviz.training.plan import Arm, Kind
from negviz.training.planning import proof_arms, recipe_arms, schedule_arms, table_arms
from negviz.training.schedule import Schedule, schedules
from negviz.truth import Truth
from negviz.ui import comparing_choice, training_cache
from negviz.ui.comparing_choice import AT_HAND, SAVED
from negviz.ui.frame import Workbench
from negviz.ui.links import page_link
from negviz.ui.texts import show_text
from negviz.ui.training_student import choose_settings

PROOF, SCHEDULES, RECIPES, TABLE = "Does it pay?", "Schedules", "Some recipes", "All recipes"
FIRST_SCHEDULES = ("ance", "fixed")


@dataclass(frozen=True, eq=False)
class Wanted:
    """What a person wants compared: arms, or why there are none."""

    arms: Sequence[Arm] = ()
    problem: str = ""


@dataclass(frozen=True)
class Way:
    """A way to compare.

    Attributes:
        kind: What the outcome is shown as.
        about: What it tells, in a sentence or two.
        choose: Draws its widgets and gives what is wanted.
    """

    kind: Kind
    about: str
    choose: Callable[[Workbench, Truth | None], Wanted]


def proof(bench: Workbench, truth: Truth | None) -> Wanted:
    """The naive top-k, the recipe at hand, the same cleaned by labels, and an oracle."""
    labels = bench.labels
    show_text(bench.recipe.title or bench.recipe.name, about="Recipe at hand; another is chosen on the page Mine.")
    if not len(labels):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption("No label yet, so nothing is cleaned by hand.")
            page_link("pages/6_Label.py", "Label some", "rule")
    if truth is None:
        st.caption("Without judgments that can be used there is no oracle.")
    schedule = _at_hand()
    return _tried(lambda: proof_arms(bench.recipe, schedule, labels, truth))


def several_schedules(bench: Workbench, truth: Truth | None) -> Wanted:
    """Schedules, as published."""
    known = schedules()
    names = st.pills(
        "Schedules", list(known), selection_mode="multi", default=[name for name in FIRST_SCHEDULES if name in known],
        key="train.schedules", persist_state="session", format_func=lambda name: _short(known[name]), wrap=True,
        help="Each says which negatives the student gets in which round, with the loss that belongs to it.",
    )  # fmt: skip
    for name in names:
        each = known[name]
        paper = f"Source: {each.paper}." if each.paper else ""
        show_text(each.about, title=each.title or name, about=" ".join(filter(None, [paper, each.notes])))
    if not names:
        return Wanted(problem="No schedule is chosen; choose at least one.")
    if any(stage.recipe is None for name in names for stage in known[name].stages):
        show_text("", about=f"Negatives at hand: those of {bench.recipe.title or bench.recipe.name}.")
    return _tried(lambda: schedule_arms(names, bench.recipe))


def _short(schedule: Schedule) -> str:
    """What a schedule is called in a word or two."""
    return (schedule.title or schedule.name).partition(",")[0]


def several_recipes(bench: Workbench, truth: Truth | None) -> Wanted:
    """Recipes, all with one schedule."""
    options = comparing_choice.options_of(bench.pool)
    titles = {key: title for key, title in options.titles.items() if key in options.recipes}
    keys = st.multiselect(
        "Recipes", list(titles), default=[AT_HAND], key="train.recipes", persist_state="session",
        format_func=lambda key: titles.get(key, key), help="The first is what the others are compared with.",
    )  # fmt: skip
    schedule = _at_hand()
    chosen = named({key: options.recipes[key] for key in keys if key in options.recipes})
    return _tried(lambda: recipe_arms(chosen, schedule))


def named(recipes: Mapping[str, Recipe]) -> dict[str, Recipe]:
    """Recipes by names of which no two are the same; the one at hand and saved ones say so."""
    found: dict[str, Recipe] = {}
    for key, recipe in recipes.items():
        mark = " (at hand)" if key == AT_HAND else " (saved)" if key.startswith(SAVED) else ""
        found[f"{recipe.name}{mark}"] = recipe
    return found


def every_recipe(bench: Workbench, truth: Truth | None) -> Wanted:
    """Every published recipe that can run here, with those that cannot and why."""
    fit, lacking = training_cache.runnable_recipes(bench.pool)
    st.text(f"{len(fit):,} recipes can run on this pool.")
    if lacking:
        with st.popover(f"{len(lacking):,} cannot, and why", icon=":material/block:"):
            for name, reason in lacking.items():
                show_text(reason, title=name)
    schedule = _at_hand()
    if len(fit) < 2:
        return Wanted(problem="Fewer than two recipes can run on this pool; mine it again with more retrievers.")
    return _tried(lambda: table_arms(bench.pool, schedule, recipes=fit))


def _at_hand() -> Schedule:
    """The schedule of recipes at hand, with what it leaves open."""
    known = {
        name: each
        for name, each in schedules().items()
        if len(each.stages) == 1 and each.stages[0].recipe is None
    }  # fmt: skip
    name = st.selectbox(
        "Schedule", list(known), key="train.schedule", persist_state="session",
        format_func=lambda name: known[name].title or name, help="Which negatives the student gets in which round.",
    )  # fmt: skip
    chosen = known[name or next(iter(known))]
    st.caption(chosen.about)
    return choose_settings(chosen)


def _tried(made: Callable[[], list[Arm]]) -> Wanted:
    try:
        return Wanted(made())
    except NegvizError as error:
        return Wanted(problem=str(error))


WAYS = {
    PROOF: Way(
        "proof", "Whether better negatives train a better retriever here: naive top-k against the recipe at hand, "
        "against the same cleaned by your labels, against an oracle that knows all answers. Same student, same rounds.",
        proof,
    ),
    SCHEDULES: Way(
        "train", "How student and miner chase each other: published schedules, round by round, with a checkpoint after "
        "each that Mine, Thresholds and Map can look at.", several_schedules,
    ),
    RECIPES: Way("train", "The negatives of some recipes against each other, with a checkpoint after each round.",
                 several_recipes),
    TABLE: Way(
        "table", "The measured table: every recipe that can run on this pool, with its false negatives, hardness, time "
        "and what a student learns from it. Checkpoints are not kept.", every_recipe,
    ),
}  # fmt: skip
