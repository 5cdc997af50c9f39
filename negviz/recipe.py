"""Recipe: scorer, anchor, steps, draw, count and seed; published methods are recipes kept as YAML files."""

import difflib
import json
import re
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Literal, cast, get_args

import yaml

from negviz.errors import RecipeError, UnknownNameError
from negviz.home import home_folder
from negviz.pool import LEAKS, Anchor

FOLDER = Path(__file__).parent / "recipes"
Underfill = Literal["keep", "drop", "pad"]
SETTINGS = ("scorer", "anchor", "count", "seed", "underfill")
MOST = 1000
MOST_SEED = 2**63 - 1
MOST_STEPS = 50
TEXTS = ("title", "family", "paper", "scale", "about", "notes", "plot")
FAMILIES = (
    "Baselines and batches",
    "Model-mined",
    "Teacher and curriculum",
    "Score windows",
    "Masks, weights and noise",
    "Language model",
)


@dataclass(frozen=True)
class Step:
    """A strategy with its knobs.

    Attributes:
        strategy: Name in the registry of strategies.
        knobs: Values that differ from the strategy's defaults, or all of them.
        name: What the ledger calls the step; the strategy's name, with a number when it comes twice.
    """

    strategy: str
    knobs: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""


@dataclass(frozen=True)
class Recipe:
    """How negatives are chosen from a pool.

    Attributes:
        name: Name of the recipe.
        scorer: Whose scores count.
        anchor: Which positive a margin is measured from: ``min``, ``mean`` or ``max``.
        steps: Applied together; weights multiply, and the first step that refuses a candidate is its reason.
        draw: Name of the draw and its knobs.
        count: Negatives a query.
        seed: Seed of the draw.
        underfill: What happens to a query with fewer than ``count`` left: ``keep`` the fewer, ``drop`` the query, or
            ``pad`` it from ``backfill``, marked and counted.
        backfill: Strategy whose candidates may pad a query, drawn in proportion to its weights; leaks never do.
        source: Where candidates come from instead of the pool: a source and its knobs.
        allow: Leaks that are let through on purpose (labelled positives, copies, the query and blanks never are).
        title: What it is, in a few words.
        family: Which of ``FAMILIES`` a published method belongs to.
        about: What the method does and where its defaults come from, in two sentences.
        plot: Name of its signature plot.
        paper: Where it was published.
        scale: Scale that the default values were published for.
        needs: Inputs beyond scores of candidates, for people.
        notes: What differs from the paper, what is not verified.
    """

    name: str
    scorer: str = "dense"
    anchor: Anchor = "min"
    steps: tuple[Step, ...] = ()
    draw: Step = field(default_factory=lambda: Step("top", {}, "draw"))
    count: int = 4
    seed: int = 0
    underfill: Underfill = "keep"
    backfill: Step | None = None
    source: Step | None = None
    allow: tuple[str, ...] = ()
    title: str = ""
    family: str = ""
    paper: str = ""
    scale: str = "any"
    needs: tuple[str, ...] = ()
    about: str = ""
    notes: str = ""
    plot: str = "rank_curve"

    def __post_init__(self) -> None:
        """Name the steps and refuse settings that make no sense."""
        object.__setattr__(self, "steps", _named(self.steps))
        object.__setattr__(self, "draw", replace(self.draw, name="draw"))
        for part in ("source", "backfill"):
            step = getattr(self, part)
            object.__setattr__(self, part, replace(step, name=part) if step else None)
        _check_choice(self.name, "anchor", self.anchor, get_args(Anchor))
        _check_choice(self.name, "underfill", self.underfill, get_args(Underfill))
        _check_whole(self.name, "count", self.count, 1, MOST)
        _check_whole(self.name, "seed", self.seed, 0, MOST_SEED)
        if self.underfill == "pad" and self.backfill is None:
            raise RecipeError(
                f"Recipe '{self.name}' pads queries that are not filled, but says not with what; give it a backfill, "
                "such as 'backfill: {brought_by: {retriever: random}}'."
            )
        if len(self.steps) > MOST_STEPS:
            raise RecipeError(
                f"Recipe '{self.name}' has {len(self.steps)} steps, but at most {MOST_STEPS} are allowed."
            )
        for leak in self.allow:
            if leak not in ALLOWABLE:
                raise RecipeError(
                    f"Recipe '{self.name}' allows the leak '{leak}', but only these can be allowed: "
                    f"{', '.join(ALLOWABLE)}."
                )

    @property
    def refused_flags(self) -> int:
        """Bits of the leaks that are refused."""
        return sum(bit for leak, bit in LEAKS.items() if leak not in self.allow)

    def step(self, name: str) -> Step:
        """Step of that name, or the draw, the source or the backfill.

        Raises:
            RecipeError: If there is none.
        """
        for step in self._parts:
            if step.name == name:
                return step
        if name in {"source", "backfill"}:
            raise RecipeError(
                f"Recipe '{self.name}' has no {name}, so none of its knobs can be turned; give it one in a YAML file "
                f"of your own ('{name}: {{NAME: {{knob: value}}}}'), or choose a recipe that has one."
            )
        known = ", ".join(step.name for step in self._parts)
        raise RecipeError(f"Recipe '{self.name}' has no step called '{name}'; its steps are: {known}.")

    @property
    def _parts(self) -> tuple[Step, ...]:
        return (*self.steps, self.draw, *(part for part in (self.source, self.backfill) if part))

    def with_knob(self, step: str, knob: str, value: Any) -> "Recipe":
        """The same recipe with one knob of one step turned."""
        old = self.step(step)
        new = replace(old, knobs={**old.knobs, knob: value})
        if step in {"draw", "source", "backfill"}:
            return replace(self, **{step: new})  # type: ignore[arg-type]
        return replace(self, steps=tuple(new if item.name == step else item for item in self.steps))

    def with_setting(self, text: str) -> "Recipe":
        """Apply one ``--set``: ``step.knob=value``, or ``scorer=``, ``anchor=``, ``count=``, ``seed=``, ``underfill=``.

        Raises:
            RecipeError: If the text is not of that form or names something that is not there.
        """
        path, equals, value = text.partition("=")
        path, value = path.strip(), value.strip()
        if not equals or not path or not value:
            raise RecipeError(f"--set was given '{text}', but wants step.knob=value, such as rank_window.start=10.")
        if path in SETTINGS:
            number = path in {"count", "seed"} and re.fullmatch("-?[0-9]{1,30}", value)
            whole = int(value) if number else value
            return replace(self, **{path: whole})  # type: ignore[arg-type]
        step, dot, knob = path.rpartition(".")
        if not dot:
            raise RecipeError(
                f"--set was given '{path}', but wants step.knob=value, or one of {', '.join(SETTINGS)} = value."
            )
        return self.with_knob(step, knob, value)

    def to_dict(self) -> dict[str, Any]:
        """Plain form, as it stands in the YAML file."""
        about = {
            "title": self.title,
            "family": self.family,
            "paper": self.paper,
            "scale": self.scale,
            "needs": list(self.needs),
            "about": self.about,
            "notes": self.notes,
            "plot": self.plot,
        }
        source = {"source": {self.source.strategy: dict(self.source.knobs)}} if self.source else {}
        backfill = {"backfill": {self.backfill.strategy: dict(self.backfill.knobs)}} if self.backfill else {}
        return {
            "name": self.name,
            **{key: value for key, value in about.items() if value},
            **source,
            "scorer": self.scorer,
            "anchor": self.anchor,
            "steps": [{step.strategy: dict(step.knobs)} for step in self.steps],
            "draw": {self.draw.strategy: dict(self.draw.knobs)},
            "count": self.count,
            "seed": self.seed,
            "underfill": self.underfill,
            **backfill,
            **({"allow": list(self.allow)} if self.allow else {}),
        }

    def to_yaml(self) -> str:
        """The recipe as a YAML file."""
        return str(yaml.safe_dump(self.to_dict(), sort_keys=False, allow_unicode=True, width=100))


