"""Planning: the comparisons that people ask for, as arms of a plan."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from negviz.errors import MissingInputError, NegvizError, RecipeError
from negviz.labels import Labels
from negviz.pool import Pool
from negviz.recipe import Recipe, Step, published
from negviz.select import check, source_pool
from negviz.selection import Selection
from negviz.sweeping import Turn, turned
from negviz.training.plan import Arm, Kind, Plan
from negviz.training.schedule import Schedule, find_schedule
from negviz.truth import Truth

NAIVE = "nv_topk"


def make_plan(
    pool: Pool,
    folder: Path,
    arms: Sequence[Arm],
    *,
    kind: Kind,
    title: str,
    student: Step,
    seeds: Sequence[int] = (0, 1, 2),
    share: float = 0.5,
    knob: str = "",
    threads: int = 0,
    device: str = "auto",
) -> Plan:
    """A plan for a pool.

    Args:
        pool: Candidates.
        folder: Where they lie.
        arms: What is compared, the first with each of the others.
        kind: What the outcome is shown as.
        title: What people call it.
        student: Name of the student and its knobs.
        seeds: Each arm is trained once a seed.
        share: Share of the queries to measure with, where nothing is held out.
        knob: What a sweep turns.
        threads: Threads to train with; 0 for as many as there are.
        device: Where to train.

    Raises:
        RecipeError: If a part of it makes no sense.
    """
    return Plan(
        title=title, kind=kind, pool=str(Path(folder).absolute()), fingerprint=pool.fingerprint, student=student,
        arms=tuple(arms), seeds=tuple(seeds), share=share, keep=kind in {"train", "proof"}, knob=knob,
        threads=threads, device=device,
    )  # fmt: skip


def naive(recipe: Recipe) -> Recipe:
    """The naive top-k by a recipe's scorer, with as many negatives a query: what the recipe is to beat."""
    return replace(published()[NAIVE], scorer=recipe.scorer, count=recipe.count, seed=recipe.seed)


def proof_arms(recipe: Recipe, schedule: Schedule, labels: Labels, truth: Truth | None) -> list[Arm]:
    """Naive top-k, the recipe at hand, the same cleaned by hand, and an oracle, as far as they can be had.

    The oracle is the naive top-k without anything that the judgments know to answer: once with what was taken out only
    left out, once with it as positives, since the two help for different reasons.

    Args:
        recipe: At hand.
        schedule: The same for all; its stages without a recipe get the arm's.
        labels: Of people; without any there is no cleaned arm.
        truth: Judgments; without any there is no oracle.
    """
    simple = naive(recipe)
    arms = [Arm("Naive top-k", schedule.filled(simple))]
    called = recipe.title or recipe.name
    if recipe.steps or recipe.draw.strategy != "top":
        arms.append(Arm(called, schedule.filled(recipe)))
    if len(labels):
        arms.append(Arm(f"{called}, cleaned by labels", schedule.filled(recipe), "labels"))
    if truth is not None:
        arms.append(Arm("Oracle: answers left out", schedule.filled(simple), "judgments", promote=False))
        arms.append(Arm("Oracle: answers are positives", schedule.filled(simple), "judgments"))
    if len(arms) == 1:
        raise RecipeError(
            "A proof compares naive top-k with something: choose another recipe than naive top-k, or give labels or "
            "judgments."
        )
    return arms


def sweep_arms(recipe: Recipe, turn: Turn, values: Sequence[float], schedule: Schedule) -> list[Arm]:
    """One arm for each value of a knob.

    Args:
        recipe: Whose knob.
        turn: The knob.
        values: Ascending.
        schedule: The same for all.
    """
    return [Arm(f"{turn.path} = {value:g}", schedule.filled(turned(recipe, turn, value)), value=value)
            for value in values]  # fmt: skip


def runnable(pool: Pool) -> tuple[list[Recipe], dict[str, str]]:
    """Published recipes that can run on a pool, and what the others lack, by name.

    Args:
        pool: Candidates.
    """
    found, lacking = [], {}
    for name, recipe in published().items():
        try:
            check(recipe, source_pool(pool, recipe))
            found.append(recipe)
        except NegvizError as error:
            lacking[name] = str(error)
    return found, lacking


def table_arms(pool: Pool, schedule: Schedule, first: str = "random") -> list[Arm]:
    """One arm for every recipe that can run on a pool; random negatives come first, to compare with.

    Args:
        pool: Candidates.
        schedule: The same for all.
        first: Recipe to compare the others with, where it can run.

    Raises:
        MissingInputError: If fewer than two can run.
    """
    recipes, _ = runnable(pool)
    if len(recipes) < 2:
        raise MissingInputError("Fewer than two recipes can run on this pool; build it with more retrievers.")
    recipes.sort(key=lambda recipe: (recipe.name != first, recipe.name))
    return [Arm(recipe.name, schedule.filled(recipe)) for recipe in recipes]


def schedule_arms(names: Sequence[str], recipe: Recipe | None) -> list[Arm]:
    """One arm for each schedule.

    Args:
        names: Of schedules, or files.
        recipe: At hand, for schedules that leave it open.

    Raises:
        RecipeError: If a schedule needs a recipe at hand and there is none.
    """
    arms = []
    for name in names:
        schedule = find_schedule(name)
        if recipe is None and any(stage.recipe is None for stage in schedule.stages):
            raise RecipeError(
                f"Schedule '{schedule.name}' takes the negatives at hand, but there are none; give --recipe NAME or "
                "--selection FILE."
            )
        arms.append(Arm(schedule.title or schedule.name, schedule.filled(recipe) if recipe else schedule))
    return arms


def selection_arms(selections: Mapping[str, Selection], names: Sequence[str], schedule: Schedule) -> list[Arm]:
    """One arm for each selection.

    A schedule that mines anew takes the selection's recipe; one that does not takes exactly what was taken.

    Args:
        selections: By the name of the file that will lie beside the plan.
        names: What people call each of them.
        schedule: The same for all.
    """
    anew = any(stage.recipe is None and stage.mined != "first" for stage in schedule.stages)
    return [
        Arm(name, schedule.filled(selection.recipe)) if anew else Arm(name, schedule, selection=file)
        for name, (file, selection) in zip(names, selections.items(), strict=True)
    ]
