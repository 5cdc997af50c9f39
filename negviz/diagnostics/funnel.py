"""Funnel of a selection."""

from dataclasses import dataclass

from negviz.diagnostics import DIAGNOSTICS
from negviz.selection import Selection


@dataclass(frozen=True)
class Stage:
    """A row of the funnel: what a stage removed and what was left after it."""

    name: str
    removed: int
    left: int


@DIAGNOSTICS.register("Funnel")
def funnel(selection: Selection) -> list[Stage]:
    """Follow the candidates through every stage, down to those that are taken.

    The removed counts plus what is left in the end (taken) add up to the candidates, exactly.

    Args:
        selection: Outcome of a recipe.

    Returns:
        A row a stage in the order asked, stages that refuse nothing included; the last row is the draw.
    """
    left = selection.candidates
    rows = []
    for name, removed in (*selection.refused_counts, ("not drawn", selection.not_drawn)):
        left -= removed
        rows.append(Stage(name, removed, left))
    return rows
