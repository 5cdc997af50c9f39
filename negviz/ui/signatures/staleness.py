"""Staleness: how far the ranking has moved between checkpoints."""

from dataclasses import replace

import numpy as np
import streamlit as st

from negviz.charts.overlap_by_depth import overlap_by_depth
from negviz.charts.taken_by_rank import taken_by_rank
from negviz.diagnostics.by_rank import by_rank
from negviz.diagnostics.staleness import list_depth, still_near
from negviz.diagnostics.staleness import staleness as moved
from negviz.labels import Labels
from negviz.recipe import Recipe
from negviz.selection import Selection
from negviz.ui import cache
from negviz.ui.signatures import SIGNATURES
from negviz.ui.signatures._knobs import window_stop

POINTS = 12
ONE = (
    "This pool holds one checkpoint of the model, so there is nothing to compare it with: build it again with "
    "--checkpoint OLDER (a folder, an id or a run file; repeat it, oldest first)."
)


@SIGNATURES.register("Staleness", reference="METHODS 12, plot 7")
def staleness(selection: Selection, *, labels: Labels) -> None:
    """From which ranks the negatives come, and how much of the top of the ranking has changed between checkpoints."""
    stop = window_stop(selection.recipe, selection.pool.depth)
    counted = by_rank(selection, selection.recipe.scorer, stop)
    st.plotly_chart(
        taken_by_rank(counted.edges, counted.candidates, counted.taken), key="signature.staleness.ranks",
        alt="Share of the taken negatives in each part of the ranking, with the share of what could be drawn",
    )  # fmt: skip
    st.caption(
        f"{int(counted.taken.sum()):,} negatives from ranks 0 to {stop - 1:,}. A uniform draw follows the dashed line."
    )
    if len(selection.pool.checkpoints) < 2:
        st.text(ONE)
        return
    _compared(selection, labels, list_depth(selection.pool, stop))


def _compared(selection: Selection, labels: Labels, depth: int) -> None:
    pool = selection.pool
    depths = sorted({round(float(value)) for value in np.geomspace(1, depth, POINTS)})
    found = moved(pool, depths)
    newest = pool.checkpoints[-1]
    st.plotly_chart(
        overlap_by_depth(depths, [(f"{each.older} and {newest}", each.overlap) for each in found]),
        key="signature.staleness.overlap", alt="Share of documents that two checkpoints have in common",
    )  # fmt: skip
    for each in found:
        back = "the checkpoint before" if each.steps == 1 else f"{each.steps} checkpoints before"
        older = cache.selection(pool, _drawn_at(selection, each.older, depth), labels)
        still = still_near(pool, older.taken, newest, depth)
        st.text(
            f"{each.older} ({back}): its top {depth:,} shares {each.overlap[-1]:.1%} with that of {newest}; "
            f"{still:.1%} of the negatives that it would have drawn are still in the newest top {depth:,}."
        )


def _drawn_at(selection: Selection, checkpoint: str, depth: int) -> Recipe:
    """The recipe as it would have drawn from an older checkpoint, no deeper than the lists can be compared."""
    recipe = replace(selection.recipe, scorer=checkpoint, source=None)
    named = [step.name for step in recipe.steps if step.strategy == "rank_window"]
    return recipe.with_knob(named[0], "stop", depth) if named else recipe
