"""How often what stands at a rank was judged not relevant."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from negviz.arrays import Floats, Ints
from negviz.diagnostics import DIAGNOSTICS
from negviz.diagnostics.wilson_interval import wilson_interval
from negviz.judged import Judged, irrelevance


@dataclass(frozen=True, eq=False)
class Irrelevance:
    """Judged share in bins of ranks, and the smooth estimate.

    Attributes:
        edges: (bins + 1,) first rank of each bin, and the first rank beyond.
        judged: (bins,) judged candidates.
        irrelevant: (bins,) of them judged not relevant.
        low: (bins,) lower end of Wilson's 95 % interval, NaN where nothing was judged.
        high: (bins,) upper end.
        pi: (ranks,) estimate for each rank.
    """

    edges: Ints
    judged: Ints
    irrelevant: Ints
    low: Floats
    high: Floats
    pi: Floats

    @property
    def share(self) -> Floats:
        """(bins,) share judged not relevant, NaN where nothing was judged."""
        return np.asarray(np.where(self.judged > 0, self.irrelevant / np.maximum(self.judged, 1), np.nan))


@DIAGNOSTICS.register("Irrelevance by rank", reference="Wilson 1927; Prakash, Killingback, Zamani, SIGIR 2021")
def irrelevance_by_rank(found: Judged, edges: Ints) -> Irrelevance:
    """Measure in bins of ranks how often a judged candidate was not relevant, with Wilson's intervals.

    Args:
        found: Judged candidates, at least one.
        edges: (bins + 1,) first rank of each bin, and the first rank beyond the last.

    References:
        METHODS B7.
    """
    judged = np.histogram(found.ranks, edges)[0].astype(np.int32)
    irrelevant = np.histogram(found.ranks[found.irrelevant], edges)[0].astype(np.int32)
    ends = np.array([wilson_interval(int(part), int(whole)) for part, whole in zip(irrelevant, judged, strict=True)])
    return Irrelevance(edges, judged, irrelevant, ends[:, 0], ends[:, 1], irrelevance(found, int(edges[-1])))


def middles(edges: Ints) -> npt.NDArray[np.float64]:
    """Middle rank of each bin."""
    return np.asarray((edges[:-1] + edges[1:] - 1) / 2.0)
