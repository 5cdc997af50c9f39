"""Distribution of a scorer's values on an axis: counted in bins, of all candidates or of some, at any size."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from negviz.arrays import Bools, Floats, Ints, Scores
from negviz.compiled import Axis, Orders, banded, count_below, histogram, span, whole_histogram
from negviz.diagnostics import DIAGNOSTICS

BINS = 60
# Shares below a number that are remembered.
KEPT = 256
# Queries that are looked at together where each candidate's value is worked out.
BLOCK = 4096


@dataclass(frozen=True, eq=False)
class Distribution:
    """Values of candidates and of positives on one axis; nothing is copied, so that millions of candidates fit.

    Attributes:
        values: (queries, depth) score layer of the candidates.
        positive_values: (queries, positives) score layer of the labelled positives.
        axis: What of a score is counted.
        counted: (queries, depth), which candidates count.
        edges: (bins + 1,) limits of the bins, equally spaced; values outside count in the first or last bin.
    """

    values: Scores
    positive_values: Scores
    axis: Axis
    counted: Bools
    edges: Floats

    @cached_property
    def counts(self) -> npt.NDArray[np.int64]:
        """(bins,) candidates."""
        return whole_histogram(self.values, self.axis, self.counted, self.edges)

    @cached_property
    def positive_counts(self) -> npt.NDArray[np.int64]:
        """(bins,) labelled positives."""
        known = np.isfinite(self.positive_values)
        return whole_histogram(self.positive_values, self.axis, known, self.edges)

    def among(self, mask: Bools) -> npt.NDArray[np.int64]:
        """(bins,) candidates of a (queries, depth) mask."""
        return whole_histogram(self.values, self.axis, self.counted & mask, self.edges)

    def at(self, columns: Ints) -> npt.NDArray[np.int64]:
        """(bins,) values at some columns of each row, ``PAD`` for none, such as the negatives that were taken."""
        return histogram(self.values, self.axis, columns, self.edges)

    def of_rows(self, scores: Scores) -> npt.NDArray[np.int64]:
        """(bins,) scores of some candidates of each query, as (queries, any); NaN is nowhere."""
        return whole_histogram(scores, self.axis, None, self.edges)

    def below(self, limit: Floats | float) -> float:
        """Share of known candidates below a limit, one number or (queries,); NaN where none is known."""
        if np.ndim(limit):
            return _share(*count_below(self.values, self.axis, limit, self.counted))
        # Several places ask about the value of one knob, and a slider comes back to where it was.
        kept, value = self._shares, float(limit)
        if value not in kept:
            if len(kept) >= KEPT:
                kept.clear()
            kept[value] = _share(*count_below(self.values, self.axis, value, self.counted))
        return kept[value]

    @cached_property
    def _shares(self) -> dict[float, float]:
        return {}

    def positives_below(self, limit: Floats | float) -> float:
        """Share of known labelled positives below a limit; NaN where none is known."""
        known = np.isfinite(self.positive_values)
        return _share(*count_below(self.positive_values, self.axis, limit, known))

    def of_cells(self, cells: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """(bins,) candidates at some places of the flattened table."""
        rows, columns = np.divmod(cells, max(self.values.shape[1], 1))
        one = Axis(self.axis.shift[rows], self.axis.factor[rows])
        counted = self.counted[rows, columns][:, None]
        return whole_histogram(self.values[rows, columns][:, None], one, counted, self.edges)

    def banded(self, order: Orders, stops: Sequence[int]) -> npt.NDArray[np.int64]:
        """(bands, bins) candidates, apart for bands of their rank; see ``negviz.compiled.banded``."""
        return banded(self.values, self.axis, order, self.counted, stops, self.edges)

    def inside(self, low: float, high: float) -> Bools:
        """(queries, depth), True for counted candidates from ``low`` to ``high``, both included."""
        found = np.zeros(self.values.shape, dtype=bool)
        for start in range(0, len(found), BLOCK):
            rows = slice(start, start + BLOCK)
            values = self.axis.of(self.values[rows], rows)
            found[rows] = self.counted[rows] & (values >= low) & (values <= high)
        return found

    @cached_property
    def ends(self) -> tuple[float, float]:
        """Smallest and largest value of a candidate; (inf, -inf) where none is known."""
        return span(self.values, self.axis, self.counted)


@DIAGNOSTICS.register("Distribution of scores")
def distribution(
    values: Scores, positive_values: Scores, axis: Axis, counted: Bools, *, with_positives: bool = True,
    bins: int = BINS,
) -> Distribution:  # fmt: skip
    """Lay bins over everything that is known.

    Args:
        values: (queries, depth) scores of candidates.
        positive_values: (queries, positives) scores of the labelled positives.
        axis: What of a score is counted.
        counted: (queries, depth), which candidates count.
        with_positives: Whether the bins reach over the positives too.
        bins: How many.
    """
    ends = [span(values, axis, counted)]
    if with_positives:
        ends.append(span(positive_values, axis, np.isfinite(positive_values)))
    low, high = min(low for low, _ in ends), max(high for _, high in ends)
    if not low <= high:
        low, high = 0.0, 1.0
    edges = np.linspace(low, high if high > low else low + 1.0, bins + 1)
    return Distribution(values, positive_values, axis, counted, edges)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")
