import sys
import textwrap

import pytest

from negviz.draws import DRAWS
from negviz.errors import NegvizError, RecipeError, UnknownNameError
from negviz.registry import Knob, Registry
from negviz.strategies import STRATEGIES

MODULE = '''
from typing import Annotated, Literal
from negviz.hints import Range
from {package} import THINGS

@THINGS.register("A colour", reference="paper", scale="cosine")
def {name}(
    pool: int,
    *,
    scorer: str,
    share: Annotated[float, Range(0.0, 1.0, 0.1, keeps="fewer")] = 0.5,
    size: Annotated[int, Range(1, 9, 1)] = 3,
    limit: Annotated[float, Range(-1.0, 1.0, 0.1, scale="score")] = 0.0,
    strict: bool = True,
    mode: Literal["one", "two"] = "one",
    note: str = "",
) -> int:
    """Do a thing.

    And say more about it.

    Args:
        pool: What is judged.
        share: How much of it
            goes.
        size: Of what.

    Returns:
        A number.
    """
    return 1
'''


@pytest.fixture
def things(tmp_path, monkeypatch):
    package = f"package_{tmp_path.name.replace('-', '_')}"
    folder = tmp_path / package
    folder.mkdir()
    (folder / "__init__.py").write_text(
        "from negviz.registry import Registry\n"
        f"THINGS = Registry('thing', '{package}', frozenset({{'pool', 'scorer'}}))\n"
    )
    (folder / "_hidden.py").write_text("raise RuntimeError('never imported')\n")
    (folder / "red.py").write_text(textwrap.dedent(MODULE.format(package=package, name="red")))
    (folder / "blue.py").write_text(textwrap.dedent(MODULE.format(package=package, name="blue")))
    monkeypatch.syspath_prepend(str(tmp_path))
    yield __import__(package).THINGS
    for name in [name for name in sys.modules if name.startswith(package)]:
        del sys.modules[name]


def test_items_are_found_by_looking_in_the_folder(things):
    assert things.names() == ["blue", "red"]
    assert "red" in things
    assert "green" not in things


def test_signature_gives_the_knobs_and_what_the_caller_fills_in(things):
    entry = things.get("red")
    assert [(knob.name, knob.kind, knob.default) for knob in entry.knobs] == [
        ("share", "float", 0.5),
        ("size", "int", 3),
        ("limit", "float", 0.0),
        ("strict", "bool", True),
        ("mode", "choice", "one"),
        ("note", "text", ""),
    ]
    assert entry.knob("mode").choices == ("one", "two")
    assert entry.knob("share").range.keeps == "fewer"
    assert entry.wants == {"pool", "scorer"}


def test_docstring_gives_the_help(things):
    entry = things.get("red")
    assert entry.summary == "Do a thing."
    assert entry.help == "Do a thing.\n\nAnd say more about it."
    assert entry.knob("share").help == "How much of it goes."
    assert entry.trait("scale") == "cosine"
    assert entry.trait("other", 5) == 5


def test_unknown_names_say_what_there_is(things):
    with pytest.raises(UnknownNameError, match=r"no thing called 'redd'. Did you mean 'red'\? Known: blue, red"):
        things.get("redd")
    with pytest.raises(RecipeError, match="'red' has no knob called 'sise'; its knobs are: share, size"):
        things.get("red").knob("sise")


def test_the_same_name_from_another_module_is_refused(things):
    def red() -> int:
        """Stand in."""
        return 2

    things.names()
    with pytest.raises(NegvizError, match="registered by two modules"):
        things.register("Red")(red)


@pytest.mark.parametrize(
    ("knob", "value", "parsed"),
    [
        ("share", "0.25", 0.25),
        ("share", 1, 1.0),
        ("size", "4", 4),
        ("size", 4.0, 4),
        ("limit", "7.5", 7.5),
        ("strict", "no", False),
        ("strict", "On", True),
        ("mode", "two", "two"),
        ("note", 12, "12"),
    ],
)
def test_values_become_the_type_of_the_knob(things, knob, value, parsed):
    result = things.get("red").knob(knob).parse(value, "step")
    assert result == parsed
    assert type(result) is type(parsed)


@pytest.mark.parametrize(
    ("knob", "value", "message"),
    [
        ("share", "1.5", "step.share was given 1.5, but must lie between 0 and 1"),
        ("share", "much", "step.share was given 'much', but must be a number"),
        ("share", "nan", "must be a number"),
        ("limit", "inf", "must be a number"),
        ("limit", None, "must be a number"),
        ("limit", True, "step.limit was given true, but must be a number"),
        ("size", False, "step.size was given false, but must be a whole number"),
        ("size", "2.5", "step.size was given '2.5', but must be a whole number"),
        ("size", "inf", "must be a whole number"),
        ("size", 0, "must lie between 1 and 9"),
        ("strict", "perhaps", "must be true or false"),
        ("mode", "three", "must be one of one, two"),
    ],
)
def test_values_that_do_not_fit_are_refused_with_the_reason(things, knob, value, message):
    with pytest.raises(RecipeError, match=message):
        things.get("red").knob(knob).parse(value, "step")


@pytest.mark.parametrize("registry", [STRATEGIES, DRAWS], ids=lambda registry: registry.kind)
def test_registries_are_not_empty(registry: Registry):
    assert len(registry.names()) >= 2


def test_a_knob_without_limits_takes_any_number():
    assert Knob("x", "float", 0.0).parse("1e9", "step") == 1e9