ALLOWABLE = (
    "near-duplicate of a positive",
    "positive of a near-identical query",
    "same group as a positive",
    "repeats another candidate",
)


def _named(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    seen: dict[str, int] = {}
    named = []
    for step in steps:
        seen[step.strategy] = seen.get(step.strategy, 0) + 1
        times = seen[step.strategy]
        named.append(replace(step, name=step.strategy if times == 1 else f"{step.strategy}_{times}"))
    return tuple(named)


def _check_choice(recipe: str, setting: str, value: object, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise RecipeError(f"Recipe '{recipe}' has {setting} '{value}', but it must be one of {', '.join(choices)}.")


def _check_whole(recipe: str, setting: str, value: object, low: int, high: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise RecipeError(
            f"Recipe '{recipe}' has {setting} '{value}', but it must be a whole number from {low} to {high}."
        )


def _step_of(item: Any, recipe: str) -> Step:
    if isinstance(item, str):
        return Step(item)
    if isinstance(item, Mapping) and len(item) == 1:
        strategy, knobs = next(iter(item.items()))
        if knobs is None or isinstance(knobs, Mapping):
            given = {str(knob): _value_of(value, f"{strategy}.{knob}", recipe) for knob, value in (knobs or {}).items()}
            return Step(str(strategy), given)
    raise RecipeError(
        f"Recipe '{recipe}' has a step '{item}', but a step is a strategy's name, or 'name: {{knob: value}}'."
    )


def _value_of(value: Any, knob: str, recipe: str) -> Any:
    """A knob's value of a recipe file, as JSON can hold it; YAML reads what looks like a date as one."""
    if isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, date):
        return str(value)
    wrong = "nothing" if value is None else f"'{value}'"
    raise RecipeError(
        f"Recipe '{recipe}' gives {knob} {wrong}, but a knob takes one number, one text, or true or false; several "
        "names go into one text with spaces between them."
    )


def _text_of(recipe: str, key: str, value: Any) -> str:
    """A text of a recipe file; YAML reads what looks like a number or a date as one."""
    if isinstance(value, Mapping | list):
        raise RecipeError(f"Recipe '{recipe}' has {key} '{value}', but it must be a text.")
    return "" if value is None else str(value)


def recipe_of(data: Any, name: str = "recipe") -> Recipe:
    """Build a recipe from its plain form.

    Args:
        data: What a YAML file holds.
        name: Name to use when the file gives none.

    Raises:
        RecipeError: If it is not a recipe; the text says what is wrong.
    """
    if not isinstance(data, Mapping):
        kinds = {"NoneType": "nothing", "list": "a list"}
        held = kinds.get(type(data).__name__, "a single value")
        raise RecipeError(
            f"'{name}' holds {held}, but a recipe is a mapping with 'steps' and 'draw'; compare it with one that the "
            "dashboard wrote."
        )
    # A name stands in tables and headings, so it is one line.
    name = " ".join(_text_of(name, "name", data.get("name")).split()) or name
    known = set(Recipe.__dataclass_fields__)
    unknown = sorted(set(map(str, data)) - known)
    if unknown:
        close = difflib.get_close_matches(unknown[0], known, n=1)
        hint = f" Did you mean '{close[0]}'?" if close else ""
        raise RecipeError(
            f"Recipe '{name}' has an unknown key '{unknown[0]}'.{hint} Known: {', '.join(sorted(known))}."
        )
    given = dict(data)
    steps = [] if given.get("steps") is None else given["steps"]
    if not isinstance(steps, list):
        raise RecipeError(f"Recipe '{name}' has steps that are not a list; write '- strategy: {{knob: value}}' lines.")
    given["steps"] = tuple(_step_of(item, name) for item in steps)
    given["draw"] = _step_of(given.get("draw", "top"), name)
    for key in ("source", "backfill"):
        given[key] = _step_of(given[key], name) if given.get(key) else None
    for key in ("needs", "allow"):
        value = given.get(key) or ()
        if not isinstance(value, str | list | tuple):
            raise RecipeError(f"Recipe '{name}' has {key} '{value}', but it must be a list of texts.")
        given[key] = (value,) if isinstance(value, str) else tuple(map(str, value))
    given |= {key: _text_of(name, key, given[key]) for key in (*TEXTS, "scorer") if key in given}
    recipe = Recipe(**{**given, "name": name})
    try:
        json.dumps(recipe.to_dict(), ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise RecipeError(
            f"Recipe {name!a} holds half of a surrogate pair, which no file can hold; write the character itself."
        ) from None
    return recipe


class _Loader(yaml.SafeLoader):
    """YAML in which no key comes twice: the first one would be lost without a word."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """A mapping, each key seen to be new."""
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                problem = f"'{key.value}' comes twice"
                raise yaml.constructor.ConstructorError(problem=problem, problem_mark=key.start_mark)
            seen.add(key.value if isinstance(key, yaml.ScalarNode) else id(key))
        return super().construct_mapping(node, deep)


def read_yaml(path: Path, kind: str) -> Any:
    """What a YAML file holds, with keys that come once.

    Args:
        path: The file.
        kind: What it should be, for the error.

    Raises:
        RecipeError: If the file is not readable or not YAML.
    """
    try:
        return yaml.load(path.read_text("utf-8-sig"), _Loader)
    except OSError as error:
        raise RecipeError(f"The {kind} file {path} could not be read ({error}); check the path.") from None
    except UnicodeDecodeError:
        raise RecipeError(f"The {kind} file {path} is not UTF-8; save it as UTF-8.") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        # Dates that do not exist and numbers of thousands of digits are ValueErrors.
        mark = getattr(error, "problem_mark", None)
        place = f", line {mark.line + 1}" if mark else ""
        twice = f" ({problem})" if (problem := str(getattr(error, "problem", ""))).endswith("comes twice") else ""
        raise RecipeError(
            f"The {kind} file {path}{place} is not valid YAML{twice}; compare it with one that negviz wrote."
        ) from None


def read_recipe(path: Path) -> Recipe:
    """Read a recipe from a YAML file.

    Raises:
        RecipeError: If the file is not readable, not YAML, or not a recipe.
    """
    return recipe_of(read_yaml(path, "recipe"), path.stem)


@cache
def published() -> dict[str, Recipe]:
    """Recipes that come with negviz, by name."""
    recipes = [read_recipe(path) for path in sorted(FOLDER.glob("*.yaml"))]
    return {recipe.name: recipe for recipe in recipes}


def saved_folder() -> Path:
    """Where recipes that a person saved under a name live."""
    return home_folder() / "recipes"


def saved_file(name: str) -> Path | None:
    """File of a saved recipe, None where there is none of that name or the name is no plain one."""
    file = saved_folder() / f"{name}.yaml"
    return file if re.fullmatch(r"\w[\w.-]*", name) and file.is_file() else None


def find_recipe(name: str) -> Recipe:
    """Recipe by published name, by the name under which it was saved in this home, or by the path of a YAML file.

    Raises:
        UnknownNameError: If it is none of them.
    """
    if name in published():
        return published()[name]
    path, saved = Path(name), saved_file(name)
    if saved is not None:
        return replace(read_recipe(saved), name=name)
    if path.suffix.lower() in {".yaml", ".yml"} or path.is_file():
        return read_recipe(path)
    close = difflib.get_close_matches(name, published(), n=1)
    hint = f" Did you mean '{close[0]}'?" if close else ""
    raise UnknownNameError(
        f"There is no recipe called '{name}', nor a file of that name.{hint} Known: {', '.join(published())}."
    )


def leak_names(bits: int) -> list[str]:
    """Names of the leaks in a flag."""
    return [leak for leak, bit in LEAKS.items() if bits & bit]


def stages(recipe: Recipe) -> list[str]:
    """Everything that can refuse a candidate, in the order in which it is asked."""
    leaks = [leak for leak in LEAKS if leak not in recipe.allow]
    return [*leaks, *cast(list[str], [step.name for step in recipe.steps])]
