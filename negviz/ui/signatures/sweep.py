"""Sweep: a knob over all its values."""

import numpy as np
import streamlit as st

from negviz.arrays import Floats
from negviz.charts.sweep import sweep as draw
from negviz.diagnostics.sweep import Sweep
from negviz.errors import MissingInputError
from negviz.labels import Labels
from negviz.recipe import Recipe, Step, published
from negviz.registry import Entry, Knob
from negviz.select import resolved_knobs
from negviz.selection import Selection
from negviz.strategies import STRATEGIES
from negviz.ui import cache
from negviz.ui.forms import slider_limits
from negviz.ui.signatures import SIGNATURES

HEIGHT = 380
VALUES = 25


@SIGNATURES.register("Sweep of a knob", reference="METHODS 12, plot 12", over_all=True)
def sweep(selection: Selection, *, query: int | None, labels: Labels) -> None:
    """What every value of a limit would cost and bring, over all queries."""
    recipe = selection.recipe
    turned = _knobs(recipe)
    if not turned:
        raise MissingInputError(
            "A sweep turns a knob that is a number, but no step of this recipe has one; choose a recipe with a limit."
        )
    names = ".".join(f"{step.name}.{knob.name}" for step, knob in turned)
    at = st.selectbox(
        "Knob", range(len(turned)), key=f"signature.sweep.{names}",
        format_func=lambda place: f"{turned[place][0].name}: {turned[place][1].name.replace('_', ' ')}",
        help="Which knob is turned; the others stay as they are.",
    ) or 0  # fmt: skip
    step, knob = turned[at]
    values = _values(selection, STRATEGIES.get(step.strategy), knob)
    found = cache.sweep(selection.pool, recipe, step.name, knob.name, tuple(values.tolist()), labels)
    now = float(resolved_knobs(STRATEGIES, step)[knob.name])
    usual = _published(recipe, step, knob)
    _show(found, values, recipe, f"{step.name}.{knob.name}", now, usual)
    _tell(found, values, recipe, now)


def _knobs(recipe: Recipe) -> list[tuple[Step, Knob]]:
    """Knobs that are numbers, those that move a limit on scores or probabilities first, ranks after them."""
    found = [
        (step, knob)
        for step in recipe.steps
        for knob in STRATEGIES.get(step.strategy).knobs
        if knob.kind in {"int", "float"} and knob.range
    ]
    return sorted(found, key=lambda pair: _order(pair[1]))


def _order(knob: Knob) -> int:
    if knob.range is None or knob.range.keeps == "either":
        return 2
    return 1 if knob.kind == "int" else 0


def _values(selection: Selection, entry: Entry, knob: Knob) -> Floats:
    recipe = selection.recipe
    low, high, _ = slider_limits(entry, knob, cache.profile(selection.pool, recipe.scorer, recipe.anchor))
    values = np.linspace(low, high, VALUES)
    return np.unique(np.round(values)) if knob.kind == "int" else np.round(values, 6)


def _published(recipe: Recipe, step: Step, knob: Knob) -> float | None:
    original = published().get(recipe.name)
    same = [other for other in original.steps if other.name == step.name] if original else []
    return float(resolved_knobs(STRATEGIES, same[0])[knob.name]) if same else None


def _show(found: Sweep, values: Floats, recipe: Recipe, name: str, now: float, usual: float | None) -> None:
    rates = np.array([each.rate for each in found.measured])
    known = bool(np.isfinite(rates).any())
    st.echarts_chart(
        draw(
            values, filled=found.taken / recipe.count, starved=found.starved, hardness=found.hardness,
            positives=found.positives, false=rates if known else None,
            low=np.array([each.low for each in found.measured]) if known else None,
            high=np.array([each.high for each in found.measured]) if known else None,
            knob=name, now=now, usual=usual,
        ),
        key=f"signature.sweep.{known}.{usual is None}", height=HEIGHT,
        alt="Share of negatives taken, of starved queries and of measured false negatives for each value of the knob",
    )  # fmt: skip


def _tell(found: Sweep, values: Floats, recipe: Recipe, now: float) -> None:
    """The numbers nearest to the value at hand, and on how many judgments they rest."""
    at = int(np.abs(values - now).argmin())
    here = found.measured[at]
    judged = (
        f"{here.false_negatives} of {here.judged} judged negatives are false ({here.rate:.0%}, 95% interval "
        f"{here.low:.0%} to {here.high:.0%}); the share speaks for all only where the judged ones were drawn by chance."
        if here.judged
        else "None of these negatives is judged: label some to see what each value lets through."
    )
    hard = f"{found.hardness[at]:.4g}" if np.isfinite(found.hardness[at]) else "unknown"
    st.caption(
        f"At {values[at]:.4g}, next to the value at hand: {found.taken[at]:.2f} of {recipe.count} negatives a query, "
        f"{found.starved[at]:.0%} of queries starved, mean score {hard}. {judged}"
    )
