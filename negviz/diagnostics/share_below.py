"""Share below a limit."""

import numpy as np
import numpy.typing as npt

from negviz.arrays import Floats
from negviz.diagnostics import DIAGNOSTICS


@DIAGNOSTICS.register("Share below a limit")
def share_below(values: npt.NDArray[np.floating], limit: float | Floats) -> float:
    """Tell where a value falls in a distribution: the share of known values that are strictly smaller.

    Args:
        values: Any shape; NaN where unknown.
        limit: Value to place, or one for each value.

    Returns:
        0 to 1, NaN where nothing is known.
    """
    known = int(np.isfinite(values).sum())
    return float((values < limit).sum() / known) if known else float("nan")
