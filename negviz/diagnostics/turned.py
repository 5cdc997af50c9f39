"""The way back from a line to the knobs of its step."""

from collections.abc import Mapping
from typing import Any

from negviz.diagnostics import DIAGNOSTICS
from negviz.limits import TurnedOf
from negviz.registry import Entry
from negviz.strategies import STRATEGIES

DIGITS = 4


@DIAGNOSTICS.register("Knobs that bring a line to a place")
def turned(strategy: str, knobs: Mapping[str, Any], line: int, value: float, positive: float) -> dict[str, float]:
    """Work out which knobs of a step must change so that one of its lines lies somewhere; the inverse of ``limits``.

    What no value of the knob reaches gives its nearest allowed value: a margin below the positive is at least 0.

    Args:
        strategy: Name of the strategy.
        knobs: All of its knobs, defaults included.
        line: Place of the line among the limits that the strategy draws.
        value: Where it shall lie, on the limit's own axis: a score, or a distance to the positive.
        positive: Score of the positive of the query that it is drawn for.

    Returns:
        The knobs to change, rounded to four digits; empty where no knob moves the line.
    """
    entry = STRATEGIES.get(strategy)
    declared: TurnedOf | None = entry.trait("turned")
    found = declared(knobs, line, value, positive) if declared else {}
    return {name: _allowed(entry, name, wanted) for name, wanted in found.items()}


def _allowed(entry: Entry, name: str, value: float) -> float:
    limits = entry.knob(name).range
    value = float(f"{value:.{DIGITS}g}")
    if limits is None or (limits.scale == "score" and limits.low < 0):
        return value
    # A knob on the scorer's own scale has no upper end: scores of another scorer may be in the tens.
    return max(value, limits.low) if limits.scale == "score" else min(max(value, limits.low), limits.high)
