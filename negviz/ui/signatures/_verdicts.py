"""What the plots of verdicts share: which layer a recipe looks at, and what was told about it when it was made."""

from collections.abc import Mapping
from typing import Any

from negviz.errors import MissingInputError
from negviz.judges import JUDGES
from negviz.pool import Pool
from negviz.recipe import Recipe

DEFAULTS = {"llm_verdict": "rlhn", "llm_order": "gecko"}


def layer_of(recipe: Recipe, strategy: str = "llm_verdict") -> str:
    """Layer that a recipe's step names; the recipe's own name, or the step's usual one, where it has no such step."""
    for step in recipe.steps:
        if step.strategy == strategy:
            return str(step.knobs.get("layer", DEFAULTS[strategy]))
    return recipe.name if recipe.name in JUDGES else DEFAULTS[strategy]


def known_layer(pool: Pool, layer: str) -> str:
    """The layer, if the pool has it.

    Raises:
        MissingInputError: If it has none; the text says how to get it.
    """
    if layer not in pool.scores:
        raise MissingInputError(
            f"This plot shows verdicts of a language model called '{layer}', which this pool does not have; ask for "
            f"them with 'negviz judge POOL --method {layer}'."
        )
    return layer


def facts_of(pool: Pool, layer: str) -> Mapping[str, Any]:
    """What is known about the asking: model, counts, snippets; empty where the layer came otherwise."""
    return dict(dict(pool.origin.get("judged") or {}).get(layer) or {})


def told(facts: Mapping[str, Any]) -> str:
    """The counts of an asking in a sentence; nothing of it is text of the corpus or of the model."""
    names = ("unparsable", "disagreeing", "refused", "failed", "flagged", "not_verbatim")
    parts = [f"{int(facts[name]):,} {name.replace('_', ' ')}" for name in names if facts.get(name)]
    asked = f"{int(facts['requests']):,} requests" if facts.get("requests") else ""
    return " · ".join([part for part in (asked, *parts) if part])
