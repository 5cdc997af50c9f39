"""Limits: the lines that a step draws on scores, on distances to the positive, or on ranks.

A strategy that only compares declares its limits once, beside its signature; its weights, the lines in the plots, the
words of a refusal and the compiled pass over millions of candidates all follow from them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np

from negviz.arrays import Floats, Scores, above, below

Axis = Literal["score", "margin", "rank"]
Among = Literal["all", "eligible", "survivors"]


@dataclass(frozen=True, eq=False)
class Limit:
    """One line that a step draws.

    Attributes:
        axis: What is compared: the ``score``, the ``margin`` (score minus the anchor's), or the ``rank``.
        refuses: The side that is refused.
        value: (queries,) where the line lies for each query, or one number for all.
        label: What it is called, for people.
        soft: Whether it is only where a weight has fallen to one half, and refuses nothing.
        inclusive: Whether what lies on the line is kept.
        among: What ranks count: all candidates, those without a leak, or what earlier steps left.
    """

    axis: Axis
    refuses: Literal["above", "below"]
    value: Floats | float
    label: str
    soft: bool = False
    inclusive: bool = True
    among: Among = "all"

    def on_scores(self, anchor: Floats) -> Floats:
        """(queries,) the line on the axis of scores; NaN where it hangs on a positive that has no score.

        Args:
            anchor: (queries,) score that margins are measured from.
        """
        value = np.asarray(self.value, dtype=np.float64)
        return np.broadcast_to(anchor + value if self.axis == "margin" else value, anchor.shape)


LimitsOf: TypeAlias = Callable[[Mapping[str, Any], Floats], list[Limit]]
# The way back: (knobs, place among the limits, where its line shall lie, score of the positive) -> the knobs to change.
TurnedOf: TypeAlias = Callable[[Mapping[str, Any], int, float, float], dict[str, float]]


def kept(scores: Scores, anchor: Floats, limits: Sequence[Limit]) -> Floats:
    """1 where a score is on the accepted side of every limit, 0 elsewhere and where it or a limit is unknown.

    Args:
        scores: (queries, depth).
        anchor: (queries,) score that margins are measured from.
        limits: On scores or margins.

    Returns:
        (queries, depth) weights of 0 and 1; limits are compared as ``negviz.arrays.below`` does.
    """
    weights = np.ones(scores.shape)
    for limit in limits:
        compare = below if limit.refuses == "above" else above
        weights *= compare(scores, limit.on_scores(anchor)[:, None], inclusive=limit.inclusive)
    return weights
