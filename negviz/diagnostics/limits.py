"""Limits that a step draws."""

from collections.abc import Mapping
from typing import Any

from negviz.arrays import Floats
from negviz.diagnostics import DIAGNOSTICS
from negviz.limits import Limit, LimitsOf
from negviz.strategies import STRATEGIES


@DIAGNOSTICS.register("Limits of a step")
def limits(strategy: str, knobs: Mapping[str, Any], positive: Floats) -> list[Limit]:
    """Give the lines that a step draws, as its strategy declares them; a strategy without any has none.

    Args:
        strategy: Name of the strategy.
        knobs: All of its knobs, defaults included.
        positive: (queries,) score of the anchor.
    """
    declared: LimitsOf | None = STRATEGIES.get(strategy).trait("limits")
    return declared(knobs, positive) if declared else []
