"""Suspicion: the probability of each candidate that it is a false negative, from the signals of its pool.

Without labels the probability is that of a logistic regression over signals (``negviz.signals``) whose coefficients
come with the program, fitted by ``benchmarks/fit_prior.py`` over several collections with complete judgments. So that
they hold for another encoder and another corpus, a signal enters as how it stands out: within the query's list, or
among all queries of the pool. A signal that the pool has no input for says nothing: it counts as usual.

With labels of both kinds the coefficients are fitted anew on top of those.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from importlib import resources
from typing import Any, Literal, cast

import numpy as np
import numpy.typing as npt

from negviz.arrays import PAD, Bools, Floats, Ints, Scores, text_keys, uniform
from negviz.labels import Labels, Verdict
from negviz.pool import Pool
from negviz.selection import Selection
from negviz.signals import SIGNALS
from negviz.signals._lists import main_scorer

View = Literal["list", "pool", "rank"]
PRIOR_FILE = "suspicion_prior.json"
# The list that a candidate is compared within: so many of the best by score, however deep the pool is and whoever
# else, such as a random retriever, brought more.
HEAD = 50
# Whole pools are known from so many of their queries.
KNOWN_BY = 1000
ROWS = 256
FARTHEST = 4.0
LEAST_SAID = 0.15
# What the prior says counts as much as so many labels: on the collections that it was fitted on, with fewer of them
# the coefficients that a hundred labels give are worse than those of the prior.
PRIOR_LABELS = 3000.0
USUAL_QUERIES = 100
LOOSE = 1e6
# Standard deviations in log-odds: of collections around the prior, and at most of queries around their collection.
SHIFT = 2.0
QUERIES_DIFFER = 0.5
FARTHEST_QUERY = 1.5
MOST_RARE = 4.0
STEPS = 25


@dataclass(frozen=True)
class Term:
    """One summand of the prior: a signal, in what it stands out, and how much that counts."""

    signal: str
    view: View
    coefficient: float


@dataclass(frozen=True)
class Prior:
    """A logistic regression that comes with the program.

    Attributes:
        intercept: Log-odds of a candidate that is usual in every way.
        terms: Summands.
        about: What it was fitted on, for people.
    """

    intercept: float
    terms: tuple[Term, ...]
    about: str

    @property
    def coefficients(self) -> Floats:
        """(terms,)."""
        return np.array([term.coefficient for term in self.terms])


def shipped_prior() -> Prior:
    """The prior that comes with the program."""
    read = json.loads(resources.files("negviz").joinpath(PRIOR_FILE).read_text("utf-8"))
    terms = tuple(Term(each["signal"], each["view"], float(each["coefficient"])) for each in read["terms"])
    return Prior(float(read["intercept"]), terms, str(read["about"]))


class Features:
    """How each candidate of a pool stands out in each of some terms."""

    def __init__(self, pool: Pool, terms: Sequence[tuple[str, View]]) -> None:
        """Take the measure of a pool.

        Args:
            pool: Candidates.
            terms: Signals and views.
        """
        self.pool = pool
        self.terms = tuple(terms)
        self.entries = [SIGNALS.get(name) for name in dict.fromkeys(name for name, _ in terms)]

    def of(self, rows: Ints) -> Floats:
        """(rows, depth, terms) in units of a usual difference, from -4 to 4; 0 is usual or unknown.

        Args:
            rows: (rows,) rows of the pool.
        """
        values = {entry.name: entry.function(self.pool, rows) for entry in self.entries}
        head = head_of(self.pool, rows)
        return self.viewed(values, head)

    def viewed(self, values: dict[str, Floats], head: Bools) -> Floats:
        """``of`` for signals that were worked out already."""
        layers = [self._view(name, view, values[name], head) for name, view in self.terms]
        stacked = np.stack(layers, axis=2) if layers else np.zeros((*head.shape, 0))
        return np.where(np.isfinite(stacked), np.clip(stacked, -FARTHEST, FARTHEST), 0.0)

    def _view(self, name: str, view: View, values: Floats, head: Bools) -> Floats:
        if view == "rank":
            return _places(values, head)
        if view == "list":
            return _within_list(values, head)
        middle, spread = self.measures[name]
        return np.asarray((values - middle) / spread)

    @cached_property
    def usual(self) -> Floats:
        """(candidates, terms) of the best candidates of some queries: what the prior speaks of beside the labels."""
        found = [self.of(block)[head_of(self.pool, block)] for block in blocks(known_by(self.pool, USUAL_QUERIES))]
        return np.concatenate(found) if found else np.zeros((0, len(self.terms)))

    @cached_property
    def measures(self) -> dict[str, tuple[float, float]]:
        """Median and robust standard deviation of each signal among the candidates of many queries."""
        rows = known_by(self.pool, KNOWN_BY)
        found: dict[str, list[Floats]] = {entry.name: [] for entry in self.entries}
        for block in blocks(rows):
            head = head_of(self.pool, block)
            for entry in self.entries:
                values = entry.function(self.pool, block)[head]
                found[entry.name].append(values[np.isfinite(values)])
        return {name: _measure(np.concatenate(parts) if parts else np.zeros(0)) for name, parts in found.items()}


def _measure(values: Floats) -> tuple[float, float]:
    if not len(values):
        return 0.0, 1.0
    low, middle, high = np.percentile(values, [15.87, 50.0, 84.13])
    spread = (high - low) / 2
    return float(middle), float(spread) if spread > 0 else float(values.std()) or 1.0


def _within_list(values: Floats, head: Bools) -> Floats:
    """Distance from the mean of the list in standard deviations of the list."""
    among = head & np.isfinite(values)
    count = np.maximum(among.sum(axis=1), 1)[:, None]
    mean = np.where(among, values, 0.0).sum(axis=1, keepdims=True) / count
    spread = np.sqrt((np.where(among, values - mean, 0.0) ** 2).sum(axis=1, keepdims=True) / count)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(spread > 1e-9, (values - mean) / np.maximum(spread, 1e-9), 0.0))


def _places(values: Floats, head: Bools) -> Floats:
    """Doublings of the place from the middle of the list: 0 at place 7, 2.8 at the first, -2.8 at place 50."""
    found = np.full(values.shape, np.nan)
    for place, row in enumerate(values):
        known = np.isfinite(row)
        others = np.sort(-row[known & head[place]])
        sides = [np.searchsorted(others, -row[known], side) for side in ("left", "right")]
        middle = 1 + np.maximum(sides[0] + sides[1] - 1, 0) / 2
        found[place, known] = np.log2(np.sqrt(HEAD)) - np.log2(middle)
    return found


def head_of(pool: Pool, rows: Ints) -> Bools:
    """(rows, depth), True for the 50 best eligible candidates of a query by score; all where there is no score."""
    eligible, scorer = pool.eligible[rows], main_scorer(pool)
    if scorer is None:
        return np.asarray(eligible)
    scores = pool.scores[scorer][rows].astype(np.float64)
    values = np.where(eligible & np.isfinite(scores), scores, -np.inf)
    if values.shape[1] <= HEAD:
        return np.asarray(np.isfinite(values))
    order = np.argsort(-values, axis=1, kind="stable")[:, :HEAD]
    found = np.zeros(values.shape, dtype=bool)
    np.put_along_axis(found, order, True, axis=1)
    return np.asarray(found & np.isfinite(values))


def known_by(pool: Pool, most: int) -> Ints:
    """Rows of the queries that a pool is known from: all, or those with the smallest noise of their ids."""
    rows = np.arange(len(pool), dtype=np.int32)
    if len(rows) <= most:
        return rows
    ids = [pool.dataset.query_ids[row] for row in pool.queries]
    return np.sort(np.argsort(uniform(text_keys(ids), 0), kind="stable")[:most]).astype(np.int32)


def blocks(rows: Ints) -> Iterator[Ints]:
    """Rows a few hundred at a time."""
    for start in range(0, len(rows), ROWS):
        yield rows[start : start + ROWS]


@dataclass(frozen=True, eq=False)
class Suspicion:
    """P(false negative) of the candidates of a pool.

    Attributes:
        pool: Candidates.
        prior: What it starts from.
        intercept: Log-odds of a candidate that is usual in every way.
        coefficients: (terms,) of the prior's terms, fitted anew where there are labels.
        shifts: (queries,) what the labels of a query say of the query's other candidates, in log-odds.
        features: How candidates stand out, measured with the labelled positives.
        found: The same with the false negatives that labels found as further positives; None where there are none.
        said: (queries, depth), True for labelled candidates.
        fitted: Whether labels of this collection have a say in the coefficients.
        labelled: How many labelled candidates it rests on.
        about: What it rests on, a sentence for people.
    """

    pool: Pool
    prior: Prior
    intercept: float
    coefficients: Floats
    shifts: Floats
    features: Features
    found: Features | None
    said: Bools
    fitted: bool
    labelled: int
    about: str

    def probabilities(self, rows: Ints | None = None) -> Scores:
        """P(false negative), a block of queries at a time.

        Args:
            rows: (rows,) rows of the pool; all where None.

        Returns:
            (rows, depth), NaN for leaks and padding.
        """
        asked = np.arange(len(self.pool), dtype=np.int32) if rows is None else np.asarray(rows, dtype=np.int32)
        found = np.full((len(asked), self.pool.depth), np.nan, dtype=np.float32)
        for start in range(0, len(asked), ROWS):
            block = asked[start : start + ROWS]
            logits = self.intercept + self._standing(block) @ self.coefficients + self.shifts[block, None]
            found[start : start + ROWS] = np.where(self.pool.eligible[block], _share(logits), np.nan)
        return found

    def reasons(self, row: int, column: int) -> tuple[str, ...]:
        """Why a candidate is suspected, in plain words, what counts most first.

        A signal counts by how much it adds to the log-odds of a usual candidate; those that add little or take away
        are left out.

        Args:
            row: Row of the pool.
            column: Column of the candidate.
        """
        return self.reasons_of(row, np.array([column]))[0]

    def reasons_of(self, row: int, columns: npt.NDArray[np.integer[Any]]) -> list[tuple[str, ...]]:
        """``reasons`` of several candidates of one query.

        Args:
            row: Row of the pool.
            columns: (candidates,) columns.
        """
        rows = np.array([row], dtype=np.int32)
        added = self._standing(rows)[0] * self.coefficients
        values = {entry.name: entry.function(self._seen, rows)[0] for entry in self.features.entries}
        return [self._reasons(row, int(column), added[column], values) for column in columns]

    @property
    def _seen(self) -> Pool:
        return self.found.pool if self.found else self.pool

    def _standing(self, rows: Ints) -> Floats:
        """(rows, depth, terms); a labelled candidate is not compared with itself."""
        if self.found is None:
            return self.features.of(rows)
        own = self.said[rows]
        seen = self.found.of(rows)
        if own.any():
            touched = own.any(axis=1)
            seen[touched] = np.where(own[touched, :, None], self.features.of(rows[touched]), seen[touched])
        return seen

    def _reasons(self, row: int, column: int, added: Floats, values: Mapping[str, Floats]) -> tuple[str, ...]:
        total: dict[str, float] = {}
        for term, part in zip(self.prior.terms, added, strict=True):
            total[term.signal] = total.get(term.signal, 0.0) + float(part)
        told = [name for name, part in total.items() if part > LEAST_SAID and np.isfinite(values[name][column])]
        told.sort(key=lambda name: (-total[name], name))
        words = [
            SIGNALS.get(name).trait("words")(self._seen, row, column, float(values[name][column])) for name in told
        ]
        if self.shifts[row] > LEAST_SAID:
            words.append("labels found more false negatives of this query than expected")
        return tuple(words)


def suspicion_model(
    pool: Pool, labels: Labels | None = None, selection: Selection | None = None, prior: Prior | None = None
) -> Suspicion:
    """The suspicion of a pool's candidates: of the prior, or fitted to labels on top of it.

    First the prior's intercept moves to where the labels have it: how common false negatives are differs most between
    collections, and labels tell it soonest. Then a logistic regression (scikit-learn) over the prior's own terms is
    fitted to the labels and to what the moved prior itself says of some thousand candidates, which counts as much as
    3,000 labels (a catalytic prior, Huang et al. 2020). It is chosen because labels can then bend the prior and some
    dozen cannot overturn it, and because what minimises the log loss is calibrated on what it was fitted to; isotonic
    regression would need hundreds of labels, and a slope of its own was as uncertain as the coefficients. It holds for
    labels that were asked for by suspicion, too, since what chose them is in its terms. Labels that all say the same
    move the intercept only.

    Labels of one query say much the same, so together they weigh as much as the square root of their number. Labels
    drawn with a known probability weigh the more the less likely they were drawn, within limits. ``drop`` and
    ``unsure`` are left out. False negatives that labels found count as further positives of their query. What is left
    over is given to the queries: a query whose labels were worse than expected is worse than expected (one step
    towards a random intercept).

    Args:
        pool: Candidates.
        labels: What people said; None for nothing.
        selection: Whose pool counts instead, where it was made from a source of its own.
        prior: Instead of the one that comes with the program.
    """
    pool = pool if selection is None else selection.pool
    prior = shipped_prior() if prior is None else prior
    features = features_of(pool, prior)
    evidence = _evidence(features, labels) if labels else None
    if evidence is None or not len(evidence.verdicts):
        about = f"No label of this collection yet: a prior, {prior.about}."
        none = np.zeros(pool.documents.shape, dtype=bool)
        return Suspicion(pool, prior, prior.intercept, prior.coefficients, np.zeros(len(pool)), features, None, none,
                         False, 0, about)  # fmt: skip
    both = bool(evidence.verdicts.any() and not evidence.verdicts.all())
    intercept, coefficients = _shifted(prior, evidence)
    if both:
        intercept, coefficients = _fitted(features, intercept, coefficients, evidence)
    expected = _share(intercept + evidence.standing @ coefficients)
    shifts = _query_shifts(len(pool), evidence, expected)
    said = np.zeros(pool.documents.shape, dtype=bool)
    said[evidence.rows, evidence.columns] = True
    number = len(evidence.verdicts)
    about = (
        f"Fitted to {number} labels of this collection, on top of a prior, {prior.about}."
        if both
        else f"A prior, {prior.about}, shifted by {number} labels that all say the same."
    )
    found = _with_found(features, evidence)
    return Suspicion(pool, prior, intercept, coefficients, shifts, features, found, said, both, number, about)


@dataclass(frozen=True, eq=False)
class _Evidence:
    """Labelled candidates: where they are, what was said, how they stand out, how much they weigh."""

    rows: Ints
    columns: Ints
    verdicts: Bools
    standing: Floats
    weights: Floats


def _evidence(features: Features, labels: Labels) -> _Evidence:
    pool = features.pool
    codes = np.where(pool.eligible, labels.align(pool), 0)
    rows, columns = np.nonzero(np.isin(codes, [Verdict.FALSE_NEGATIVE.code, Verdict.TRUE_NEGATIVE.code]))
    verdicts = codes[rows, columns] == Verdict.FALSE_NEGATIVE.code
    standing = np.zeros((len(rows), len(features.terms)))
    for block in blocks(np.unique(rows).astype(np.int32)):
        inside = np.isin(rows, block)
        standing[inside] = features.of(block)[np.searchsorted(block, rows[inside]), columns[inside]]
    _, place, number = np.unique(rows, return_inverse=True, return_counts=True)
    weights = number[place] ** -0.5 * _rarity(pool, labels, rows, columns)
    return _Evidence(rows.astype(np.int32), columns.astype(np.int32), verdicts, standing, weights)


def _rarity(pool: Pool, labels: Labels, rows: npt.NDArray[np.intp], columns: npt.NDArray[np.intp]) -> Floats:
    """(labels,) inverse of the probability with which a label was drawn, 1 on average and where none is known."""
    chances = {(query, document): event.probability for query, document, event in labels.found(pool.dataset)}
    pairs = zip(pool.queries[rows].tolist(), pool.documents[rows, columns].tolist(), strict=True)
    drawn = np.array([chances.get(pair) or np.nan for pair in pairs], dtype=np.float64)
    known = np.isfinite(drawn)
    if not known.any():
        return np.ones(len(drawn))
    inverse = 1 / np.where(known, drawn, 1.0)
    return np.where(known, np.clip(inverse / inverse[known].mean(), 1 / MOST_RARE, MOST_RARE), 1.0)


def _shifted(prior: Prior, evidence: _Evidence) -> tuple[float, Floats]:
    """The prior with its intercept moved to where the labels have it, by a few steps of Newton's method."""
    logits = prior.intercept + evidence.standing @ prior.coefficients
    shift = 0.0
    for _ in range(STEPS):
        share = _share(logits + shift)
        slope = (evidence.weights * (evidence.verdicts - share)).sum() - shift / SHIFT**2
        bend = (evidence.weights * share * (1 - share)).sum() + 1 / SHIFT**2
        shift += float(np.clip(slope / bend, -1.0, 1.0))
    return prior.intercept + shift, prior.coefficients


