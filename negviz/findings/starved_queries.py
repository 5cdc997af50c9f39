"""Starved queries: fewer negatives than wanted."""

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from negviz.arrays import Floats, Ints
from negviz.charts import QUERY, Line
from negviz.charts.counted import counted
from negviz.charts.kept_per_query import kept_per_query
from negviz.errors import MissingInputError
from negviz.findings import FINDINGS, TOP, Case, Cell, Finding, percent, query_cells, some

MANY = 0.2
# Bars that fit beside each other.
MOST_BARS = 40
COLUMNS = ("negatives", "query id", "query", "what refused the most")


@FINDINGS.register("Starved queries", place=50)
def starved_queries(case: Case) -> Finding:
    """List the queries with fewer negatives than the recipe's count, and what refused most of their candidates.

    Negatives that were mined elsewhere have no count; half of the usual number (the median) stands in. A fifth of the
    queries is too many; the fifth is ours.

    Args:
        case: What is audited.

    Raises:
        MissingInputError: If there is no query.
    """
    selection, total = case.selection, len(case.pool)
    if not total:
        raise MissingInputError("There is no query with a labelled positive, so none can be starved; load some.")
    counts = selection.taken_counts
    usual = int(np.median(counts[counts > 0])) if counts.any() else 1
    wanted = -(-usual // 2) if case.mined_elsewhere else selection.recipe.count
    starved = np.asarray(counts < wanted)
    empty, short = int(np.equal(counts, 0).sum()), int(starved.sum())
    order = _order(case, starved)
    what = f"half of the usual {usual:,}" if case.mined_elsewhere else "as many as wanted"
    asked, least = some(total, "query", "queries"), some(wanted, "negative")
    sentence = (
        f"{short:,} of {asked} ({short / total:.1%}) have fewer than {least}, {what}; {empty:,} have none."
        if short else f"None of {asked} has fewer than {least}, {what}."
    )  # fmt: skip
    return Finding(
        "good" if not short else "bad" if short / total > MANY else "look", sentence,
        "Loosen the step that refuses the most, mine deeper, or pad with random negatives (underfill: pad)."
        if short and not case.mined_elsewhere
        else "Mine negatives for them, or leave them out: trainers repeat or drop short rows." if short else "",
        COLUMNS[: 3 if case.mined_elsewhere else 4], tuple(_row(case, int(row)) for row in order[:TOP]),
        max(len(order) - TOP, 0), figure=_figure(counts, wanted),
        facts={"queries": total, "count": wanted, "starved": short, "empty": empty, "share": round(short / total, 5)},
    )  # fmt: skip


def _order(case: Case, starved: npt.NDArray[np.bool_]) -> npt.NDArray[np.intp]:
    rows = np.flatnonzero(starved)
    ids = np.array([case.dataset.query_id(int(case.pool.queries[row])) for row in rows], dtype=object)
    place = np.unique(ids, return_inverse=True)[1] if len(ids) else np.zeros(0, np.int64)
    return rows[np.lexsort((place, case.selection.taken_counts[rows]))]


def _row(case: Case, row: int) -> tuple[Cell, ...]:
    codes = case.selection.reasons[row]
    refused = np.bincount(codes[codes >= 0], minlength=1)
    stages, most = case.selection.stages, int(refused.argmax())
    why = f"{stages[most]} ({percent(int(refused[most]), int((codes >= 0).sum()))})" if refused.any() and stages else ""
    cells = (int(case.selection.taken_counts[row]), *query_cells(case, int(case.pool.queries[row])))
    return cells if case.mined_elsewhere else (*cells, why)


def _figure(counts: Ints, wanted: int) -> go.Figure:
    """Queries by their number of negatives: a bar for each number, or bins where there are many."""
    top = max(int(counts.max(initial=0)), wanted)
    if top <= MOST_BARS:
        return kept_per_query(np.bincount(counts, minlength=top + 1).astype(np.int32), wanted)
    edges: Floats = np.unique(np.floor(np.linspace(0, top + 1, MOST_BARS + 1))) - 0.5
    bins = np.histogram(counts, edges)[0].astype(np.int32)
    lines = [Line("fewest", float(wanted), QUERY, "dash")]
    return counted(edges, [("queries", bins)], x="negatives taken", y="queries", lines=lines, whole=True)
