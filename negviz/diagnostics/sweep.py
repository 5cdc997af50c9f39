"""What a row of values of one knob costs and brings."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from negviz.arrays import Floats, Scores
from negviz.diagnostics import DIAGNOSTICS
from negviz.diagnostics.measured_false_negatives import Measured, measured_false_negatives
from negviz.labels import CODES, Labels, Verdict
from negviz.selection import Selection


@dataclass(frozen=True, eq=False)
class Sweep:
    """One number a value.

    Attributes:
        taken: (values,) negatives taken a query, mean.
        starved: (values,) share of queries with fewer than wanted.
        hardness: (values,) mean score of the negatives taken, NaN where none was.
        positives: Mean score of the labelled positives, NaN where none is known.
        measured: Labelled false negatives among the negatives taken, for each value.
    """

    taken: Floats
    starved: Floats
    hardness: Floats
    positives: float
    measured: tuple[Measured, ...]


@DIAGNOSTICS.register("Sweep of a knob", reference="METHODS 12, plot 12; D3")
def sweep(selections: Iterable[Selection], labels: Labels) -> Sweep:
    """Compare the outcomes of one recipe for several values of a knob; they may come one at a time.

    The selections must be made without labels: with them a labelled false negative is refused whatever the knob says,
    and none would ever be counted.

    Args:
        selections: One a value, all of one pool and scorer.
        labels: Verdicts of people.
    """
    codes, rows, measured, positives = None, [], [], float("nan")
    for selection in selections:
        pool, scorer, taken = selection.pool, selection.recipe.scorer, selection.taken
        if codes is None:
            codes = labels.align(pool) if len(labels) else np.zeros(pool.documents.shape, dtype=np.int8)
            positives = _mean(pool.positive_scores[scorer])
        rows.append((
            selection.taken_counts.mean() if len(pool) else 0.0,
            selection.starved.mean() if len(pool) else 0.0,
            _mean(pool.score(scorer)[taken]),
        ))  # fmt: skip
        false = np.equal(codes[taken], CODES[Verdict.FALSE_NEGATIVE])
        judged = false | np.equal(codes[taken], CODES[Verdict.TRUE_NEGATIVE])
        measured.append(measured_false_negatives(false, judged))
    table = np.array(rows, dtype=np.float64).reshape(-1, 3)
    return Sweep(table[:, 0], table[:, 1], table[:, 2], positives, tuple(measured))


def _mean(values: Scores) -> float:
    known = values[np.isfinite(values)].astype(np.float64)
    return float(known.mean()) if known.size else float("nan")
