"""False negatives among the negatives taken, as people or complete judgments know them."""

from dataclasses import dataclass

from negviz.arrays import Bools
from negviz.diagnostics import DIAGNOSTICS
from negviz.diagnostics.wilson_interval import wilson_interval


@dataclass(frozen=True)
class Measured:
    """A counted share with its interval.

    Attributes:
        false_negatives: Judged negatives that answer their query.
        judged: Negatives of which that is known.
        taken: All negatives taken.
        low: Lower end of the 95 % Wilson interval of the share among the judged ones; NaN where none is judged.
        high: Upper end.
    """

    false_negatives: int
    judged: int
    taken: int
    low: float
    high: float

    @property
    def rate(self) -> float:
        """Share of false negatives among the judged ones, NaN where none is judged."""
        return self.false_negatives / self.judged if self.judged else float("nan")


@DIAGNOSTICS.register("Measured false negatives")
def measured_false_negatives(relevant: Bools, judged: Bools) -> Measured:
    """Count the false negatives among those negatives that were judged.

    The share speaks for all negatives taken only where the judged ones were drawn by chance, or are all of them.

    Args:
        relevant: (negatives,) whether each answers its query; read only where judged.
        judged: (negatives,) whether that is known.
    """
    false, known = int((relevant & judged).sum()), int(judged.sum())
    return Measured(false, known, len(judged), *wilson_interval(false, known))
