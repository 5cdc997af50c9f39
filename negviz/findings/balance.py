"""Balance: how the negatives are spread over queries and over what brought them."""

import numpy as np
import plotly.graph_objects as go

from negviz.charts.source_bars import source_bars
from negviz.diagnostics.distinct_documents import distinct_documents
from negviz.diagnostics.source_mix import Mixed, source_mix
from negviz.findings import FINDINGS, TOP, Case, Finding, need_negatives, percent, some

UNEVEN = 3.0
HEAVY = 0.1
SHOWN = 8
ELSEWHERE = "none of them"
COLUMNS = ("brought by", "candidates", "negatives", "share of negatives")


@FINDINGS.register("Balance over queries and sources", place=110)
def balance(case: Case) -> Finding:
    """Count the negatives of each query and of each set of retrievers that brought them.

    A query with more than three times the usual number, or with a tenth of all negatives, weighs too much where every
    row of the file counts the same; the limits are ours.

    Args:
        case: What is audited.

    Raises:
        MissingInputError: If there is no negative.
    """
    negatives = need_negatives(case)
    counts = case.selection.taken_counts[case.selection.taken_counts > 0]
    low, middle, high = int(counts.min()), float(np.median(counts)), int(counts.max())
    heavy = int(((counts > UNEVEN * middle) | ((counts > HEAVY * negatives) & (len(counts) > 1 / HEAVY))).sum())
    mixed = source_mix(case.pool, case.selection.taken, sorted(case.pool.ranks)[: 2 * SHOWN])
    documents = distinct_documents(case.selection)
    mixed = sorted((each for each in mixed if each.taken), key=lambda each: (-each.taken, each.sources))
    return Finding(
        "look" if heavy else "good",
        f"{_spread(len(counts), low, middle, high)}; {heavy:,} have far more than the others. "
        f"The {negatives:,} negatives are {documents.distinct:,} different documents, as varied as "
        f"{documents.effective:,.0f} equally frequent ones.",
        "Cut the long lists to the usual number, or weigh rows in training." if heavy else "",
        COLUMNS,
        tuple((_name(each), each.candidates, each.taken, percent(each.taken, negatives)) for each in mixed[:TOP]),
        max(len(mixed) - TOP, 0), figure=_figure(case, mixed),
        facts={"queries": len(counts), "fewest": low, "median": middle, "most": high, "heavy": heavy,
               "distinct_documents": documents.distinct, "effective_documents": round(documents.effective, 3),
               "sources": [{"retrievers": list(each.sources), "candidates": each.candidates, "taken": each.taken}
                           for each in mixed]},
    )  # fmt: skip


def _spread(queries: int, low: int, middle: float, high: int) -> str:
    if low == high:
        return f"{some(queries, 'query', 'queries')} with {some(low, 'negative')} each"
    return f"{some(queries, 'query', 'queries')} with {low:,} to {high:,} negatives, {middle:g} in the middle"


def _name(mixed: Mixed) -> str:
    return " + ".join(mixed.sources) or ELSEWHERE


def _figure(case: Case, mixed: list[Mixed]) -> go.Figure:
    """Candidates and negatives by what brought them, the commonest sets alone."""
    named = [(_name(each), [each.candidates, each.taken]) for each in mixed[:SHOWN]]
    rest = [case.pool.candidates - sum(counts[0] for _, counts in named),
            int(case.selection.taken.sum()) - sum(counts[1] for _, counts in named)]  # fmt: skip
    return source_bars(["candidates", "negatives"], [*named, ("others", rest)] if any(rest) else named)
