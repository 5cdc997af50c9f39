"""Positives to check: labelled answers that look wrong."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from negviz.arrays import PAD, Floats, Ints
from negviz.charts import FALSE_NEGATIVE, POSITIVE, QUERY, Line
from negviz.charts.counted import counted
from negviz.compiled import against
from negviz.diagnostics.likelihood_profile import likelihood_profile
from negviz.errors import MissingInputError
from negviz.findings import FINDINGS, MOST_PAIRS, TOP, Case, Cell, Finding, document_cells, percent, query_cells, some
from negviz.positive_noise import PositiveNoise, positive_noise

RANDOM = "random"
CLEAN = 0.5
# Ashman's D: below 2 two Gaussians are not apart, and the upper one is the tail of the good pairs.
APART = 2.0
# Fewer queries, or more doubtful than clean ones, are no mixture to believe.
FEWEST_QUERIES, MOST_DOUBTFUL = 50, 0.5
FEWEST = 4
MANY = 0.1
# Where such a part of the positives loses, it is rather the scores that are wrong than the labels.
MOST = 0.5
FEW = f"the mixture of likelihoods needs {FEWEST_QUERIES} queries to be believed"
COLUMNS = ("why", "query id", "query", "document id", "labelled as its answer", "candidates above it")


@dataclass(frozen=True, eq=False)
class Doubtful:
    """Positives that look wrong.

    Attributes:
        rows: (positives,) rows of the pool.
        documents: (positives,) rows of documents.
        above: (positives,) candidates that score above it.
        known: (positives,) candidates with a score.
        outranked: (positives,) whether most of the candidates score above it.
        noisy: (positives,) whether the mixture calls the pair wrong.
    """

    rows: Ints
    documents: Ints
    above: Ints
    known: Ints
    outranked: npt.NDArray[np.bool_]
    noisy: npt.NDArray[np.bool_]


@FINDINGS.register("Positives to check", place=40, reference="METHODS E7 and 12.11; Noisy Pair Corrector")
def positives_to_check(case: Case) -> Finding:
    """Look for labelled positives that score below most candidates, or that do badly against random documents.

    The second is the detection of the Noisy Pair Corrector: a mixture of two Gaussians over all queries. It counts only
    for 50 queries or more, where the two are clearly apart (Ashman's D above 2) and the doubtful ones are fewer, since
    it splits any data in two. A wrong positive makes every rule that measures from it let everything through. Positives
    below most candidates in more than a tenth of the queries are bad; these limits are ours.

    Args:
        case: What is audited.

    Raises:
        MissingInputError: If no positive has a score.
    """
    pool = case.pool
    noise, why_not = _noise(case)
    found = _doubtful(case, noise)
    scored = int(np.isfinite(pool.positive_scores[case.scorer]).sum())
    if not scored:
        raise MissingInputError(
            f"No positive of these queries has a score by '{case.scorer}', so none can be compared with the candidates."
        )
    order = _order(case, found)
    outranked, noisy = int(found.outranked.sum()), int(found.noisy.sum())
    queries = len(np.unique(found.rows[found.outranked | found.noisy]))
    mixture = f"{noisy:,} do badly against random documents by the Noisy Pair Corrector's mixture" if noise else why_not
    labelled = max(int(pool.has_positive.sum()), 1)
    share, beaten = queries / labelled, len(np.unique(found.rows[found.outranked])) / labelled
    return Finding(
        "good" if not len(order) else "bad" if beaten > MANY else "look",
        f"Of {some(scored, 'labelled positive')}, {outranked:,} score below most of their candidates; {mixture}. "
        f"That concerns {some(queries, 'query', 'queries')} ({share:.1%}). Hard but right pairs can look wrong, too.",
        _todo(case, outranked / scored) if len(order) else "",
        COLUMNS, tuple(_row(case, found, int(at)) for at in order[:TOP]), max(len(order) - TOP, 0),
        pairs=np.stack([pool.queries[found.rows], found.documents], axis=1)[order[:MOST_PAIRS]].astype(np.int32),
        figure=_figure(noise) if noise else None,
        facts={"positives": scored, "outranked": outranked, "noisy": noisy if noise else None, "queries": queries,
               "share": round(share, 5)},
    )  # fmt: skip


def _todo(case: Case, part: float) -> str:
    read = "Read these pairs; take wrong ones out of the data, since every margin of their query is measured from them."
    if part <= MOST:
        return read
    return (
        f"So many are rather a mistake of the scores than of the labels: see first whether '{case.scorer}' can read "
        f"this language and these texts, and choose another encoder if not. {read}"
    )


def _noise(case: Case) -> tuple[PositiveNoise | None, str]:
    """The mixture, or why there is none, to complete a sentence."""
    try:
        noise = positive_noise(case.pool, scorer=case.scorer, anchor="min", retriever=RANDOM, scale=1.0)
    except MissingInputError:
        if RANDOM not in case.pool.ranks:
            return None, "the mixture of likelihoods needs random documents: build the pool with --retriever random"
        return None, FEW
    if int(np.isfinite(noise.likelihoods).sum()) < FEWEST_QUERIES:
        return None, FEW
    mixture = noise.mixture
    if mixture.separation < APART or mixture.gain <= 0 or mixture.shares[1] >= MOST_DOUBTFUL:
        return None, "by their likelihoods against random documents they do not fall into two groups"
    return noise, ""


def _doubtful(case: Case, noise: PositiveNoise | None) -> Doubtful:
    pool = case.pool
    scores = pool.positive_scores[case.scorer].astype(np.float64)
    weakest = pool.anchor(case.scorer, "min")
    parts: list[tuple[npt.NDArray[Any], ...]] = []
    wrong = np.zeros(len(pool), dtype=bool)
    if noise:
        with np.errstate(invalid="ignore"):
            wrong = (noise.posterior < CLEAN) & (noise.likelihoods > noise.mixture.means[0])
    for place in range(pool.positives.shape[1]):
        level = np.where(np.equal(pool.positives[:, place], PAD), np.nan, scores[:, place])
        compared = against(pool.score(case.scorer), level, pool.eligible)
        rows = np.flatnonzero(np.isfinite(level))
        above, known = compared.above[rows], compared.known[rows]
        outranked = (2 * above.astype(np.int64) > known) & (known >= FEWEST)
        noisy = wrong[rows] & (level[rows] <= weakest[rows])
        parts.append((rows, pool.positives[rows, place], above, known, outranked, noisy))
    empty: tuple[npt.NDArray[Any], ...] = (np.zeros(0, np.int64),) * 4 + (np.zeros(0, bool),) * 2
    return Doubtful(*(np.concatenate(side) for side in zip(*(parts or [empty]), strict=True)))


def _order(case: Case, found: Doubtful) -> npt.NDArray[np.intp]:
    """Doubtful by both first, then by the share of candidates above; ties by ids."""
    listed = np.flatnonzero(found.outranked | found.noisy)
    ids = np.array([case.dataset.query_id(int(case.pool.queries[row])) for row in found.rows[listed]], dtype=object)
    place = np.unique(ids, return_inverse=True)[1] if len(ids) else np.zeros(0, np.int64)
    share: Floats = found.above[listed] / np.maximum(found.known[listed], 1)
    both = found.outranked[listed].astype(np.int64) + found.noisy[listed]
    return listed[np.lexsort((found.documents[listed], place, -share, -both))]


def _row(case: Case, found: Doubtful, at: int) -> tuple[Cell, ...]:
    why = ["below most candidates"] * bool(found.outranked[at]) + ["badly against random ones"] * bool(found.noisy[at])
    query, document = int(case.pool.queries[found.rows[at]]), int(found.documents[at])
    above = f"{int(found.above[at]):,} of {int(found.known[at]):,} ({percent(found.above[at], found.known[at])})"
    return ("; ".join(why), *query_cells(case, query), *document_cells(case, document), above)


def _figure(noise: PositiveNoise) -> go.Figure:
    profile = likelihood_profile(noise, CLEAN)
    return counted(
        profile.edges, [("queries", profile.counts)], x="negative log-likelihood of the positive",
        y="queries", lines=[Line("cut", cut, QUERY, "dash") for cut in profile.cuts[-1:]],
        curves=[("clean, expected", profile.clean, POSITIVE), ("doubtful, expected", profile.noisy, FALSE_NEGATIVE)],
    )  # fmt: skip
