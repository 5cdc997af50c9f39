"""Schedule: which negatives a student gets in which round; the published ones are YAML files."""

import difflib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

from negviz.errors import RecipeError, UnknownNameError
from negviz.losses import LOSSES
from negviz.recipe import Recipe, Step, find_recipe, read_yaml, recipe_of
from negviz.select import resolved_knobs
from negviz.training.lessons import Each

FOLDER = Path(__file__).parent / "schedules"
Mined = Literal["first", "newest", "step"]
AT_HAND = "at hand"
LIMITS = {"lag": (0, 100), "rounds": (1, 1000), "epochs": (1, 10_000), "negatives": (1, 1000)}


@dataclass(frozen=True)
class Stage:
    """Some rounds of one kind.

    Attributes:
        recipe: How negatives are chosen; None for those at hand: a selection, or the recipe that is tuned.
        mined: By whose vectors: those of the pool (``first``), of the newest checkpoint at the start of every round
            (``newest``), or of the student at every step (``step``, where the recipe's window says how deep).
        lag: How many rounds the miner is behind the student, as a miner that works at the same time is.
        rounds: How many; after each stands a checkpoint.
        epochs: How often every query is seen in a round.
        each: Whether an epoch sees each ``query`` once, with one of its answers drawn anew, or each ``pair``. The first
            makes as many steps however many answers are known, so that arms have one budget.
        negatives: How many of a query's negatives a pair gets in a step, drawn anew each epoch.
        in_batch: Whether documents of the other lines of a batch are negatives, too; known answers never are.
        loss: Name in the registry of losses, and its knobs.
        rate: What the student's learning rate is multiplied by.
    """

    recipe: Recipe | None = None
    mined: Mined = "first"
    lag: int = 0
    rounds: int = 1
    epochs: int = 1
    each: Each = "query"
    negatives: int = 4
    in_batch: bool = True
    loss: Step = field(default_factory=lambda: Step("infonce"))
    rate: float = 1.0

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        if self.mined not in get_args(Mined):
            raise RecipeError(
                f"A stage is mined by '{self.mined}', but it must be one of {', '.join(get_args(Mined))}."
            )
        if self.each not in get_args(Each):
            raise RecipeError(f"A stage sees each '{self.each}', but it must be one of {', '.join(get_args(Each))}.")
        for name, (low, high) in LIMITS.items():
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
                raise RecipeError(f"A stage has {name} '{value}', but it must be a whole number from {low} to {high}.")
        if not isinstance(self.in_batch, bool):
            raise RecipeError(f"A stage has in_batch '{self.in_batch}', but it must be true or false.")
        if isinstance(self.rate, bool) or not isinstance(self.rate, int | float) or not 0 < self.rate <= 1000:
            raise RecipeError(f"A stage has rate '{self.rate}', but it must be a number above 0, at most 1000.")
        if self.lag and self.mined != "newest":
            raise RecipeError("A stage has a lag, but only one that is mined by the newest checkpoint can have one.")
        resolved_knobs(LOSSES, self.loss)

    def to_dict(self) -> dict[str, Any]:
        """Plain form."""
        return {
            **{name: value for name, value in asdict(self).items() if name not in {"recipe", "loss"}},
            "recipe": self.recipe.to_dict() if self.recipe else AT_HAND,
            "loss": {self.loss.strategy: dict(self.loss.knobs)},
        }


