"""Mean line: what the passage sieve parts."""

import numpy as np
import streamlit as st

from negviz.arrays import Ints
from negviz.charts.mean_line import height
from negviz.charts.mean_line import mean_line as draw
from negviz.diagnostics.mean_lines import MeanLines, mean_lines
from negviz.errors import MissingInputError
from negviz.labels import Labels
from negviz.selection import Selection
from negviz.ui.signatures import SIGNATURES
from negviz.ui.texts import shortened

ROWS = 12
NAME = 60


@SIGNATURES.register("Mean line of the sieve", reference="METHODS E6", over_all=True)
def mean_line(selection: Selection, *, query: int | None, labels: Labels) -> None:
    """Which candidates lie above the mean of a query's candidates and its positive, and are refused for it."""
    step = next((step.name for step in selection.recipe.steps if step.strategy == "below_mean"), None)
    lines = mean_lines(selection, step)
    known = np.flatnonzero(np.isfinite(lines.means) & lines.counted.any(axis=1)).astype(np.int32)
    if not len(known):
        raise MissingInputError(
            "The mean line is drawn over candidates and a labelled positive, but no query of this pool has both; load "
            "data with labelled positives, or loosen the recipe's steps."
        )
    shown = _rows(known, query)
    pool, recipe = selection.pool, selection.recipe
    places, columns = np.nonzero(lines.counted[shown])
    option = draw(
        _names(selection, shown), places.astype(np.int32),
        pool.score(recipe.scorer)[shown[places], columns].astype(np.float64), _words(selection, lines, shown),
        means=lines.means[shown], positives=pool.anchor(recipe.scorer, recipe.anchor)[shown],
        axis=f"score, {recipe.scorer}",
    )  # fmt: skip
    st.echarts_chart(
        option, key=f"signature.mean_line.{len(shown)}", height=height(len(shown)),
        alt="For each query the scores of its candidates, with their mean",
    )  # fmt: skip
    st.caption(_sums(lines, bool(step)))


def _rows(known: Ints, query: int | None) -> Ints:
    """The chosen query and those that follow it."""
    start = int(np.searchsorted(known, query)) if query is not None else 0
    start = min(start, max(len(known) - ROWS, 0)) if query is None or query not in known else start
    return known[start : start + ROWS]


def _names(selection: Selection, rows: Ints) -> list[str]:
    data, queries = selection.pool.dataset, selection.pool.queries
    return [shortened(" ".join(data.query_text(int(queries[row])).split()), NAME) for row in rows]


def _words(selection: Selection, lines: MeanLines, rows: Ints) -> list[str]:
    words = np.where(lines.refused[rows], "above the mean, refused", "below the mean")
    above = selection.pool.score(selection.recipe.scorer)[rows] >= lines.means[rows][:, None]
    words = np.where(above & ~lines.refused[rows], "at or above the mean, kept", words)
    words = np.where(selection.taken[rows], "taken", words)
    return [str(word) for word in words[lines.counted[rows]]]


def _sums(lines: MeanLines, sieved: bool) -> str:
    came, refused = int(lines.counted.sum()), int(lines.refused.sum())
    if not sieved:
        return f"This recipe has no sieve: the line is the mean of the {came:,} candidates that nothing refused."
    share = 100 * refused / came if came else 0.0
    return (
        f"Over all queries {refused:,} of {came:,} candidates that came to the sieve lie above their query's mean "
        f"({share:.0f}%). The mean moves with whatever else is in the list: easy candidates lower it."
    )
