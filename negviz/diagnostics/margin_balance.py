"""How balancing changes which margins of a query are drawn (TAS-Balanced)."""

from dataclasses import dataclass

import numpy as np

from negviz.arrays import Bools, Floats, Ints
from negviz.batches.margin_bins import bin_counts, margin_bins
from negviz.diagnostics import DIAGNOSTICS


@dataclass(frozen=True, eq=False)
class MarginBalance:
    """Margins of one query in bins, and what a draw takes from each.

    Attributes:
        edges: (bins + 1,) limits of the bins, of the teacher's margin.
        counts: (bins,) candidates.
        before: (bins,) probability of a bin if candidates were drawn uniformly.
        after: (bins,) probability of a bin by the weights.
        largest: Largest probability of a single candidate by the weights.
    """

    edges: Floats
    counts: Ints
    before: Floats
    after: Floats
    largest: float


@DIAGNOSTICS.register("Margins before and after balancing", reference="TAS-Balanced, arXiv:2104.06967")
def margin_balance(margins: Floats, counted: Bools, weights: Floats, bins: int) -> MarginBalance | None:
    """Compare uniform drawing with drawing by weight, bin by bin.

    Args:
        margins: (depth,) teacher's score of the positive minus that of the candidate.
        counted: (depth,) candidates that nothing before had refused.
        weights: (depth,) weights before the draw.
        bins: Bins of equal width.

    Returns:
        The comparison, None where nothing is counted.

    References:
        METHODS C3.
    """
    places = margin_bins(margins[None, :], counted[None, :], bins)
    inside = places[0] >= 0
    if not inside.any():
        return None
    counts = bin_counts(places, bins)[0]
    low, high = float(margins[inside].min()), float(margins[inside].max())
    total = float(weights[inside].sum())
    after = np.bincount(places[0][inside], weights[inside], bins) / (total or 1.0)
    return MarginBalance(
        np.linspace(low, high if high > low else low + 1.0, bins + 1),
        counts,
        counts / counts.sum(),
        after,
        float(weights[inside].max()) / (total or 1.0),
    )
