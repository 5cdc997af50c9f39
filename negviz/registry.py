"""Registries: a folder of modules in which module name = function name = key; the signature is the form."""

import difflib
import importlib
import inspect
import math
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from negviz.errors import NegvizError, RecipeError, UnknownNameError
from negviz.hints import Range

F = TypeVar("F", bound=Callable[..., Any])
KnobKind = Literal["float", "int", "bool", "text", "choice"]


@dataclass(frozen=True)
class Knob:
    """One keyword-only parameter that a person may turn: its kind, default and limits."""

    name: str
    kind: KnobKind
    default: Any
    range: Range | None = None
    choices: tuple[str, ...] = ()
    help: str = ""

    def parse(self, value: Any, owner: str) -> Any:
        """Turn a value (of a file, a widget or ``--set``) into the knob's type.

        Args:
            value: What was given; text is converted.
            owner: Name of the step, for the error.

        Returns:
            The value as the knob's type.

        Raises:
            RecipeError: If the value is not of the knob's kind or outside its limits.
        """
        where = f"{owner}.{self.name}"
        if self.kind == "bool":
            return _parse_bool(value, where)
        if self.kind in {"float", "int"}:
            return self._parse_number(value, where)
        text = str(value)
        if self.choices and text not in self.choices:
            raise RecipeError(f"{where} was given '{text}', but must be one of {', '.join(self.choices)}.")
        return text

    def _parse_number(self, value: Any, where: str) -> float | int:
        wanted = "a whole number" if self.kind == "int" else "a number"
        if isinstance(value, bool):
            raise RecipeError(f"{where} was given {str(value).lower()}, but must be {wanted}.")
        try:
            number = float(value)
        except (TypeError, ValueError):
            raise RecipeError(f"{where} was given '{value}', but must be {wanted}.") from None
        if not math.isfinite(number) or (self.kind == "int" and not number.is_integer()):
            raise RecipeError(f"{where} was given '{value}', but must be {wanted}.")
        limits = self.range
        if limits and limits.scale != "score" and not limits.low <= number <= limits.high:
            low, high = f"{limits.low:g}", f"{limits.high:g}"
            raise RecipeError(f"{where} was given {value}, but must lie between {low} and {high}.")
        return int(number) if self.kind == "int" else number


def _parse_bool(value: Any, where: str) -> bool:
    if isinstance(value, bool):
        return value
    text = str(value).strip().lower()
    if text in {"true", "yes", "1", "on"}:
        return True
    if text in {"false", "no", "0", "off"}:
        return False
    raise RecipeError(f"{where} was given '{value}', but must be true or false.")


@dataclass(frozen=True)
class Entry:
    """A registered function with what people need to know about it."""

    name: str
    label: str
    function: Callable[..., Any]
    reference: str
    context: frozenset[str]
    traits: tuple[tuple[str, Any], ...] = ()

    @property
    def summary(self) -> str:
        """First sentence of the docstring."""
        return inspect.getdoc(self.function).split("\n")[0] if self.function.__doc__ else self.label  # type: ignore[union-attr]

    @property
    def help(self) -> str:
        """Docstring up to its first section."""
        text = inspect.getdoc(self.function) or self.label
        return text.split("\nArgs:")[0].strip()

    def trait(self, name: str, default: Any = None) -> Any:
        """Value of an extra fact given at registration."""
        return dict(self.traits).get(name, default)

    @cached_property
    def knobs(self) -> tuple[Knob, ...]:
        """Keyword-only parameters that are not filled in from the context, in order of the signature."""
        hints = get_type_hints(self.function, include_extras=True)
        documented = _documented_arguments(self.function)
        return tuple(
            _knob(parameter, hints[parameter.name], documented.get(parameter.name, ""))
            for parameter in inspect.signature(self.function).parameters.values()
            if parameter.kind is parameter.KEYWORD_ONLY and parameter.name not in self.context
        )

    @cached_property
    def wants(self) -> frozenset[str]:
        """Names of the context values that the function takes (``scorer``, ``anchor``, ``survivors`` and so on)."""
        return frozenset(inspect.signature(self.function).parameters) & self.context

    def knob(self, name: str) -> Knob:
        """Look a knob up by name.

        Raises:
            RecipeError: If there is no such knob.
        """
        for knob in self.knobs:
            if knob.name == name:
                return knob
        known = ", ".join(knob.name for knob in self.knobs) or "none"
        raise RecipeError(f"'{self.name}' has no knob called '{name}'; its knobs are: {known}.")


