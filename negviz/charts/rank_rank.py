"""Ranks of two retrievers against each other."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from negviz.arrays import Ints
from negviz.charts import CHARTS, FALSE_NEGATIVE, POSITIVE, REFUSED, SOFT, TAKEN
from negviz.charts._figure import Draft, plain

LOOKS: Mapping[str, tuple[str, str]] = {
    "refused": (REFUSED, "x-thin-open"),
    "not drawn": (SOFT, "circle-open"),
    "suspected false negative": (FALSE_NEGATIVE, "arrow-up"),
    "taken": (TAKEN, "circle"),
    "padding": (TAKEN, "square-open"),
    "labelled positive": (POSITIVE, "diamond"),
    "labelled false negative": (FALSE_NEGATIVE, "triangle-up"),
}


@CHARTS.register("Rank against rank")
def rank_rank(first: Ints, second: Ints, outcomes: Sequence[str], names: tuple[str, str], cut: int) -> go.Figure:
    """Show where two retrievers rank the candidates of a query; what one did not bring stands beyond its last rank.

    Args:
        first: (candidates,) rank by the first retriever, -1 where it did not bring the candidate.
        second: (candidates,) rank by the second.
        outcomes: One of ``LOOKS`` for each candidate.
        names: Names of the two.
        cut: First rank that is no longer high; the corner that both rank high is shaded.
    """
    edges = [max(int(ranks.max(initial=0)), cut) for ranks in (first, second)]
    gaps = [max(3.0, 0.06 * edge) for edge in edges]
    at = [np.where(ranks < 0, edge + gap, ranks) for ranks, edge, gap in zip((first, second), edges, gaps, strict=True)]
    draft = Draft(f"rank by {names[0]}", f"rank by {names[1]}", 420, {"hovermode": "closest"})
    for key, edge, gap in zip(("xaxis", "yaxis"), edges, gaps, strict=True):
        draft.layout[key] = {**_ticks(edge, gap), "zeroline": False, "rangemode": "normal"}
    draft.layout["shapes"] = [
        {"type": "rect", "x0": -1, "x1": cut - 0.5, "y0": -1, "y1": cut - 0.5, "line": {"width": 1, "dash": "dot"},
         "fillcolor": FALSE_NEGATIVE, "opacity": 0.12},
    ]  # fmt: skip
    words = np.asarray(outcomes, dtype=object)
    for outcome, (colour, sign) in LOOKS.items():
        here = np.equal(words, outcome)
        if here.any():
            draft.traces.append({
                "type": "scatter", "mode": "markers", "name": outcome.capitalize(), "x": at[0][here], "y": at[1][here],
                "showlegend": True,
                "marker": {"color": colour, "symbol": sign, "size": 9, "line": {"width": 1.5, "color": colour}},
                "customdata": [[_told(one), _told(two)] for one, two in zip(first[here], second[here], strict=True)],
                "hovertemplate": f"{outcome}: {plain(names[0])} %{{customdata[0]}}, "
                f"{plain(names[1])} %{{customdata[1]}}<extra></extra>",
            })  # fmt: skip
    return draft.figure()


def _told(rank: int) -> str:
    return f"rank {rank}" if rank >= 0 else "did not bring it"


def _ticks(edge: int, gap: float) -> dict[str, Any]:
    """Ticks of the ranks, and one beyond the last for what was not brought."""
    step = max(1, 5 * round(edge / 25)) if edge >= 5 else 1
    values = [*range(0, edge + 1, step)]
    return {"tickvals": [*values, edge + gap], "ticktext": [*map(str, values), "none"],
            "range": [-0.04 * edge - 1, edge + 2 * gap]}  # fmt: skip
