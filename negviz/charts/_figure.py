"""What the figures share: a draft that gathers traces, and is checked by Plotly once, at the end."""

import html
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

Numbers = npt.NDArray[np.float64] | npt.NDArray[np.int32]


def plain(text: str) -> str:
    """A name as Plotly shows it: signs that it would read as markup or mathematics are taken away."""
    return html.escape(text).replace("$", "＄")


@dataclass
class Draft:
    """A figure in the making. Adding to a Plotly figure checks the whole of it each time, which a slider cannot afford.

    Attributes:
        x: Title of the horizontal axis.
        y: Title of the vertical axis.
        height: Pixels.
        layout: What differs from the usual layout.
    """

    x: str
    y: str
    height: int = 300
    layout: dict[str, Any] = field(default_factory=dict)
    traces: list[dict[str, Any]] = field(default_factory=list)

    def figure(self) -> go.Figure:
        """The figure, with titled axes and the legend above."""
        # Plotly takes pandas from the loaded modules as it is, also while another session is half-way through loading
        # it; here it is waited for.
        import pandas  # noqa: F401

        usual: dict[str, Any] = {
            "height": self.height,
            "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
            "bargap": 0,
            "barmode": "overlay",
            "hovermode": "x unified",
            "legend": {"orientation": "h", "yanchor": "bottom", "y": 1.02, "x": 0},
        }
        axes = {
            "xaxis": {"title": {"text": plain(self.x)}, "automargin": True, **self.layout.get("xaxis", {})},
            "yaxis": {
                "title": {"text": plain(self.y)},
                "automargin": True,
                "rangemode": "tozero",
                **self.layout.get("yaxis", {}),
            },
        }
        return go.Figure(data=self.traces, layout={**usual, **self.layout, **axes})
