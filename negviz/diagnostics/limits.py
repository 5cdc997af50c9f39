"""Limits that a step draws."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from negviz.arrays import Floats
from negviz.diagnostics import DIAGNOSTICS
from negviz.diagnostics.half_height_zone import half_height_zone

Axis = Literal["score", "margin", "rank"]


@dataclass(frozen=True, eq=False)
class Limit:
    """One line that a step draws.

    Attributes:
        axis: What is compared: the ``score``, the ``margin`` (score minus the anchor's), or the ``rank``.
        refuses: The side that is refused.
        value: (queries,) where the line lies for each query, or one number for all.
        label: What it is called, for people.
        soft: Whether it is only where a weight has fallen to one half, and refuses nothing.
    """

    axis: Axis
    refuses: Literal["above", "below"]
    value: Floats | float
    label: str
    soft: bool = False


def _ceiling(knobs: Mapping[str, Any], positive: Floats) -> list[Limit]:
    return [Limit("score", "above", float(knobs["ceiling"]), "ceiling")]


def _floor(knobs: Mapping[str, Any], positive: Floats) -> list[Limit]:
    return [Limit("score", "below", float(knobs["floor"]), "floor")]


def _absolute(knobs: Mapping[str, Any], positive: Floats) -> list[Limit]:
    return [Limit("margin", "above", -float(knobs["margin"]), "margin below the positive")]


def _relative(knobs: Mapping[str, Any], positive: Floats) -> list[Limit]:
    margin = float(knobs["margin"])
    return [Limit("margin", "above", -np.abs(positive) * margin, f"{100 - 100 * margin:.4g}% of the positive")]


def _student(knobs: Mapping[str, Any], positive: Floats) -> list[Limit]:
    return [Limit("margin", "above", float(knobs["margin"]), "margin above the positive")]


def _zone(knobs: Mapping[str, Any], positive: Floats) -> list[Limit]:
    width = float(knobs["width"])
    return [
        Limit("margin", "above", width, "zone, upper end"),
        Limit("margin", "below", -width, "zone, lower end"),
    ]


def _near(knobs: Mapping[str, Any], positive: Floats) -> list[Limit]:
    low, high = half_height_zone(simans_sharpness(knobs), simans_peak(knobs), knobs.get("shape", "gaussian"))
    if not math.isfinite(low):
        return []
    return [
        Limit("margin", "above", high, "half weight, upper end", soft=True),
        Limit("margin", "below", low, "half weight, lower end", soft=True),
    ]


def _window(knobs: Mapping[str, Any], positive: Floats) -> list[Limit]:
    # Halfway between ranks, so that no rank lies on the line.
    return [
        Limit("rank", "below", int(knobs["start"]) - 0.5, "first rank"),
        Limit("rank", "above", int(knobs["stop"]) - 0.5, "last rank"),
    ]


LINES: Mapping[str, Callable[[Mapping[str, Any], Floats], list[Limit]]] = {
    "score_ceiling": _ceiling,
    "score_floor": _floor,
    "absolute_margin": _absolute,
    "relative_margin": _relative,
    "student_mask": _student,
    "ambiguous_zone": _zone,
    "near_positive": _near,
    "rank_window": _window,
}


def simans_sharpness(knobs: Mapping[str, Any]) -> float:
    """Sharpness ``a`` that near_positive works with: given, or from the width where that is above 0."""
    width = float(knobs["width"])
    if width <= 0:
        return float(knobs["a"])
    return math.log(2.0) / (width if knobs.get("shape") == "laplace" else width * width)


def simans_peak(knobs: Mapping[str, Any]) -> float:
    """Where near_positive's weight is largest, relative to the positive; the authors' code reverses the sign of b."""
    return -float(knobs["b"]) if knobs.get("b_sign") == "code" else float(knobs["b"])


def simans_weight(knobs: Mapping[str, Any], distances: Floats) -> Floats:
    """Weight that near_positive gives at some distances to the positive; 1 at its peak."""
    away = np.abs(distances - simans_peak(knobs))
    return np.asarray(np.exp(-simans_sharpness(knobs) * (away if knobs.get("shape") == "laplace" else away**2)))


@DIAGNOSTICS.register("Limits of a step")
def limits(strategy: str, knobs: Mapping[str, Any], positive: Floats) -> list[Limit]:
    """Give the lines that a step draws; a strategy without any has none.

    Args:
        strategy: Name of the strategy.
        knobs: All of its knobs, defaults included.
        positive: (queries,) score of the anchor.
    """
    return LINES[strategy](knobs, positive) if strategy in LINES else []
