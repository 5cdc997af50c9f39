"""Marks on knob annotations: the one place from which sliders, ``--set`` and the documentation are made."""

from dataclasses import dataclass
from typing import Literal

Scale = Literal["score", "rank", "count", "none"]


@dataclass(frozen=True)
class Range:
    """Allowed interval of a numeric knob.

    Attributes:
        low: Smallest allowed value.
        high: Largest allowed value.
        step: Step of the slider.
        keeps: What raising the knob does to the set of allowed candidates: ``more``, ``fewer`` or ``either``.
        scale: ``score`` when the value lives on the scale of the scorer (its slider then follows the scores at hand).
    """

    low: float
    high: float
    step: float
    keeps: Literal["more", "fewer", "either"] = "either"
    scale: Scale = "none"
