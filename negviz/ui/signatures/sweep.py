"""Sweep: a knob over all its values."""

from dataclasses import replace

import streamlit as st

from negviz.errors import MissingInputError
from negviz.labels import Labels
from negviz.selection import Selection
from negviz.sweeping import few_enough, published_value, spread, turns, value_of
from negviz.ui import cache
from negviz.ui.signatures import SIGNATURES
from negviz.ui.sweep_axes import OTHERS, VALUES, Axis, ends, title
from negviz.ui.sweep_words import words
from negviz.ui.sweeps import chart, outcomes, scale_of, who_measures


@SIGNATURES.register("Sweep of a knob", reference="METHODS 12, plot 12", over_all=True)
def sweep(selection: Selection, *, query: int | None, labels: Labels) -> None:
    """What every value of a limit would cost and bring, over all queries."""
    pool, recipe = selection.pool, replace(selection.recipe, source=None)
    known = {turn.path: turn for turn in turns(recipe) if turn.step not in OTHERS and turn.knob.range}
    if not known:
        raise MissingInputError(
            "A sweep turns a knob that is a number, but no step of this recipe has one; choose a recipe with a limit."
        )
    chosen = st.selectbox(
        "Knob", list(known), key=f"signature.sweep.{'.'.join(known)}", format_func=lambda path: title(known[path]),
        help="Which knob is turned; the others stay as they are.",
    )  # fmt: skip
    turn = known[str(chosen)]
    now, usual = value_of(recipe, turn), published_value(selection.recipe, turn)
    low, high = ends(turn, recipe, pool, cache.profile(pool, recipe.scorer, recipe.anchor))
    axis = Axis(turn, spread(turn, low, high, VALUES, (now, usual)), now, usual)
    rows = few_enough(pool, recipe)
    found = outcomes(pool, recipe, labels, None, rows, lambda sweeper: sweeper.recipes(turn, axis.values))
    if found is None:
        return
    sweeper, _, results = found
    by = who_measures(sweeper)
    chart(axis, results, by, scale_of(selection), f"signature.sweep.{bool(by)}.{usual is None}")
    part = "" if rows is None else f" On a seeded sample of {sweeper.queries:,} of {len(pool):,} queries."
    st.caption(f"{words(axis, results, by)}{part}")
