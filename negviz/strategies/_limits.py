"""Comparing a score with a limit so that rounding does not decide; masks of losses compare in the same way."""

from negviz.arrays import RELATIVE_TOLERANCE, above, below

__all__ = ["RELATIVE_TOLERANCE", "above", "below"]
