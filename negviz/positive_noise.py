"""Noise of the positives: which queries' labelled positives look mismatched, by how they do against random documents.

The Noisy Pair Corrector's detection: the negative log-likelihood of each positive against random negatives, and a
mixture of two Gaussians over all queries, of which the lower one holds the clean pairs.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from negviz.arrays import Bools, Floats
from negviz.errors import MissingInputError
from negviz.pool import Anchor, Pool
from negviz.pushes import shares

FEWEST = 10
START = (10, 90)
KEPT_FITS = 8
ROWS = 8192


@dataclass(frozen=True, eq=False)
class Mixture:
    """Two Gaussians fitted to numbers, the lower mean first, and what one alone would make of them.

    Attributes:
        shares: (2,) share of each; they sum to 1.
        means: (2,), ascending.
        deviations: (2,) standard deviations.
        posterior: (numbers,) probability of the lower component for each number that was fitted.
        gain: How much the Bayesian information criterion of one Gaussian exceeds that of two; below 0 one is enough.
    """

    shares: Floats
    means: Floats
    deviations: Floats
    posterior: Floats
    gain: float

    @property
    def separation(self) -> float:
        """Distance of the means in units of the common spread (Ashman's D); above 2 the two are clearly apart."""
        spread = float(np.sqrt((self.deviations**2).sum() / 2))
        return float(self.means[1] - self.means[0]) / spread if spread > 0 else 0.0

    def posterior_at(self, values: Floats) -> Floats:
        """(numbers,) probability of the lower component for other numbers than those that were fitted."""
        away = (values[:, None] - self.means) / self.deviations
        logs = np.log(self.shares / self.deviations) - away**2 / 2
        return np.asarray(1.0 / (1.0 + np.exp(np.clip(logs[:, 1] - logs[:, 0], -700.0, 700.0))))


@dataclass(frozen=True, eq=False)
class PositiveNoise:
    """Every query's positive against random documents, and the mixture over all of them.

    Attributes:
        likelihoods: (queries,) negative log-likelihood of the positive (the paper says perplexity); NaN where a query
            has no scored positive or no random negative.
        mixture: Fitted over the queries that have one.
    """

    likelihoods: Floats
    mixture: Mixture

    @cached_property
    def posterior(self) -> Floats:
        """(queries,) probability that the pair is clean, NaN where unknown."""
        found = np.full(len(self.likelihoods), np.nan)
        found[np.isfinite(self.likelihoods)] = self.mixture.posterior
        return found

    def clean(self, posterior: float) -> Bools:
        """(queries,), True where the pair is clean with more than that probability."""
        with np.errstate(invalid="ignore"):
            return np.asarray(self.posterior > posterior)


def positive_noise(pool: Pool, *, scorer: str, anchor: Anchor, retriever: str, scale: float) -> PositiveNoise:
    """Judge every query's positive.

    Args:
        pool: Candidates.
        scorer: Whose scores.
        anchor: Which positive; ``min`` is the most doubtful one.
        retriever: Whose candidates are the random negatives; leaks among them do not count.
        scale: What scores are multiplied by.

    Raises:
        MissingInputError: If the pool has no such retriever, or too few queries for a mixture.

    References:
        METHODS E7; Noisy Pair Corrector, arXiv:2311.03798, Eq. 2 to 4.
    """
    if retriever not in pool.ranks:
        known = ", ".join(sorted(pool.ranks)) or "none"
        raise MissingInputError(
            f"Judging the positives needs documents drawn at random, brought by the retriever '{retriever}', but this "
            f"pool has those of: {known}; build it again with --retriever {retriever}."
        )
    kept: dict[Any, PositiveNoise] = pool.__dict__.setdefault("_positive_noise", {})
    key = (scorer, anchor, retriever, scale)
    if key not in kept:
        found = likelihoods(pool, scorer=scorer, anchor=anchor, retriever=retriever, scale=scale)
        known_ones = found[np.isfinite(found)]
        if len(known_ones) < FEWEST or np.ptp(known_ones) <= 0:
            raise MissingInputError(
                f"Judging the positives needs at least {FEWEST} queries whose positives do differently well against "
                f"random documents, but this pool has {len(known_ones)}; load data with more labelled queries."
            )
        while len(kept) >= KEPT_FITS:
            kept.pop(next(iter(kept)), None)
        kept[key] = PositiveNoise(found, mixture(known_ones))
    return kept[key]


def likelihoods(pool: Pool, *, scorer: str, anchor: Anchor, retriever: str, scale: float) -> Floats:
    """(queries,) negative log-likelihood of each positive among itself and its random negatives; NaN where unknown."""
    own = pool.anchor(scorer, anchor)
    found = np.full(len(pool), np.nan)
    # A block of rows at a time: as float64 all candidates of a large pool do not fit into memory several times over.
    for start in range(0, len(pool), ROWS):
        rows = slice(start, start + ROWS)
        scores = pool.score(scorer)[rows].astype(np.float64)
        negatives = pool.eligible[rows] & (pool.ranks[retriever][rows] >= 0) & np.isfinite(scores)
        known = np.isfinite(own[rows]) & negatives.any(axis=1)
        logits = scale * np.where(negatives, scores, 0.0)
        log_own, _ = shares(scale * np.where(known, own[rows], 0.0), logits, negatives)
        found[rows] = np.where(known, -log_own, np.nan)
    return found


def mixture(values: Floats) -> Mixture:
    """Fit two Gaussians by expectation-maximisation.

    Numbers are put in order and on a common scale first, and the start is taken from their percentiles: neither the
    order of queries, nor units, nor chance has a say.

    Args:
        values: (numbers,) at least two different ones.
    """
    from sklearn.mixture import GaussianMixture

    middle, spread = float(np.mean(np.sort(values))), float(np.std(np.sort(values)))
    ordered = ((np.sort(values) - middle) / spread)[:, None]
    start = np.percentile(ordered, START)[:, None]
    two = GaussianMixture(
        2, tol=1e-6, max_iter=1000, means_init=start, weights_init=[0.5, 0.5], precisions_init=np.ones((2, 1, 1)),
        init_params="random_from_data", random_state=0,
    ).fit(ordered)  # fmt: skip
    one = GaussianMixture(1, random_state=0).fit(ordered)
    low = np.argsort(two.means_[:, 0], kind="stable")
    posterior = two.predict_proba(((values - middle) / spread)[:, None])[:, low[0]]
    return Mixture(
        np.asarray(two.weights_[low]),
        np.asarray(middle + spread * two.means_[low, 0]),
        np.asarray(spread * np.sqrt(two.covariances_[low, 0, 0])),
        np.asarray(posterior),
        float(one.bic(ordered) - two.bic(ordered)),
    )
