"""Hardness: whether negatives teach anything, or the same to everybody."""

from collections.abc import Iterator

import numpy as np

from negviz.arrays import PAD, Bools, Floats, Ints
from negviz.charts import POSITIVE, Line
from negviz.charts.counted import counted
from negviz.diagnostics.hardness_summary import hardness_summary
from negviz.errors import MissingInputError
from negviz.findings import FINDINGS, MOST_PAIRS, Case, Cell, Finding, Severity, by_id, need_negatives, percent, some
from negviz.pool import ALL_LEAKS, LEAKS
from negviz.selection import groups_of, taken_mask

RANDOM = "random"
FEWEST = 5
BINS = 40
EASY_LOOK, EASY_BAD = 0.2, 0.5
ALIKE_LOOK, ALIKE_BAD = 0.05, 0.2
COLUMNS = ("what", "number", "share")


@FINDINGS.register("Hardness of the negatives", place=100, reference="METHODS 12")
def hardness(case: Case) -> Finding:
    """Measure how near the negatives come to the positive, and how many teach nothing.

    Too easy is a negative that scores no higher than the median of the random documents of its query: a random one
    would do. Texts that a query has twice teach once. Queries with exactly the same negatives point to a mistake in
    the mining. Above 20% too easy or 5% of the queries with the negatives of others is worth a look, above 50% or 20%
    is bad; the limits are ours.

    Args:
        case: What is audited.

    Raises:
        MissingInputError: If there is no negative, or nothing is scored.
    """
    negatives = need_negatives(case)
    rows, columns = case.taken
    anchor = case.pool.anchor(case.scorer, case.selection.recipe.anchor)
    summary = hardness_summary(case.selection, case.scorer, case.selection.recipe.anchor)
    if not summary.known:
        raise MissingInputError(
            f"No negative has a score by '{case.scorer}' beside a positive with one, so their hardness is not known; "
            "build the pool with --scorer dense."
        )
    own = case.pool.score(case.scorer)[rows, columns].astype(np.float64) - anchor[rows]
    above = np.flatnonzero(own > 0)
    easy, compared = _too_easy(case)
    repeats = int(np.not_equal(case.pool.flags[rows, columns] & LEAKS["repeats another candidate"], 0).sum())
    alike = _same_negatives(case)
    queries = max(int((case.selection.taken_counts > 0).sum()), 1)
    table: list[tuple[Cell, ...]] = [
        ("negatives above the positive", len(above), percent(len(above), negatives)),
        ("negatives no nearer than a random document", easy if compared else None,
         percent(easy, compared) if compared else "no random documents in the pool"),
        ("negatives that repeat another of their query", repeats, percent(repeats, negatives)),
        ("queries with exactly the negatives of another query", alike, percent(alike, queries)),
    ]  # fmt: skip
    told = (
        f"{percent(easy, compared)} score no higher than a random document"
        if compared else "whether they are too easy is not known without random documents (--retriever random)"
    )  # fmt: skip
    by_query, by_document = by_id(case, case.pairs[above])
    order = above[np.lexsort((by_document, by_query, -own[above]))]
    return Finding(
        _severity(easy / compared if compared else 0.0, alike / queries, repeats),
        f"{percent(len(above), negatives)} of the {negatives:,} negatives score above their positive; {told}. "
        f"{some(repeats, 'negative')} {'repeats' if repeats == 1 else 'repeat'} a text of the same query, and "
        f"{alike:,} of {some(queries, 'query', 'queries')} have exactly the negatives of another one.",
        _todo(easy / compared if compared else 0.0, alike / queries, repeats), COLUMNS, tuple(table),
        pairs=case.pairs[order[:MOST_PAIRS]], figure=_figure(case, anchor, own),
        facts={"negatives": negatives, "mean": round(summary.mean, 6), "median": round(summary.median, 6),
               "above_positive": len(above), "too_easy": easy if compared else None, "compared": compared,
               "repeats": repeats, "same_as_another": alike},
    )  # fmt: skip


