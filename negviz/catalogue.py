"""What there is: recipes, strategies and encoders, with defaults and sources, as plain rows."""

from typing import Any

from negviz.draws import DRAWS
from negviz.encoders import ENCODERS
from negviz.recipe import SETTINGS, Recipe, published
from negviz.registry import Entry, Knob
from negviz.select import resolved_knobs
from negviz.sources import SOURCES
from negviz.strategies import STRATEGIES


def recipe_list() -> list[dict[str, Any]]:
    """Published recipes; ``defaults`` maps ``step.knob`` to the value that the recipe uses."""
    return [
        {
            "name": recipe.name,
            "title": recipe.title,
            "paper": recipe.paper,
            "scale": recipe.scale,
            "needs": list(recipe.needs),
            "family": recipe.family,
            "about": recipe.about,
            "plot": recipe.plot,
            "steps": [step.name for step in recipe.steps],
            "defaults": _defaults(recipe),
            "notes": recipe.notes,
        }
        for recipe in published().values()
    ]


def _defaults(recipe: Recipe) -> dict[str, Any]:
    values: dict[str, Any] = {name: getattr(recipe, name) for name in SETTINGS}
    for step in recipe.steps:
        values |= {f"{step.name}.{knob}": value for knob, value in resolved_knobs(STRATEGIES, step).items()}
    if recipe.source:
        values["source"] = recipe.source.strategy
        values |= {f"source.{knob}": value for knob, value in resolved_knobs(SOURCES, recipe.source).items()}
    if recipe.backfill:
        values["backfill"] = recipe.backfill.strategy
        values |= {f"backfill.{knob}": value for knob, value in resolved_knobs(STRATEGIES, recipe.backfill).items()}
    values["draw"] = recipe.draw.strategy
    values |= {f"draw.{knob}": value for knob, value in resolved_knobs(DRAWS, recipe.draw).items()}
    return values


def strategy_list() -> list[dict[str, Any]]:
    """Strategies with their knobs."""
    return [
        {
            "name": entry.name,
            "label": entry.label,
            "summary": entry.summary,
            "reference": entry.reference,
            "knobs": [knob_row(knob) for knob in entry.knobs],
        }
        for entry in STRATEGIES
    ]


def knob_row(knob: Knob) -> dict[str, Any]:
    """A knob with its kind, default and limits."""
    limits = knob.range
    return {
        "name": knob.name,
        "kind": knob.kind,
        "default": knob.default,
        "low": limits.low if limits else None,
        "high": limits.high if limits else None,
        "choices": list(knob.choices),
        "scale": limits.scale if limits else "none",
        "help": knob.help,
    }


def encoder_list() -> list[dict[str, Any]]:
    """Built-in encoders; any local sentence-transformers folder or Hugging Face id works as well."""

    def row(entry: Entry) -> dict[str, Any]:
        precisions = next((list(knob.choices) for knob in entry.knobs if knob.name == "precision"), [])
        return {
            "name": entry.name, "label": entry.label, "summary": entry.summary, "reference": entry.reference,
            "precisions": precisions,
        }  # fmt: skip

    return [row(entry) for entry in ENCODERS]
