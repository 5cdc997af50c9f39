"""Plan: what is trained and compared, complete in a folder of its own, so that it can be run again and resumed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args
from zipfile import BadZipFile

import numpy as np

from negviz.dataset import Judgments
from negviz.errors import DataError, RecipeError
from negviz.labels import Labels
from negviz.labels.files import read_labels, write_labels
from negviz.pool import Pool
from negviz.recipe import MOST_SEED, Step
from negviz.select import resolved_knobs
from negviz.selection import Selection
from negviz.store import open_pool, read_selection, save_selection
from negviz.training.schedule import Schedule, schedule_of
from negviz.training.students import STUDENTS
from negviz.truth import Truth
from negviz.writing import MANIFEST, written_beside

VERSION = 1
Kind = Literal["train", "proof", "sweep", "table"]
Cleaned = Literal["nothing", "labels", "judgments"]
MOST_UNITS = 2_000
MOST_THREADS = 1_024
NO_LABELS = Labels.of(())


@dataclass(frozen=True)
class Arm:
    """One of the things that are compared.

    Attributes:
        name: What people call it.
        schedule: Which negatives in which round; every stage has its recipe, unless ``selection`` stands for it.
        cleaned: Who takes false negatives out before the recipe chooses: nobody, people's labels, or the judgments.
        promote: Whether what was found to be an answer is trained on as a positive, or only left out.
        selection: File beside the plan with a selection whose negatives are those at hand; empty where there is none.
        value: Value of the knob that a sweep turns, None elsewhere.
    """

    name: str
    schedule: Schedule
    cleaned: Cleaned = "nothing"
    promote: bool = True
    selection: str = ""
    value: float | None = None

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        if self.cleaned not in get_args(Cleaned):
            known = ", ".join(get_args(Cleaned))
            raise RecipeError(f"'{self.name}' is cleaned by '{self.cleaned}', but that must be one of {known}.")
        if not self.selection and any(stage.recipe is None for stage in self.schedule.stages):
            raise RecipeError(f"'{self.name}' has a stage without a recipe, and no selection to take its place.")
        if any(stage.recipe is None and stage.mined != "first" for stage in self.schedule.stages):
            raise RecipeError(
                f"'{self.name}' has a stage that is mined anew but no recipe to mine by; a selection is mined once, so "
                "give it a recipe or another schedule."
            )

    def to_dict(self) -> dict[str, Any]:
        """Plain form."""
        return {
            "name": self.name, "schedule": self.schedule.to_dict(), "cleaned": self.cleaned, "promote": self.promote,
            "selection": self.selection, "value": self.value,
        }  # fmt: skip


@dataclass(frozen=True)
class Plan:
    """Arms, trained alike.

    Attributes:
        title: What people call it.
        kind: What its outcome is shown as.
        pool: Folder of the pool.
        fingerprint: The pool's, so that a changed one is refused.
        student: Name of the student and its knobs.
        arms: What is compared; the first is what the others are compared with.
        seeds: Each arm is trained once a seed: order, draws and whatever a student draws.
        share: Share of the queries that is kept to measure with, where the data hold nothing out.
        split_seed: Which ones.
        keep: Whether the checkpoints of all rounds are kept (of the first seed); else only what resuming needs.
        knob: What a sweep turns, as ``step.knob``.
        threads: Threads of the training process; 0 for as many as there are.
        device: Where to train: ``auto`` for a GPU where there is one.
    """

    title: str
    kind: Kind
    pool: str
    fingerprint: str
    student: Step
    arms: tuple[Arm, ...]
    seeds: tuple[int, ...] = (0,)
    share: float = 0.5
    split_seed: int = 0
    keep: bool = True
    knob: str = ""
    threads: int = 0
    device: str = "auto"

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        if not self.arms or not self.seeds:
            raise RecipeError("A training needs at least one set of negatives and one seed.")
        if len({arm.name for arm in self.arms}) < len(self.arms):
            raise RecipeError("Two of the things that are compared have one name; give each its own.")
        if len(set(self.seeds)) < len(self.seeds) or not 0 <= min(self.seeds) <= max(self.seeds) <= MOST_SEED:
            raise RecipeError(f"The seeds of a training must be whole numbers from 0 to {MOST_SEED}, each once.")
        if not 0.05 <= self.share <= 0.95:
            raise RecipeError(f"The share to measure with was given as {self.share:g}, but must lie from 0.05 to 0.95.")
        if len(self.arms) * len(self.seeds) > MOST_UNITS:
            raise RecipeError(
                f"{len(self.arms)} sets of negatives and {len(self.seeds)} seeds make more than {MOST_UNITS:,} "
                "trainings; take fewer."
            )
        if not 0 <= self.threads <= MOST_THREADS:
            raise RecipeError(f"The threads were given as {self.threads}, but must be from 0 to {MOST_THREADS:,}.")
        resolved_knobs(STUDENTS, self.student)

    @property
    def units(self) -> list[tuple[int, int]]:
        """(arm, seed) of every single training, seed by seed, so that what is there can be compared early."""
        return [(arm, seed) for seed in self.seeds for arm in range(len(self.arms))]

    @property
    def rounds(self) -> int:
        """Rounds of all trainings together."""
        return len(self.seeds) * sum(arm.schedule.rounds for arm in self.arms)

    def to_dict(self) -> dict[str, Any]:
        """Plain form."""
        return {
            "version": VERSION, "title": self.title, "kind": self.kind, "pool": self.pool,
            "fingerprint": self.fingerprint,
            "student": {self.student.strategy: resolved_knobs(STUDENTS, self.student)},
            "arms": [arm.to_dict() for arm in self.arms], "seeds": list(self.seeds), "share": self.share,
            "split_seed": self.split_seed, "keep": self.keep, "knob": self.knob, "threads": self.threads,
            "device": self.device,
        }  # fmt: skip


def plan_of(data: Mapping[str, Any]) -> Plan:
    """A plan from its plain form."""
    (student, knobs), *_ = data["student"].items()
    arms = tuple(Arm(**{**arm, "schedule": schedule_of(arm["schedule"])}) for arm in data["arms"])
    given = {name: value for name, value in data.items() if name not in {"version", "negviz"}}
    return Plan(**{**given, "student": Step(student, knobs, student), "arms": arms, "seeds": tuple(data["seeds"])})


@dataclass(frozen=True, eq=False)
class Material:
    """All that a plan is run on.

    Attributes:
        plan: What to do.
        pool: Candidates.
        labels: What people said at the time.
        truth: Judgments that measure, and that an arm may be cleaned by; None where there are none.
        selections: Selections by file name.
    """

    plan: Plan
    pool: Pool
    labels: Labels = field(default_factory=lambda: NO_LABELS)
    truth: Truth | None = None
    selections: Mapping[str, Selection] = field(default_factory=dict)


def write_plan(folder: Path, material: Material) -> None:
    """Write a plan with everything that it was made from but the pool, whole or not at all.

    Args:
        folder: Where to; must not hold anything else.
        material: The plan, and what it is run on.

    Raises:
        DataError: If the folder cannot be written.
        RecipeError: If an arm is to be cleaned by something that is not there.
    """
    for arm in material.plan.arms:
        missing = {"labels": not len(material.labels), "judgments": material.truth is None}
        if missing.get(arm.cleaned):
            raise RecipeError(
                f"'{arm.name}' is to be cleaned by {arm.cleaned}, but there are none; give --{arm.cleaned} FILE."
            )
    with written_beside(folder) as beside:
        about = {"negviz": "training", **material.plan.to_dict()}
        if material.truth is not None:
            truth = material.truth
            about["truth"] = {
                "name": truth.name, "relevant_from": truth.relevant_from, "complete": truth.complete,
            }  # fmt: skip
            rows = truth.judgments
            np.savez(beside / "judgments.npz", queries=rows.queries, documents=rows.documents, grades=rows.grades)
        if len(material.labels):
            write_labels(material.labels, beside / "labels.jsonl")
        for name, selection in material.selections.items():
            save_selection(selection, beside / name)
        (beside / MANIFEST).write_text(json.dumps(about, ensure_ascii=False, indent=1), "utf-8")


def read_plan(folder: Path) -> tuple[Plan, dict[str, Any]]:
    """The plan of a folder, and what else its manifest says.

    Raises:
        DataError: If there is none, or it is damaged.
    """
    path = Path(folder) / MANIFEST
    try:
        about = json.loads(path.read_text("utf-8"))
        if about.get("negviz") != "training" or about.get("version") != VERSION:
            raise ValueError("it describes something else")
        truth = about.pop("truth", None)
        return plan_of(about), {"truth": truth}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(
            f"{folder} is not a training of this negviz ({error}); start one with 'negviz train POOL --out {folder}'."
        ) from None


def read_material(folder: Path) -> Material:
    """Everything that a plan is run on.

    Raises:
        DataError: If the folder is no training, or the pool is not the one that it was planned for.
    """
    folder = Path(folder)
    plan, about = read_plan(folder)
    pool = open_pool(Path(plan.pool))
    if pool.fingerprint != plan.fingerprint:
        raise DataError(
            f"The training in {folder} was planned for another pool than {plan.pool} holds now (fingerprint "
            f"{plan.fingerprint[:8]}, now {pool.fingerprint[:8]}); start a new training."
        )
    file = folder / "labels.jsonl"
    if not file.is_file() and any(arm.cleaned == "labels" for arm in plan.arms):
        raise DataError(f"{file} is missing, so nothing can be cleaned by labels; start a new training.")
    labels = Labels.of(read_labels(file)) if file.is_file() else NO_LABELS
    names = {arm.selection for arm in plan.arms if arm.selection}
    selections = {name: read_selection(folder / name, pool) for name in sorted(names)}
    return Material(plan, pool, labels, _truth(folder, about["truth"]), selections)


def _truth(folder: Path, about: Mapping[str, Any] | None) -> Truth | None:
    if about is None:
        return None
    path = folder / "judgments.npz"
    try:
        with np.load(path, allow_pickle=False) as rows:
            return Truth(judgments=Judgments(rows["queries"], rows["documents"], rows["grades"]), **about)
    except (OSError, EOFError, ValueError, KeyError, TypeError, BadZipFile):
        raise DataError(f"{path} is missing or damaged, so nothing can be measured by it; start a new one.") from None