def _documented_arguments(function: Callable[..., Any]) -> dict[str, str]:
    """Read the ``Args:`` section of a Google-style docstring."""
    lines = (inspect.getdoc(function) or "").split("\n")
    found: dict[str, str] = {}
    name = ""
    inside = False
    for line in lines:
        if not line.startswith(" "):
            inside = line.strip() == "Args:"
        elif inside and line.startswith("    ") and not line.startswith("     ") and ":" in line:
            name, _, text = line.strip().partition(":")
            found[name] = text.strip()
        elif inside and name:
            found[name] += " " + line.strip()
    return found


def _knob(parameter: inspect.Parameter, hint: Any, text: str) -> Knob:
    limits = None
    if get_origin(hint) is Annotated:
        hint, *marks = get_args(hint)
        limits = next((mark for mark in marks if isinstance(mark, Range)), None)
    if get_origin(hint) is Literal:
        return Knob(parameter.name, "choice", parameter.default, None, tuple(map(str, get_args(hint))), text)
    kinds: dict[Any, KnobKind] = {bool: "bool", int: "int", float: "float", str: "text"}
    return Knob(parameter.name, kinds[hint], parameter.default, limits, (), text)


class Registry:
    """The items of one folder, found by looking in it; adding an item is adding one file."""

    def __init__(self, kind: str, package: str, context: frozenset[str] = frozenset()) -> None:
        """Name the kind of item and its package.

        Args:
            kind: What an item is called in errors, such as ``strategy``.
            package: Dotted name of the folder.
            context: Parameter names that the caller fills in and that are therefore no knobs.
        """
        self.kind = kind
        self.package = package
        self.context = context
        self._entries: dict[str, Entry] = {}
        self._loaded = False

    def register(self, label: str, *, reference: str = "", **traits: Any) -> Callable[[F], F]:
        """Add a function under its own name; a second registration from the same module replaces the first."""

        def add(function: F) -> F:
            name = function.__name__
            known = self._entries.get(name)
            if known and known.function.__module__ != function.__module__:
                raise NegvizError(f"{self.kind} '{name}' is registered by two modules; give one another name.")
            self._entries[name] = Entry(name, label, function, reference, self.context, tuple(sorted(traits.items())))
            return function

        return add

    def _load(self) -> None:
        if self._loaded:
            return
        package = importlib.import_module(self.package)
        for module in pkgutil.iter_modules(package.__path__):
            if not module.name.startswith("_"):
                importlib.import_module(f"{self.package}.{module.name}")
        self._loaded = True

    def __iter__(self) -> Iterator[Entry]:
        """Entries by name."""
        self._load()
        return iter([self._entries[name] for name in sorted(self._entries)])

    def __contains__(self, name: object) -> bool:
        """Whether there is an item of that name."""
        self._load()
        return name in self._entries

    def names(self) -> list[str]:
        """Names of all items, sorted."""
        return [entry.name for entry in self]

    def get(self, name: str) -> Entry:
        """Look an item up.

        Raises:
            UnknownNameError: If there is no such item; the text lists the ones that exist.
        """
        self._load()
        if name in self._entries:
            return self._entries[name]
        close = difflib.get_close_matches(name, self._entries, n=1)
        hint = f" Did you mean '{close[0]}'?" if close else ""
        raise UnknownNameError(f"There is no {self.kind} called '{name}'.{hint} Known: {', '.join(self.names())}.")
