"""Charts: arrays in, a Plotly figure out; no Streamlit, no pool, no numbers worked out here.

Colours are fixed mid-tones that can be told apart in the light and in the dark theme; shapes and dashes differ too.
"""

from dataclasses import dataclass

from negviz.registry import Registry

CHARTS = Registry("chart", "negviz.charts")

POSITIVE = "#2f9e44"
TAKEN = "#4c6ef5"
REFUSED = "#868e96"
FALSE_NEGATIVE = "#e8590c"
QUERY = "#c2255c"
SOFT = "#0c8599"
DISPUTED = "#c98300"
SYMBOLS = {"positive": "diamond", "taken": "circle", "refused": "x", "false negative": "triangle-up", "query": "star"}


@dataclass(frozen=True)
class Line:
    """A vertical line, or a band where the line differs from query to query.

    Attributes:
        label: Name in the legend.
        value: Where it is; the median where it differs.
        colour: Colour of the line.
        dash: ``solid``, ``dash``, ``dot`` and so on.
        low: Lower end of the band, where there is one.
        high: Upper end of the band.
        band: Name of the band in the legend.
    """

    label: str
    value: float
    colour: str
    dash: str = "dash"
    low: float | None = None
    high: float | None = None
    band: str = "Spread of the line"


@dataclass(frozen=True)
class Zone:
    """A shaded interval."""

    label: str
    low: float
    high: float
    colour: str
