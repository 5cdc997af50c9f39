"""Likely false negatives: how many the suspicion model expects, and which."""

import numpy as np

from negviz.charts.counted import counted
from negviz.findings import (
    FINDINGS,
    MOST_PAIRS,
    TOO_HIGH,
    TOP,
    Case,
    Cell,
    Finding,
    by_id,
    document_cells,
    need_negatives,
    query_cells,
    shown,
)
from negviz.suspects import DIGITS

BINS = 20
COLUMNS = ("probability", "query id", "query", "document id", "document", "why")


@FINDINGS.register("Likely false negatives", place=20, reference="negviz.suspicion")
def likely_false_negatives(case: Case) -> Finding:
    """Add up the probabilities of the suspicion model over the negatives, and list the most suspect of them.

    The sum is what a model expects, not a measurement: it says where to look. More than 5% is worth a look; the
    finding is never bad by itself. Labelled pairs are not listed again, and leaks are a finding of their own.

    Args:
        case: What is audited.

    Raises:
        MissingInputError: If there is no negative.
    """
    negatives = need_negatives(case)
    values = np.round(case.suspected.astype(np.float64), DIGITS)
    known = np.isfinite(values)
    expected, half = float(values[known].sum()), int((values[known] >= 0.5).sum())
    waiting = np.flatnonzero(known & np.equal(case.verdicts, 0))
    by_query, by_document = by_id(case, case.pairs[waiting])
    order = waiting[np.lexsort((by_document, by_query, -values[waiting]))]
    share = expected / negatives
    sentence = (
        f"The suspicion model expects {expected:,.0f} false negatives among the {negatives:,} ({share:.1%}); "
        f"{half:,} are more likely false than not. {case.suspicion.about} It is a guess about where to look, not a "
        "measurement."
    )
    edges = np.linspace(0, 1, BINS + 1)
    figure = counted(
        edges, [("negatives", np.histogram(values[known], edges)[0].astype(np.int32))],
        x="probability of being a false negative", y="negatives (logarithmic)", log=True,
    )  # fmt: skip
    return Finding(
        "look" if share > TOO_HIGH or half else "good", sentence,
        "Judge the most suspect first (they can be sent to the labelling queue), then export with the labels."
        if len(order) and (half or share > TOO_HIGH) else "",
        COLUMNS, tuple(_row(case, int(at), float(values[at])) for at in order[:TOP]), max(len(order) - TOP, 0),
        pairs=case.pairs[order[:MOST_PAIRS]], figure=figure,
        facts={"negatives": negatives, "expected": round(expected, 3), "share": round(share, 5), "above_half": half,
               "unknown": int((~known).sum()), "fitted": case.suspicion.fitted, "labelled": case.suspicion.labelled},
    )  # fmt: skip


def _row(case: Case, at: int, value: float) -> tuple[Cell, ...]:
    row, column = (int(side[at]) for side in case.taken)
    query, document = (int(part) for part in case.pairs[at])
    reasons = "; ".join(case.suspicion.reasons(row, column))
    return (round(value, 3), *query_cells(case, query), *document_cells(case, document), shown(reasons))
