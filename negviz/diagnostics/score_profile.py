"""Score profile: everything about a scorer's values that no knob changes, worked out once."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from negviz.arrays import Floats
from negviz.compiled import Axis, span
from negviz.diagnostics import DIAGNOSTICS
from negviz.diagnostics.distribution import Distribution, distribution
from negviz.pool import LEAKS, Anchor, Pool

# Anchors that stand for all of them where a line differs from query to query.
LEVELS = 4097


@dataclass(frozen=True, eq=False)
class ScoreProfile:
    """How a scorer's values lie; labelled positives among the candidates are left out.

    Attributes:
        scale: Scale of the scorer.
        depth: Candidates a query.
        anchor: (queries,) score that margins are measured from, NaN where there is none.
        scores: Distribution of the scores.
        distances: Distribution of the differences between a score and the anchor; its bins reach over candidates only.
    """

    scale: str
    depth: int
    anchor: Floats
    scores: Distribution
    distances: Distribution

    @cached_property
    def levels(self) -> Floats:
        """Known anchors, ascending; so many quantiles of them where there are more."""
        known = np.sort(self.anchor[np.isfinite(self.anchor)])
        return known if len(known) <= LEVELS else np.quantile(known, np.linspace(0, 1, LEVELS))

    @cached_property
    def level(self) -> float:
        """Median anchor, NaN where none is known."""
        return float(np.median(self.levels)) if self.levels.size else float("nan")

    @cached_property
    def span(self) -> float:
        """Largest distance between a candidate and its positive; 1 where none is known."""
        low, high = self.distances.ends
        return max(abs(low), abs(high)) or 1.0 if low <= high else 1.0

    @cached_property
    def bounds(self) -> tuple[float, float]:
        """Smallest and largest score seen, positives included; (0, 1) where none is known."""
        known = np.isfinite(self.scores.positive_values)
        ends = [self.scores.ends, span(self.scores.positive_values, self.scores.axis, known)]
        low, high = min(low for low, _ in ends), max(high for _, high in ends)
        return (low, high) if low <= high else (0.0, 1.0)


@DIAGNOSTICS.register("Score profile")
def score_profile(pool: Pool, scorer: str, anchor: Anchor) -> ScoreProfile:
    """Work out what the histograms and the limits of sliders need.

    Args:
        pool: Candidates.
        scorer: Whose scores.
        anchor: Which positive distances are measured from.

    Raises:
        MissingInputError: If the pool has no such scorer.
    """
    scores, positives = pool.score(scorer), pool.positive_scores[scorer]
    level = pool.anchor(scorer, anchor)
    counted = np.asarray(pool.present & np.equal(pool.flags & LEAKS["labelled positive"], 0))
    ones = np.ones(len(pool))
    return ScoreProfile(
        scale=pool.scales.get(scorer, "unknown"),
        depth=pool.depth,
        anchor=level,
        scores=distribution(scores, positives, Axis(np.zeros(len(pool)), ones), counted),
        distances=distribution(scores, positives, Axis(level, ones), counted, with_positives=False),
    )
