"""Axis on which scores are looked at: as they are, against the positive, or by where they fall among the positives."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from negviz.arrays import Bools, Floats, Ints, Scores
from negviz.compiled import Axis, Orders
from negviz.diagnostics import DIAGNOSTICS
from negviz.diagnostics.distribution import Distribution, distribution
from negviz.diagnostics.score_profile import ScoreProfile

Kind = Literal["score", "margin", "ratio", "percentile"]
KINDS: tuple[Kind, ...] = get_args(Kind)
# A positive near 0 makes ratios without end; what lies beyond counts in the bins at the ends.
RATIOS = -1.0, 3.0
PERCENTILE_BINS, FINE_BINS, POINTS = 50, 2000, 4097

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class ScoreAxis:
    """How candidates lie on one axis, and the way to it and back from a score.

    Attributes:
        kind: What is looked at: the ``score``, the ``margin`` (score minus positive), the ``ratio`` to the positive, or
            the ``percentile`` among the scores of all labelled positives.
        edges: (bins + 1,) limits of the bins.
        fine: What is counted, in bins that may be finer than those shown.
        places: (fine bins,) shown bin of each fine one; None where they are the same.
        positives: Known scores of positives, ascending, thinned where there are many; they make the percentiles.
    """

    kind: Kind
    edges: Floats
    fine: Distribution
    places: npt.NDArray[np.intp] | None
    positives: Floats

    @cached_property
    def counts(self) -> Counts:
        """(bins,) candidates."""
        return self._shown(self.fine.counts)

    @cached_property
    def positive_counts(self) -> Counts:
        """(bins,) labelled positives."""
        return self._shown(self.fine.positive_counts)

    def among(self, mask: Bools) -> Counts:
        """(bins,) candidates of a (queries, depth) mask."""
        return self._shown(self.fine.among(mask))

    def at(self, columns: Ints) -> Counts:
        """(bins,) candidates at some columns of each row."""
        return self._shown(self.fine.at(columns))

    def of_rows(self, scores: Scores) -> Counts:
        """(bins,) scores of some candidates of each query, as (queries, any); NaN is nowhere."""
        return self._shown(self.fine.of_rows(scores))

    def of_cells(self, cells: npt.NDArray[np.int64]) -> Counts:
        """(bins,) candidates at some places of the flattened table."""
        return self._shown(self.fine.of_cells(cells))

    def banded(self, order: Orders, stops: Sequence[int]) -> list[Counts]:
        """For each band of ranks (bins,) candidates."""
        return [self._shown(counts) for counts in self.fine.banded(order, stops)]

    def inside(self, low: float, high: float) -> Bools:
        """(queries, depth), True for candidates in an interval; the ends of the axis stand for all beyond them."""
        ends = [self.score(end, np.nan) if self.kind == "percentile" else end for end in (low, high)]
        # A tenth of a bin keeps what lies on the border in spite of rounding on the way to the browser and back.
        sliver = 0.1 * float(self.edges[1] - self.edges[0])
        return self.fine.inside(
            -np.inf if low <= self.edges[0] + sliver else ends[0],
            np.inf if high >= self.edges[-1] - sliver else ends[1],
        )

    def place(self, scores: npt.ArrayLike, positive: npt.ArrayLike) -> Floats:
        """Where scores lie on the axis.

        Args:
            scores: Any shape.
            positive: Score of each one's positive, of the same shape, or one number.
        """
        values, level = np.asarray(scores, dtype=np.float64), np.asarray(positive, dtype=np.float64)
        with np.errstate(divide="ignore", invalid="ignore"):
            if self.kind == "percentile":
                return np.where(np.isfinite(values), self._percentile(values), np.nan)
            found = {"score": values, "margin": values - level, "ratio": 1 + (values - level) / np.abs(level)}
        return np.where(np.isfinite(found[self.kind]), found[self.kind], np.nan)

    def score(self, place: float, positive: float) -> float:
        """Which score lies at a place on the axis, for a query whose positive has that score."""
        if self.kind == "percentile":
            share = min(max(place / 100, 0.0), 1.0)
            return float(np.quantile(self.positives, share)) if self.positives.size else float("nan")
        return {"score": place, "margin": positive + place, "ratio": positive + (place - 1) * abs(positive)}[self.kind]

    def _percentile(self, scores: Floats) -> Floats:
        """Share of the positives below each score in percent; half of those that are equal count."""
        if not self.positives.size:
            return np.full(scores.shape, np.nan)
        below, upto = (np.searchsorted(self.positives, scores, side) for side in ("left", "right"))
        return np.asarray(50.0 * (below + upto) / len(self.positives))

    def _shown(self, counts: Counts) -> Counts:
        if self.places is None:
            return counts
        return np.bincount(self.places, weights=counts, minlength=len(self.edges) - 1).astype(np.int64)


@DIAGNOSTICS.register("Scores on an axis")
def score_axis(profile: ScoreProfile, kind: Kind) -> ScoreAxis:
    """Lay bins over the candidates, on one of four axes.

    The ratio is ``1 + (s - p) / |p|``: s / p where the positive's score p is above 0, and still rising with s where it
    is not, so that "95 percent of the positive" is one line for all queries. Queries without a scored positive are left
    out of margins and ratios, those whose positive scores 0 of ratios.

    Args:
        profile: Scores of the candidates.
        kind: Which axis.
    """
    scores = profile.scores
    known = np.sort(scores.positive_values[np.isfinite(scores.positive_values)].astype(np.float64))
    positives = known if len(known) <= POINTS else np.quantile(known, np.linspace(0, 1, POINTS))
    if kind == "percentile":
        low, high = scores.edges[0], scores.edges[-1]
        fine = Distribution(
            scores.values, scores.positive_values, scores.axis, scores.counted, np.linspace(low, high, FINE_BINS + 1)
        )
        edges = np.linspace(0.0, 100.0, PERCENTILE_BINS + 1)
        axis = ScoreAxis(kind, edges, fine, None, positives)
        middles = axis.place((fine.edges[:-1] + fine.edges[1:]) / 2, np.nan)
        places = np.clip(np.nan_to_num(middles) * (PERCENTILE_BINS / 100), 0, PERCENTILE_BINS - 1).astype(np.intp)
        return ScoreAxis(kind, edges, fine, places, positives)
    fine = {"score": scores, "margin": profile.distances}.get(kind) or _ratios(profile)
    return ScoreAxis(kind, fine.edges, fine, None, positives)


def _ratios(profile: ScoreProfile) -> Distribution:
    level = profile.anchor
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = np.where(np.equal(level, 0), np.nan, 1 / np.abs(level))
    axis = Axis(level - np.abs(level), factor)
    scores = profile.scores
    found = distribution(scores.values, scores.positive_values, axis, scores.counted, with_positives=False)
    low, high = max(float(found.edges[0]), RATIOS[0]), min(float(found.edges[-1]), RATIOS[1])
    edges = np.linspace(low, high if high > low else low + 1.0, len(found.edges))
    return Distribution(scores.values, scores.positive_values, axis, scores.counted, edges)
