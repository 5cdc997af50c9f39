"""Survival funnel: what each stage takes away."""

import numpy as np
import pyarrow as pa
import streamlit as st

from negviz.charts.funnel import funnel as draw
from negviz.charts.funnel import height
from negviz.diagnostics.funnel import funnel as stages_of
from negviz.selection import Selection
from negviz.ui.signatures import SIGNATURES
from negviz.ui.tables import show_rows


@SIGNATURES.register("Survival funnel", reference="METHODS 12, plot 9")
def funnel(selection: Selection) -> None:
    """How many candidates are left after each stage, over all queries, and which queries are not filled and why."""
    rows = [(row.name, row.removed, row.left) for row in stages_of(selection) if row.removed]
    st.echarts_chart(
        draw(selection.candidates, rows), key=f"signature.funnel.{len(rows)}", height=height(len(rows)),
        alt="Candidates left after each stage, and removed by it",
    )  # fmt: skip
    refused = sum(count for _, count in selection.refused_counts)
    st.caption(
        f"{selection.candidates:,} candidates = {refused:,} refused + {selection.not_drawn:,} not drawn + "
        f"{int(selection.taken.sum()):,} taken."
    )
    _underfilled(selection)


def _underfilled(selection: Selection) -> None:
    """Queries that are not filled, by what refused most of their candidates."""
    reasons = blamed(selection)
    if reasons:
        short = int(selection.starved.sum())
        st.caption(f"{short:,} queries have fewer than {selection.recipe.count}, by what refused most of theirs:")
        show_rows([{"stage": name, "queries": count} for name, count in reasons])


def blamed(selection: Selection) -> list[tuple[str, int]]:
    """For the starved queries: the stage that refused most of their candidates and how many such queries there are."""
    rows = np.flatnonzero(selection.starved)
    if not len(rows):
        return []
    counts = np.stack([np.equal(selection.reasons[rows], code).sum(axis=1) for code in range(len(selection.stages))], 1)
    worst = np.where(counts.sum(axis=1) > 0, counts.argmax(axis=1), -1) if counts.shape[1] else np.full(len(rows), -1)
    found = pa.array([selection.stages[code] if code >= 0 else "too few candidates" for code in worst.tolist()])
    pairs = [(str(each["values"]), int(each["counts"])) for each in found.value_counts().to_pylist()]
    return sorted(pairs, key=lambda pair: (-pair[1], pair[0]))
