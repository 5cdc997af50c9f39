"""Axes of a sweep: which knob is turned, from where to where, in how many values."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st

from negviz.arrays import Floats
from negviz.diagnostics.score_profile import ScoreProfile
from negviz.errors import NegvizError
from negviz.hints import Range
from negviz.pool import Pool
from negviz.recipe import Recipe
from negviz.selection import Selection
from negviz.sweeping import Turn, published_value, spread, turns, value_of
from negviz.ui import cache
from negviz.ui.forms import slider_limits

VALUES, MOST = 21, 101
GRID_VALUES, GRID_MOST = 6, 25
REACH = 4
WIDTH = 84
OTHERS = frozenset({"", "draw", "source", "backfill"})


@dataclass(frozen=True)
class Axis:
    """A knob with its values.

    Attributes:
        turn: The knob.
        values: Ascending; the value at hand and the published one are among them where they lie between the ends.
        now: Value at hand.
        usual: Published value, None where there is none.
    """

    turn: Turn
    values: tuple[float, ...]
    now: float
    usual: float | None

    @property
    def places(self) -> Floats:
        """(values,) the same as an array."""
        return np.array(self.values)

    @property
    def at(self) -> int:
        """Place of the value at hand, or of the one next to it."""
        return int(np.abs(self.places - self.now).argmin())

    def named(self, place: int) -> str:
        """A value for people, with what it is."""
        value = self.values[place]
        marks = ", ".join(name for name, at in (("now", self.now), ("published", self.usual)) if at == value)
        return f"{value:.6g} ({marks})" if marks else f"{value:.6g}"


def title(turn: Turn) -> str:
    """A knob for people."""
    if turn.entry is None:
        return "count (negatives a query)"
    return f"{turn.knob.name.replace('_', ' ')} ({turn.step.replace('_', ' ')})"


def ends(turn: Turn, recipe: Recipe, pool: Pool, profile: ScoreProfile | None) -> tuple[float, float]:
    """Where a sweep begins and ends if nobody says otherwise: the slider's limits, nearer where those are far away.

    The ends stay where they are while the knob is turned between them, so that nothing has to be run anew.

    Args:
        turn: The knob.
        recipe: Whose value at hand and published value must fit in.
        pool: What the recipe chooses from.
        profile: The scores at hand, None where there are none.
    """
    limits = turn.knob.range or Range(0.0, 1.0, 0.01)
    now, usual = value_of(recipe, turn), published_value(recipe, turn)
    usual = float(turn.knob.default) if usual is None else usual
    if turn.entry is not None and turn.step not in {"draw", "source"}:
        low, high, step = slider_limits(turn.entry, turn.knob, profile)
    else:
        low, high, step = limits.low, limits.high, limits.step
    if limits.scale not in {"score", "rank"}:
        reach = REACH * abs(usual) or (float(max(pool.depth, 10)) if turn.whole else high)
        reach = reach if now <= reach else REACH * now
        high = min(high, max(reach, low + step)) if high > 2 * reach else high
    if turn.entry is None:
        high = min(high, max(pool.depth, low + 1))
    return low, high if high > low else low + step


def choose(selection: Selection, recipe: Recipe, number: int) -> list[Axis] | None:
    """Controls for the knobs, their ends and how many values; None, with the sentence, where they make no sense.

    Args:
        selection: Outcome of the recipe at hand.
        recipe: The same recipe, without a source where that cannot be turned.
        number: How many knobs, 1 or 2.
    """
    known = turns(recipe)
    profile = cache.profile(selection.pool, recipe.scorer, recipe.anchor)
    found: list[Axis] = []
    for place in range(number):
        with st.container(horizontal=True, vertical_alignment="bottom", key=f"sweeps.axis.{place}"):
            turn = _knob(known, place, [axis.turn.path for axis in found])
            low, high = ends(turn, recipe, selection.pool, profile)
            first, last, values = _numbers(turn, low, high, place, number)
        now, usual = value_of(recipe, turn), published_value(recipe, turn)
        try:
            found.append(Axis(turn, spread(turn, first, last, values, (now, usual)), now, usual))
        except NegvizError as error:
            st.text(str(error))
            return None
    return found


def _knob(known: Sequence[Turn], place: int, others: Sequence[str]) -> Turn:
    offered = {turn.path: turn for turn in known if turn.path not in others}
    key = f"sweeps.knob{place + 1}"
    if st.session_state.get(key) not in {None, *offered}:
        del st.session_state[key]
    chosen = st.selectbox(
        "Knob" if not place else "Against", list(offered), key=key, bind="query-params", persist_state="session",
        format_func=lambda path: title(offered[path]),
        help="Which knob is turned; the others stay as they are.",
    )  # fmt: skip
    return offered.get(str(chosen)) or next(iter(offered.values()))


def _numbers(turn: Turn, low: float, high: float, place: int, number: int) -> tuple[float, float, int]:
    """Ends of the sweep and how many values it has."""
    limits = turn.knob.range or Range(0.0, 1.0, 0.01)
    free = limits.scale == "score"
    cast = int if turn.whole else float
    bounds: dict[str, Any] = {
        "step": cast(limits.step), "format": "%d" if turn.whole else "%g", "bind": "query-params",
        "persist_state": "session", "width": WIDTH,
        **({} if free else {"min_value": cast(limits.low), "max_value": cast(limits.high)}),
    }  # fmt: skip
    key = f"sweeps.{turn.path}"
    first = st.number_input("From", value=cast(low), key=f"{key}.from", **bounds)
    last = st.number_input("To", value=cast(high), key=f"{key}.to", **bounds)
    most, usual = (MOST, VALUES) if number == 1 else (GRID_MOST, GRID_VALUES)
    values = st.number_input(
        "Values", 2, most, usual, key=f"sweeps.values{place + 1}.of{number}", step=1, width=WIDTH, bind="query-params",
        persist_state="session",
        help="How many values, equally far apart; the one at hand and the published one are added.",
    )  # fmt: skip
    return float(first or 0), float(last or 0), int(values or usual)
