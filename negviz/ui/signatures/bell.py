"""Bell: SimANS' weight over the distance to the positive, and what is drawn in the end."""

import numpy as np
import streamlit as st

from negviz.bells import peak_of, sharpness_of, weight_at
from negviz.charts.bell import bell as draw
from negviz.diagnostics.effective_number import effective_number
from negviz.diagnostics.inclusion_frequency import RUNS, inclusion_frequency
from negviz.errors import MissingInputError
from negviz.selection import Selection
from negviz.ui.signatures import SIGNATURES
from negviz.ui.signatures._knobs import knobs_of

HEIGHT = 340
POINTS = 200
NEARLY_UNIFORM = 1.2


@SIGNATURES.register("Bell", reference="METHODS D4; SimANS, arXiv:2210.11773")
def bell(selection: Selection, *, query: int) -> None:
    """Which candidates of the query the draw prefers, and how often each is taken when it is repeated."""
    pool, recipe = selection.pool, selection.recipe
    level = float(pool.anchor(recipe.scorer, recipe.anchor)[query])
    if not np.isfinite(level):
        raise MissingInputError(
            f"The bell is measured from the labelled positive, but this query has none scored by '{recipe.scorer}'; "
            "choose another query, or another scorer."
        )
    knobs = knobs_of(recipe, "near_positive")
    columns = np.flatnonzero((selection.weights[query] > 0) & ~selection.backfilled[query])
    weights = selection.weights[query, columns]
    away = pool.score(recipe.scorer)[query, columns].astype(np.float64) - level
    chances = weights / (float(weights.sum()) or 1.0)
    often = inclusion_frequency(weights, pool.pair_keys[query, columns], recipe.count)
    peak = peak_of(knobs)
    ends = np.array([0.0, peak, *away])
    room = 0.05 * float(np.ptp(ends)) or 0.1
    place = np.linspace(ends.min() - room, ends.max() + room, POINTS)
    curve = place.astype(np.float32), weight_at(knobs, place).astype(np.float32)
    st.echarts_chart(
        draw(away, chances, often, curve=curve, peak=peak, axis=f"score minus positive, {recipe.scorer}"),
        key="signature.bell", height=HEIGHT,
        alt="Weight over the distance to the positive, with how often each candidate of the query is taken",
    )  # fmt: skip
    number = float(effective_number(selection.weights[query : query + 1])[0])
    flat = " The weights are nearly equal: on this scale a says nothing, set a width." if _flat(weights) else ""
    st.caption(
        f"{recipe.count} are drawn of {len(columns):,} candidates, which count as {number:.1f} equally likely ones. "
        f"Taken in so many of {RUNS} repeated draws. Sharpness a = {sharpness_of(knobs):.4g}.{flat}"
    )


def _flat(weights: np.ndarray[tuple[int], np.dtype[np.float64]]) -> bool:
    return len(weights) > 1 and float(weights.max()) < NEARLY_UNIFORM * float(weights.min())
