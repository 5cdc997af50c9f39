"""Score histogram."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from negviz.charts import CHARTS, POSITIVE, REFUSED, TAKEN, Line
from negviz.charts._figure import Draft, Numbers


@CHARTS.register("Score histogram")
def score_histogram(
    edges: npt.NDArray[np.float64],
    candidates: Numbers,
    positives: Numbers,
    taken: Numbers,
    axis: str,
    lines: Sequence[Line] = (),
) -> go.Figure:
    """Compare where the scores of candidates, positives and taken negatives lie; each group adds up to 100%.

    Args:
        edges: (bins + 1,) limits of the bins.
        candidates: (bins,) counts of candidates.
        positives: (bins,) counts of labelled positives.
        taken: (bins,) counts of taken negatives.
        axis: Title of the score axis.
        lines: Limits to draw.
    """
    draft = Draft(axis, "share of each group, %")
    draft.bars(edges, candidates, "Candidates", REFUSED)
    draft.outline(edges, positives, "Positives", POSITIVE, "dot")
    draft.outline(edges, taken, "Taken", TAKEN)
    draft.mark(lines)
    return draft.figure()
