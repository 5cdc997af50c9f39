"""Leaks: negatives that are labelled positives, copies of them, the query itself, blank, or known to be false."""

import numpy as np

from negviz.findings import (
    FINDINGS,
    MOST_PAIRS,
    TOP,
    Case,
    Cell,
    Finding,
    Severity,
    by_id,
    document_cells,
    need_negatives,
    query_cells,
)
from negviz.labels import Verdict
from negviz.leaks import NEVER_ALLOWED
from negviz.pool import LEAKS

LABELLED = "labelled false negative"
DOUBTFUL = ("near-duplicate of a positive", "positive of a near-identical query", "same group as a positive", LABELLED)
COLUMNS = ("what it is", "query id", "query", "document id", "document")
# What harms most comes first.
ORDER = ("labelled positive", "same text as a positive", LABELLED, "near-duplicate of a positive",
         "is the query itself", "blank text", "positive of a near-identical query", "same group as a positive",
         "repeats another candidate")  # fmt: skip


@FINDINGS.register("Leaks among the negatives", place=30, reference="negviz.leaks")
def leaks(case: Case) -> Finding:
    """Look for negatives that no recipe would have taken: labelled positives, their copies, blanks and so on.

    Our own selections have none, unless a recipe allows one on purpose; negatives that were mined elsewhere often do.
    A negative is counted once, by the worst that it is.

    Args:
        case: What is audited.

    Raises:
        MissingInputError: If there is no negative.
    """
    negatives = need_negatives(case)
    kinds = _kinds(case)
    names = [name for name in ORDER if name not in case.selection.recipe.allow]
    codes = np.array([names.index(kind) if kind in names else len(names) for kind in kinds])
    places = np.flatnonzero(codes < len(names))
    by_query, by_document = by_id(case, case.pairs[places])
    order = places[np.lexsort((by_document, by_query, codes[places]))]
    counts = {name: int(np.equal(codes, place).sum()) for place, name in enumerate(names)}
    doubtful = [at for at in order if names[codes[at]] in DOUBTFUL]
    return Finding(
        _severity(counts), _sentence(counts, negatives, case),
        _todo(case) if len(order) else "",
        COLUMNS, tuple(_row(case, int(at), names[codes[at]]) for at in order[:TOP]), max(len(order) - TOP, 0),
        pairs=case.pairs[np.array(doubtful[:MOST_PAIRS], dtype=np.int64)],
        facts={"negatives": negatives, "leaks": int(sum(counts.values())), "by_kind": counts,
               "allowed": list(case.selection.recipe.allow)},
    )  # fmt: skip


def _todo(case: Case) -> str:
    if case.mined_elsewhere:
        return "Take them out: choose from the same data with any recipe, which refuses leaks, and export that."
    return "Choose again with the labels, or export with them: what they call false is then no negative."


def _kinds(case: Case) -> list[str]:
    """(negatives,) the worst that each is; empty for nothing."""
    rows, columns = case.taken
    flags = case.pool.flags[rows, columns]
    false = np.equal(case.verdicts, Verdict.FALSE_NEGATIVE.code)
    found = np.full(len(rows), "", dtype=object)
    for name in reversed(ORDER):
        found[false if name == LABELLED else np.not_equal(flags & LEAKS[name], 0)] = name
    return list(found)


def _severity(counts: dict[str, int]) -> Severity:
    worst = any(count and (name == LABELLED or LEAKS.get(name, 0) & NEVER_ALLOWED) for name, count in counts.items())
    return "bad" if worst else "look" if any(counts.values()) else "good"


def _sentence(counts: dict[str, int], negatives: int, case: Case) -> str:
    found = [f"{name} {count:,}" for name, count in counts.items() if count]
    allowed = case.selection.recipe.allow
    told = f" The recipe allows on purpose: {', '.join(allowed)}." if allowed else ""
    if not found:
        return f"None of the {negatives:,} negatives is a labelled positive, a copy of one, the query or blank.{told}"
    total = sum(counts.values())
    return f"{total:,} of the {negatives:,} negatives ({total / negatives:.1%}) leak: {'; '.join(found)}.{told}"


def _row(case: Case, at: int, kind: str) -> tuple[Cell, ...]:
    query, document = (int(part) for part in case.pairs[at])
    return (kind, *query_cells(case, query), *document_cells(case, document))