@dataclass(frozen=True)
class Schedule:
    """Stages, one after the other, each from the checkpoint of the one before.

    Attributes:
        name: Name of the schedule.
        stages: At least one.
        title: What it is, in a few words.
        paper: Where it comes from.
        about: What it does, in a sentence or two.
        notes: What differs from the paper.
    """

    name: str
    stages: tuple[Stage, ...]
    title: str = ""
    paper: str = ""
    about: str = ""
    notes: str = ""

    def __post_init__(self) -> None:
        """Refuse a schedule without a stage."""
        if not self.stages:
            raise RecipeError(f"Schedule '{self.name}' has no stage; give it at least one.")

    @property
    def rounds(self) -> int:
        """Rounds of all stages."""
        return sum(stage.rounds for stage in self.stages)

    def stage(self, number: int) -> Stage:
        """Stage of a round, the first of which is 0."""
        for stage in self.stages:
            if number < stage.rounds:
                return stage
            number -= stage.rounds
        raise IndexError(number)

    def started(self, number: int) -> int:
        """Round in which the stage of a round began."""
        first = 0
        for stage in self.stages:
            if number < first + stage.rounds:
                return first
            first += stage.rounds
        raise IndexError(number)

    def with_settings(self, **settings: Any) -> "Schedule":
        """The same with a setting of every stage changed; ``rounds`` only where there is one stage.

        Raises:
            RecipeError: If a value is not allowed.
        """
        given = {name: value for name, value in settings.items() if value is not None}
        if "rounds" in given and len(self.stages) > 1:
            raise RecipeError(
                f"Schedule '{self.name}' has {len(self.stages)} stages with rounds of their own; give it as a YAML "
                "file to change them."
            )
        return replace(self, stages=tuple(replace(stage, **given) for stage in self.stages))

    def filled(self, at_hand: Recipe) -> "Schedule":
        """The same with the recipe at hand wherever none is named."""
        return replace(self, stages=tuple(replace(stage, recipe=stage.recipe or at_hand) for stage in self.stages))

    def to_dict(self) -> dict[str, Any]:
        """Plain form, as it stands in the YAML file."""
        return {
            "name": self.name, "title": self.title, "paper": self.paper, "about": self.about, "notes": self.notes,
            "stages": [stage.to_dict() for stage in self.stages],
        }  # fmt: skip


def stage_of(data: Any, schedule: str) -> Stage:
    """A stage from its plain form.

    Raises:
        RecipeError: If it is none.
    """
    if not isinstance(data, Mapping):
        raise RecipeError(f"Schedule '{schedule}' has a stage '{data}', but a stage is a mapping, as of rounds: 5.")
    known = set(Stage.__dataclass_fields__)
    _refuse_unknown(data, known, f"a stage of schedule '{schedule}'")
    given = dict(data)
    given["recipe"] = _recipe(given.get("recipe", AT_HAND))
    loss = given.get("loss", "infonce")
    named = {loss: None} if isinstance(loss, str) else loss
    name, knobs = next(iter(named.items())) if isinstance(named, Mapping) and len(named) == 1 else ("", "")
    if not (knobs is None or isinstance(knobs, Mapping)):
        raise RecipeError(f"Schedule '{schedule}' has a loss '{loss}', but it is a name or 'name: {{knob: value}}'.")
    given["loss"] = Step(str(name), {str(knob): value for knob, value in (knobs or {}).items()}, str(name))
    return Stage(**given)


def schedule_of(data: Any, name: str = "schedule") -> Schedule:
    """A schedule from its plain form.

    Raises:
        RecipeError: If it is none; the text says what is wrong.
    """
    if not isinstance(data, Mapping) or not isinstance(data.get("stages"), list):
        raise RecipeError(f"'{name}' is not a schedule: it is a mapping with a list of 'stages'.")
    _refuse_unknown(data, set(Schedule.__dataclass_fields__), f"schedule '{name}'")
    texts = {key: " ".join(str(data.get(key) or "").split()) for key in ("title", "paper", "about", "notes")}
    called = str(data.get("name") or name)
    return Schedule(called, tuple(stage_of(stage, called) for stage in data["stages"]), **texts)


def _recipe(given: Any) -> Recipe | None:
    if given == AT_HAND:
        return None
    return find_recipe(given) if isinstance(given, str) else recipe_of(given)


def _refuse_unknown(data: Mapping[Any, Any], known: set[str], where: str) -> None:
    for key in sorted(set(map(str, data)) - known):
        close = difflib.get_close_matches(key, known, n=1)
        hint = f" Did you mean '{close[0]}'?" if close else ""
        raise RecipeError(f"There is an unknown key '{key}' in {where}.{hint} Known: {', '.join(sorted(known))}.")


def read_schedule(path: Path) -> Schedule:
    """Read a schedule from a YAML file.

    Raises:
        RecipeError: If it cannot be read, or is no schedule.
    """
    return schedule_of(read_yaml(path, "schedule"), path.stem)


@cache
def schedules() -> dict[str, Schedule]:
    """Schedules that come with negviz, by name."""
    found = [read_schedule(path) for path in sorted(FOLDER.glob("*.yaml"))]
    return {schedule.name: schedule for schedule in found}


def find_schedule(name: str) -> Schedule:
    """Schedule by name, or by the path of a YAML file.

    Raises:
        UnknownNameError: If it is neither.
    """
    if name in schedules():
        return schedules()[name]
    path = Path(name)
    if path.suffix.lower() in {".yaml", ".yml"} or path.is_file():
        return read_schedule(path)
    raise UnknownNameError(f"There is no schedule called '{name}', nor a file. Known: {', '.join(schedules())}.")
