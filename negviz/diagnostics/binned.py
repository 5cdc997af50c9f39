"""Histogram whose subsets are counted without looking at the values again."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from negviz.arrays import Bools, Floats, Ints
from negviz.diagnostics import DIAGNOSTICS

NOWHERE = -1


@dataclass(frozen=True, eq=False)
class Binned:
    """Values put into bins of equal width.

    Attributes:
        edges: (bins + 1,) limits of the bins.
        places: Bin of each value, in the shape of the values; ``NOWHERE`` where not counted.
    """

    edges: Floats
    places: npt.NDArray[np.int16]

    def counts(self, among: Bools | None = None) -> Ints:
        """Number of values in each bin, of all or of those in a mask of the same shape."""
        wanted = self.places >= 0 if among is None else (self.places >= 0) & among
        return np.bincount(self.places[wanted], minlength=len(self.edges) - 1).astype(np.int32)


@DIAGNOSTICS.register("Histogram")
def binned(values: npt.NDArray[np.floating], counted: Bools, edges: Floats) -> Binned:
    """Put values into bins once; a slider then only counts.

    Args:
        values: Any shape; NaN is nowhere.
        counted: Mask of the same shape.
        edges: (bins + 1,) ascending, equally spaced; values outside fall into the first or last bin.
    """
    bins = len(edges) - 1
    low, high = float(edges[0]), float(edges[-1])
    known = counted & np.isfinite(values)
    scaled = (np.where(known, values, low) - low) * (bins / (high - low))
    places = np.clip(scaled.astype(np.int64), 0, bins - 1)
    return Binned(edges, np.where(known, places, NOWHERE).astype(np.int16))


def even_edges(*groups: npt.NDArray[np.floating], bins: int = 60) -> Floats:
    """Equally spaced edges over everything known in some arrays; [0, 1] where nothing is known."""
    known = [group[np.isfinite(group)] for group in groups]
    filled = [group for group in known if group.size]
    if not filled:
        return np.linspace(0.0, 1.0, bins + 1)
    low, high = min(float(group.min()) for group in filled), max(float(group.max()) for group in filled)
    return np.linspace(low, high if high > low else low + 1.0, bins + 1)