def _fitted(features: Features, intercept: float, coefficients: Floats, evidence: _Evidence) -> tuple[float, Floats]:
    from sklearn.linear_model import LogisticRegression

    usual = features.usual
    share = _share(intercept + usual @ coefficients)
    tells = share * (1 - share)
    tells *= PRIOR_LABELS / max(float(tells.sum()), 1e-12)
    every = np.concatenate([evidence.standing, usual, usual])
    answers = np.concatenate([evidence.verdicts, np.ones(len(usual), bool), np.zeros(len(usual), bool)])
    weights = np.concatenate([evidence.weights, tells * share, tells * (1 - share)])
    # The prior's candidates do what a penalty does, around the prior and not around nothing.
    model = LogisticRegression(C=LOOSE, max_iter=1000, tol=1e-8).fit(every, answers, sample_weight=weights)
    return float(model.intercept_[0]), np.asarray(model.coef_[0], dtype=np.float64)


def _query_shifts(queries: int, evidence: _Evidence, expected: Floats) -> Floats:
    """(queries,) log-odds by which a query's candidates exceed what was expected, shrunk towards none.

    How much queries differ is estimated by the method of moments: not at all where the labels of a query scatter no
    more than labels of one probability do.
    """
    surplus, known = np.zeros(queries), np.zeros(queries)
    np.add.at(surplus, evidence.rows, evidence.verdicts - expected)
    np.add.at(known, evidence.rows, expected * (1 - expected))
    differ = float((surplus**2 - known).sum() / max(float((known**2).sum()), 1e-12))
    variance = min(max(differ, 0.0), QUERIES_DIFFER**2)
    return np.asarray(np.clip(variance * surplus / (1 + variance * known), -FARTHEST_QUERY, FARTHEST_QUERY))


