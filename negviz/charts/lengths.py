"""Lengths: how many words queries or documents have."""

import numpy as np
import plotly.graph_objects as go

from negviz.arrays import Ints

BINS = 40
MARK = "#e8590c"


def lengths(words: Ints, *, what: str, colour: str) -> go.Figure:
    """Histogram of text lengths, binned here; the longest 1 % share the last bar, so that they do not flatten the rest.

    Args:
        words: (texts,) words of each text.
        what: What the texts are, in the plural, for the axis.
        colour: Colour of the bars.

    Returns:
        A bar for each range of lengths, and a line at the median.
    """
    figure = go.Figure()
    if len(words):
        top = max(int(np.quantile(words, 0.99)), int(words.min()) + 1, 2)
        edges = np.unique(np.linspace(int(words.min()), top + 1, BINS + 1).astype(np.int64))
        counts = np.histogram(np.minimum(words, top), edges)[0].astype(np.int32)
        figure.add_bar(
            x=((edges[:-1] + edges[1:] - 1) / 2).astype(np.float32),
            y=counts,
            width=np.diff(edges).astype(np.float32),
            marker={"color": colour, "line": {"width": 0}},
            customdata=_ranges(edges, bool((words > top).any())),
            hovertemplate=f"%{{customdata}} words: %{{y:,}} {what}<extra></extra>",
        )
        middle = float(np.median(words))
        figure.add_vline(
            x=middle, line={"color": MARK, "width": 2, "dash": "dash"},
            annotation={"text": f"median {middle:g}", "font": {"color": MARK}, "y": 1.0, "yanchor": "bottom"},
        )  # fmt: skip
    return framed(figure, "words", what)


def framed(figure: go.Figure, x: str, y: str) -> go.Figure:
    """Give a small chart its axes and margins."""
    figure.update_layout(
        height=240, margin={"l": 8, "r": 8, "t": 32, "b": 8}, bargap=0.06, showlegend=False,
        xaxis_title=x, yaxis_title=y,
    )  # fmt: skip
    figure.update_yaxes(rangemode="tozero", tickformat=",d", nticks=6)
    return figure


def _ranges(edges: "np.typing.NDArray[np.int64]", open_ended: bool) -> list[str]:
    low, high = edges[:-1], edges[1:] - 1
    names = [f"{a:,}" if a == b else f"{a:,} to {b:,}" for a, b in zip(low, high, strict=True)]
    if open_ended:
        names[-1] = f"{low[-1]:,} or more"
    return names