def _too_easy(case: Case) -> tuple[int, int]:
    """Negatives at or below the median random document of their query, and how many could be compared."""
    middle = _random_median(case)
    rows, columns = case.taken
    own = case.pool.score(case.scorer)[rows, columns].astype(np.float64)
    known = np.isfinite(own) & np.isfinite(middle[rows])
    return int((own[known] <= middle[rows][known]).sum()), int(known.sum())


def _random_median(case: Case) -> Floats:
    """(queries,) median score of the random documents, NaN where there are fewer than five."""
    found = np.full(len(case.pool), np.nan)
    for rows, random in _random(case):
        scores = np.where(random, case.pool.score(case.scorer)[rows], np.nan).astype(np.float64)
        enough = np.isfinite(scores).sum(axis=1) >= FEWEST
        found[rows[enough]] = np.nanmedian(scores[enough], axis=1) if enough.any() else np.nan
    return found


def _random(case: Case) -> Iterator[tuple[Ints, Bools]]:
    """Rows of the pool and (rows, depth), True for random documents, a block of queries at a time."""
    if RANDOM in case.pool.ranks:
        for rows in groups_of(len(case.pool), case.pool.depth):
            clean = np.equal(case.pool.flags[rows] & ALL_LEAKS, 0) & np.not_equal(case.pool.documents[rows], PAD)
            yield rows, np.asarray((case.pool.ranks[RANDOM][rows] >= 0) & clean)


def _same_negatives(case: Case) -> int:
    """Queries whose set of negatives is exactly that of another query."""
    columns = case.selection.columns[case.selection.taken_counts > 0]
    own = case.pool.documents[np.flatnonzero(case.selection.taken_counts > 0)[:, None], np.maximum(columns, 0)]
    documents = np.sort(np.where(np.equal(columns, PAD), PAD, own), axis=1)
    times = np.unique(documents, axis=0, return_counts=True)[1] if len(documents) else np.zeros(0, np.int64)
    return int(times[times > 1].sum())


def _severity(easy: float, alike: float, repeats: int) -> Severity:
    if easy > EASY_BAD or alike > ALIKE_BAD:
        return "bad"
    return "look" if easy > EASY_LOOK or alike > ALIKE_LOOK or repeats else "good"


def _todo(easy: float, alike: float, repeats: int) -> str:
    if alike > ALIKE_LOOK:
        return "Look at how they were mined: queries should not share all of their negatives."
    if easy > EASY_LOOK:
        return "Mine harder ones: such negatives cost training time and give almost no gradient."
    return "Take the repeated texts out: they count several times." if repeats else ""


def _figure(case: Case, anchor: Floats, own: Floats) -> object:
    groups = [("negatives", own[np.isfinite(own)])]
    others = _others(case, anchor)
    if np.isfinite(others).any():
        groups.append(("random documents", others[np.isfinite(others)]))
    everything = np.concatenate([part for _, part in groups])
    low, high = float(everything.min()), float(everything.max())
    edges = np.linspace(low, high if high > low else low + 1, BINS + 1)
    bins = [(name, np.histogram(part, edges)[0].astype(np.int32)) for name, part in groups]
    scale = case.pool.scales.get(case.scorer, "unknown scale")
    return counted(edges, bins, x=f"score minus the positive's ({case.scorer}, {scale})", y="share of each group, %",
                   shares=True, lines=[Line("the positive", 0.0, POSITIVE, "dash")])  # fmt: skip


def _others(case: Case, anchor: Floats) -> Floats:
    """Distances to the positive of the random documents that are no negatives."""
    found = [np.zeros(0)]
    for rows, random in _random(case):
        places, columns = np.nonzero(random & ~taken_mask(case.selection.columns[rows], case.pool.depth))
        scores = case.pool.score(case.scorer)[rows[places], columns].astype(np.float64)
        found.append(scores - anchor[rows[places]])
    return np.concatenate(found)
