"""Score profile: everything about a scorer's values that no knob changes, worked out once."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from negviz.arrays import Floats, Ints
from negviz.diagnostics import DIAGNOSTICS
from negviz.diagnostics.binned import Binned, binned, even_edges
from negviz.diagnostics.margins import margins
from negviz.pool import LEAKS, Anchor, Pool


@dataclass(frozen=True, eq=False)
class ScoreProfile:
    """How a scorer's values lie.

    Attributes:
        scale: Scale of the scorer.
        depth: Candidates a query.
        anchor: (queries,) score that margins are measured from, NaN where there is none.
        scores: Known scores of candidates; labelled positives are left out.
        positives: Known scores of labelled positives.
        distances: Known differences between a candidate's score and the anchor.
        distance_rows: Query of each of those differences.
        positive_distances: Known differences between a positive's score and the anchor.
        positive_distance_rows: Query of each of those differences.
        score_bins: Histogram of the candidates' scores.
        positive_counts: Labelled positives in the same bins.
        distance_bins: Histogram of the differences.
    """

    scale: str
    depth: int
    anchor: Floats
    scores: Floats
    positives: Floats
    distances: Floats
    distance_rows: npt.NDArray[np.intp]
    positive_distances: Floats
    positive_distance_rows: npt.NDArray[np.intp]
    score_bins: Binned
    positive_counts: Ints
    distance_bins: Binned

    @property
    def span(self) -> float:
        """Largest distance between a candidate and its positive; 1 where none is known."""
        return float(np.abs(self.distances).max(initial=0.0)) or 1.0

    @property
    def bounds(self) -> tuple[float, float]:
        """Smallest and largest score seen, positives included; (0, 1) where none is known."""
        values = np.concatenate([self.scores, self.positives])
        return (float(values.min()), float(values.max())) if values.size else (0.0, 1.0)


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
    scores = pool.score(scorer).astype(np.float64)
    distances = margins(pool, scorer, anchor)
    positives = pool.positive_scores[scorer].astype(np.float64)
    level = pool.anchor(scorer, anchor)
    counted = np.asarray(pool.present & np.equal(pool.flags & LEAKS["labelled positive"], 0))
    edges = even_edges(np.where(counted, scores, np.nan), positives)
    apart = positives - level[:, None]
    here, away = counted & np.isfinite(scores), counted & np.isfinite(distances)
    return ScoreProfile(
        scale=pool.scales.get(scorer, "unknown"),
        depth=pool.depth,
        anchor=level,
        scores=scores[here],
        positives=positives[np.isfinite(positives)],
        distances=distances[away],
        distance_rows=np.nonzero(away)[0],
        positive_distances=apart[np.isfinite(apart)],
        positive_distance_rows=np.nonzero(np.isfinite(apart))[0],
        score_bins=binned(scores, counted, edges),
        positive_counts=binned(positives, np.isfinite(positives), edges).counts(),
        distance_bins=binned(distances, counted, even_edges(np.where(counted, distances, np.nan))),
    )
