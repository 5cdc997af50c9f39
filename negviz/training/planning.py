"""Planning: the comparisons that people ask for, as arms of a plan."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from negviz.errors import MissingInputError, NegvizError, RecipeError
from negviz.labels import Labels
from negviz.losses import LOSSES
from negviz.pool import Pool
from negviz.recipe import Recipe, Step, published
from negviz.select import check, check_knobs, select
from negviz.selection import Selection
from negviz.sweeping import Turn, turned
from negviz.training.plan import Arm, Kind, Plan
from negviz.training.schedule import Schedule, Stage, find_schedule
from negviz.truth import Truth

NAIVE = "nv_topk"
# What a stage that is mined anew by the student still has, see ``mining.mined_anew``.
MINED_ANEW = ("dense", "bm25")
# Fewer queries than this cannot be parted into two sides that say anything.
FEWEST = 4
# Queries that a recipe is tried on: sources and fits need some others than the one that they are for.
TRIED = 64
TITLES = {"proof": "Proof", "sweep": "Sweep", "table": "All recipes", "train": "Training"}


# Queries times documents up to which a single thread searches in about a second.
QUICKLY_SEARCHED = 10**7


def fitting_threads(student: str, queries: int, documents: int) -> int:
    """Threads to train with; 0 for as many as there are.

    The adapter's steps are so small that threads wait for each other longer than they work: on two busy cores a round
    on the sample took thirty times as long with two threads. With one the numbers also come out the same again.

    Args:
        student: Name of the student.
        queries: Of the pool.
        documents: Of the collection.
    """
    return 1 if student == "adapter" and queries * documents <= QUICKLY_SEARCHED else 0


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
    threads: int | None = None,
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
        threads: Threads to train with; 0 for as many as there are, None for what fits the student.
        device: Where to train.

    Raises:
        RecipeError: If a part of it makes no sense.
    """
    fitting = fitting_threads(student.strategy, len(pool), len(pool.dataset.documents))
    return Plan(
        title=title, kind=kind, pool=str(Path(folder).absolute()), fingerprint=pool.fingerprint, student=student,
        arms=tuple(arms), seeds=tuple(seeds), share=share, keep=kind in {"train", "proof"}, knob=knob,
        threads=fitting if threads is None else threads, device=device,
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
        problem = why_not(pool, recipe)
        if problem:
            lacking[name] = problem
        else:
            found.append(recipe)
    return found, lacking


def why_not(pool: Pool, recipe: Recipe) -> str:
    """Why a recipe cannot run on a pool, in a sentence; empty where it can. Tried on some of the queries.

    Args:
        pool: Candidates.
        recipe: What is to run, without labels.
    """
    try:
        check_knobs(recipe)
        if recipe.source is None:
            check(recipe, pool)
        select(_first(pool), recipe)
    except NegvizError as error:
        return str(error)
    return ""


def _first(pool: Pool) -> Pool:
    """A pool of its first queries: what a recipe misses shows on them, too."""
    if len(pool) <= TRIED:
        return pool
    return pool.part(np.arange(TRIED, dtype=np.int32), f"first {TRIED} of {pool.fingerprint}")


def table_arms(
    pool: Pool, schedule: Schedule, first: str = "random", *, recipes: Sequence[Recipe] | None = None
) -> list[Arm]:
    """One arm for every recipe that can run on a pool; random negatives come first, to compare with.

    Args:
        pool: Candidates.
        schedule: The same for all.
        first: Recipe to compare the others with, where it can run.
        recipes: Those that can run, where that is known already.

    Raises:
        MissingInputError: If fewer than two can run.
    """
    fit = list(runnable(pool)[0] if recipes is None else recipes)
    if len(fit) < 2:
        raise MissingInputError("Fewer than two recipes can run on this pool; build it with more retrievers.")
    fit.sort(key=lambda recipe: (recipe.name != first, recipe.name))
    return [Arm(recipe.name, schedule.filled(recipe)) for recipe in fit]


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


def recipe_arms(recipes: Mapping[str, Recipe], schedule: Schedule) -> list[Arm]:
    """One arm for each recipe.

    Args:
        recipes: By what people call them.
        schedule: The same for all.

    Raises:
        RecipeError: If there is none.
    """
    if not recipes:
        raise RecipeError("Nothing is chosen to train on; choose at least one recipe.")
    return [Arm(name, schedule.filled(recipe)) for name, recipe in recipes.items()]


def title_of(kind: Kind, arms: Sequence[Arm]) -> str:
    """What a plan is called where nobody gave it a name."""
    names = [arm.name for arm in arms]
    if kind == "proof":
        # The naive arm and the oracle are in every proof; the recipe is what it is about.
        return f"{TITLES[kind]}: {names[1]}"
    if kind == "table":
        return f"{TITLES[kind]}: {len(names)} of them"
    return f"{TITLES[kind]}: {', '.join(names[:2])}{f' and {len(names) - 2} more' if len(names) > 2 else ''}"


def loss_lacks(pool: Pool, stage: Stage) -> str:
    """What a stage's loss asks for and does not get on a pool, in a sentence; empty where it lacks nothing."""
    from negviz.training.lessons import HOW
    from negviz.training.mining import asked_teacher

    entry = LOSSES.get(stage.loss.strategy)
    there = {
        "guide": pool.embeddings is not None,
        "similarity_to_positive": pool.embeddings is not None,
        "teacher": asked_teacher(stage) in pool.scores,
        "grades": bool(stage.recipe and any(step.strategy == "teacher_order" for step in stage.recipe.steps)),
    }
    lacking = [HOW[name] for name in sorted(entry.wants & there.keys()) if not there[name]]
    return f"The loss '{entry.label}' needs {lacking[0]}." if lacking else ""


def too_few(pool: Pool) -> str:
    """Why a pool has too few queries to be trained on, in a sentence; empty where it has enough."""
    least = FEWEST // 2 if len(pool.dataset.held_out) else FEWEST
    if len(pool) >= least:
        return ""
    return (
        f"This pool holds {len(pool):,} {'query' if len(pool) == 1 else 'queries'}, but training needs at least "
        f"{least}: some to learn from and others to measure with. Load data with more."
    )


def lacks(pool: Pool, arms: Sequence[Arm], student: str) -> list[str]:
    """Why some arms cannot be trained on a pool; each sentence once, none where they can.

    Args:
        pool: Candidates.
        arms: What is to be compared.
        student: Name of the student.
    """
    few = too_few(pool)
    if few:
        return [few]
    found = []
    if student == "adapter" and pool.embeddings is None:
        found.append(
            "The student 'adapter' is a layer over an encoder's vectors, but this pool was built without an encoder; "
            "mine it again with the retriever dense, or train the student 'static'."
        )
    for arm in arms:
        for stage in arm.schedule.stages:
            found += _stage_lacks(pool, arm, stage, student)
    return list(dict.fromkeys(found))


def _stage_lacks(pool: Pool, arm: Arm, stage: Stage, student: str) -> list[str]:
    found = [loss_lacks(pool, stage)]
    if stage.mined == "step" and student != "adapter":
        found.append(
            f"'{arm.name}' searches the whole index anew at every step, which only the student 'adapter' can: the "
            "others move the documents, too; choose it, or a schedule that is mined every round."
        )
    if stage.recipe is not None:
        newest = stage.mined == "newest"
        problem = why_not(as_mined_anew(pool) if newest else pool, stage.recipe)
        if problem:
            anew = " (Mined anew by the student, a pool has only the scores of its own vectors and of bm25.)"
            found.append(f"'{arm.name}' cannot run: {problem}{anew if newest else ''}")
    return [each for each in found if each]


def as_mined_anew(pool: Pool) -> Pool:
    """A pool with those scores only that it has when a student mines it anew."""
    kept = {name: layer for name, layer in pool.scores.items() if name in MINED_ANEW}
    return replace(
        pool, scores=kept, positive_scores={name: pool.positive_scores[name] for name in kept},
        scales={name: pool.scales[name] for name in kept},
    )  # fmt: skip
