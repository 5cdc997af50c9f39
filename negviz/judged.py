"""Judged candidates: which candidates of a pool are known to be relevant or not, and at which rank they stand."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from negviz.arrays import Bools, Floats, Ints
from negviz.errors import MissingInputError
from negviz.labels import CODES, Verdict, Verdicts
from negviz.pool import KNOWN_NEGATIVE, LEAKS, Pool

By = Literal["labels", "given", "both"]
JEFFREYS = 0.5


@dataclass(frozen=True, eq=False)
class Judged:
    """Judged candidates, in order of rank.

    Attributes:
        ranks: (judged,) rank by a scorer among all candidates, 0 is best.
        irrelevant: (judged,) whether the candidate was judged not to answer its query.
    """

    ranks: Ints
    irrelevant: Bools

    def __len__(self) -> int:
        """Number of judged candidates."""
        return len(self.ranks)


def judged_candidates(pool: Pool, scorer: str, verdicts: Verdicts, by: By, positives: bool = False) -> Judged:
    """Candidates of which it is known whether they answer their query.

    A labelled false negative is relevant, a true negative is not; ``drop`` and ``unsure`` say nothing. Held-out
    judgments are never looked at.

    Args:
        pool: Candidates.
        scorer: Whose ranks.
        verdicts: (queries, depth) codes of people's verdicts, see ``labels.CODES``.
        by: Whose judgments count: people's labels, the given negatives (as judged not relevant), or both.
        positives: Whether the labelled positives that are candidates count as relevant, for queries with at least one
            judgment. Right where all candidates of a query are judged; where a sample is, the positives, which are all
            known, would outnumber it at the top ranks.
    """
    relevant = np.zeros(pool.documents.shape, dtype=bool)
    irrelevant = np.zeros(pool.documents.shape, dtype=bool)
    if by in {"given", "both"}:
        irrelevant |= np.not_equal(pool.flags & KNOWN_NEGATIVE, 0)
    if by in {"labels", "both"}:
        relevant |= np.equal(verdicts, CODES[Verdict.FALSE_NEGATIVE])
        irrelevant |= np.equal(verdicts, CODES[Verdict.TRUE_NEGATIVE])
    # A person's verdict outranks the file that the negatives came with.
    irrelevant &= ~relevant
    labelled = np.not_equal(pool.flags & LEAKS["labelled positive"], 0)
    asked = (relevant | irrelevant).any(axis=1, keepdims=True)
    relevant, irrelevant = (relevant & ~labelled) | (labelled & asked & positives), irrelevant & ~labelled
    here = (relevant | irrelevant) & pool.present & np.isfinite(pool.score(scorer))
    ranks = pool.rank(scorer)[here]
    order = np.lexsort((irrelevant[here], ranks))
    return Judged(ranks[order], np.asarray(irrelevant[here][order]))


def need_judged(found: Judged, user: str, minimum: int) -> None:
    """Refuse to estimate from too few judgments.

    Raises:
        MissingInputError: If there are fewer than ``minimum``; the text says how to get more.
    """
    if len(found) < minimum:
        raise MissingInputError(
            f"'{user}' learns from judged candidates how often each rank is irrelevant, but only {len(found)} of the "
            f"{minimum} that it asks for are judged; label a random sample of candidates on the Label page, or import "
            "judgments with 'negviz labels import FILE'."
        )


def irrelevance(found: Judged, depth: int) -> Floats:
    """Estimate pi(r) = P(not relevant | rank r), which never falls with the rank and is never 0 or 1.

    Isotonic regression finds the stretches of ranks with one probability; each is smoothed with Jeffreys' prior (half
    a judgment of either kind), and the smoothed values are made monotone once more. Where everything was judged not
    relevant that is one stretch, so the estimate is the same at every rank. Ranks beyond the judged ones get the value
    of the nearest judged rank.

    Args:
        found: Judged candidates, at least one.
        depth: Number of ranks.

    Returns:
        (depth,) probabilities.

    References:
        METHODS B7 (a reading: the published estimator is not verified); Brown, Cai and DasGupta 2001 (the prior).
    """
    from sklearn.isotonic import IsotonicRegression

    ranks, of_rank = np.unique(found.ranks, return_inverse=True)
    total = np.bincount(of_rank).astype(np.float64)
    count = np.bincount(of_rank, weights=found.irrelevant)
    level = IsotonicRegression(y_min=0, y_max=1).fit_transform(ranks, count / total, sample_weight=total)
    _, stretch = np.unique(np.round(level, 12), return_inverse=True)
    whole, part = np.bincount(stretch, weights=total), np.bincount(stretch, weights=count)
    smooth = (part + JEFFREYS) / (whole + 2 * JEFFREYS)
    again = IsotonicRegression(out_of_bounds="clip").fit(ranks, smooth[stretch], sample_weight=total)
    return np.asarray(again.predict(np.arange(depth)), dtype=np.float64)