def _with_found(features: Features, evidence: _Evidence) -> Features | None:
    """The features of a pool that has the false negatives found as positives, by the measures of the pool itself."""
    pool, rows, columns = features.pool, evidence.rows[evidence.verdicts], evidence.columns[evidence.verdicts]
    if not len(rows):
        return None
    starts = np.maximum.accumulate(np.where(np.concatenate([[True], rows[1:] != rows[:-1]]), np.arange(len(rows)), 0))
    more = int((np.arange(len(rows)) - starts).max()) + 1
    place = pool.positives.shape[1] + np.arange(len(rows)) - starts
    wide = (len(pool), more)
    positives = np.concatenate([pool.positives, np.full(wide, PAD, np.int32)], axis=1)
    positives[rows, place] = pool.documents[rows, columns]
    scores = {}
    for name, own in pool.positive_scores.items():
        layer = np.concatenate([own, np.full(wide, np.nan, np.float32)], axis=1)
        layer[rows, place] = pool.scores[name][rows, columns]
        scores[name] = layer
    seen = Features(replace(pool, positives=positives, positive_scores=scores, stored_fingerprint=None), features.terms)
    seen.__dict__["measures"] = features.measures
    return seen


def features_of(pool: Pool, prior: Prior) -> Features:
    """How candidates of a pool stand out; its measures are taken once."""
    terms = tuple((term.signal, term.view) for term in prior.terms)
    kept = cast(dict[Any, Features], pool.__dict__.setdefault("_suspicion", {}))
    if terms not in kept:
        kept[terms] = Features(pool, terms)
    return kept[terms]


def _share(logits: Floats) -> Floats:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(logits, -40.0, 40.0))))
