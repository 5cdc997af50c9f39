"""Hardness: whether negatives teach anything, or the same to everybody."""

import numpy as np

from negviz.arrays import PAD, Bools, Floats
from negviz.charts import POSITIVE, Line
from negviz.charts.counted import counted
from negviz.diagnostics.hardness_summary import hardness_summary
from negviz.diagnostics.margins import margins
from negviz.errors import MissingInputError
from negviz.findings import FINDINGS, MOST_PAIRS, Case, Cell, Finding, Severity, by_id, need_negatives, percent, some
from negviz.pool import LEAKS

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
    values = margins(case.pool, case.scorer, case.selection.recipe.anchor)
    summary = hardness_summary(case.selection, case.scorer, case.selection.recipe.anchor)
    if not summary.known:
        raise MissingInputError(
            f"No negative has a score by '{case.scorer}' beside a positive with one, so their hardness is not known; "
            "build the pool with --scorer dense."
        )
    own = values[rows, columns]
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
        pairs=case.pairs[order[:MOST_PAIRS]], figure=_figure(case, values, own),
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
    if not _random(case).any():
        return np.full(len(case.pool), np.nan)
    scores = np.where(_random(case), case.pool.score(case.scorer), np.nan).astype(np.float64)
    enough = np.isfinite(scores).sum(axis=1) >= FEWEST
    found = np.full(len(scores), np.nan)
    found[enough] = np.nanmedian(scores[enough], axis=1)
    return found


def _random(case: Case) -> Bools:
    """(queries, depth), True for random documents."""
    if RANDOM not in case.pool.ranks:
        return np.zeros(case.pool.documents.shape, dtype=bool)
    return np.asarray((case.pool.ranks[RANDOM] >= 0) & case.pool.eligible)


def _same_negatives(case: Case) -> int:
    """Queries whose set of negatives is exactly that of another query."""
    documents = np.where(case.selection.taken, case.pool.documents, PAD)
    documents = np.sort(documents[case.selection.taken_counts > 0], axis=1)
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


def _figure(case: Case, values: Floats, own: Floats) -> object:
    groups = [("negatives", own[np.isfinite(own)])]
    others = values[_random(case) & ~case.selection.taken]
    if np.isfinite(others).any():
        groups.append(("random documents", others[np.isfinite(others)]))
    everything = np.concatenate([part for _, part in groups])
    low, high = float(everything.min()), float(everything.max())
    edges = np.linspace(low, high if high > low else low + 1, BINS + 1)
    bins = [(name, np.histogram(part, edges)[0].astype(np.int32)) for name, part in groups]
    scale = case.pool.scales.get(case.scorer, "unknown scale")
    return counted(edges, bins, x=f"score minus the positive's ({case.scorer}, {scale})", y="share of each group, %",
                   shares=True, lines=[Line("the positive", 0.0, POSITIVE, "dash")])  # fmt: skip
