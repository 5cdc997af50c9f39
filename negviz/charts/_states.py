"""How the states of candidates look: the same colour and shape on every chart that draws single candidates."""

from collections.abc import Mapping
from typing import Any

from negviz.charts import DISPUTED, FALSE_NEGATIVE, POSITIVE, REFUSED, SOFT, TAKEN

CROSS = "path://M-9,-6L-6,-9L0,-3L6,-9L9,-6L3,0L9,6L6,9L0,3L-6,9L-9,6L-3,0Z"
RING, FRAME, HOLLOW = "ring", "frame", "hollow"
PLAIN = {RING: "circle", FRAME: "rect", HOLLOW: "triangle"}
# From the lowest layer to the highest.
LOOKS: Mapping[str, tuple[str, str]] = {
    "refused": (REFUSED, CROSS),
    "not drawn": (SOFT, RING),
    "suspected false negative": (FALSE_NEGATIVE, HOLLOW),
    "taken": (TAKEN, "circle"),
    "padding": (TAKEN, FRAME),
    "labelled positive": (POSITIVE, "diamond"),
    "labelled false negative": (FALSE_NEGATIVE, "triangle"),
}
ZONE = "Disputed zone"


def points(word: str, data: list[Any], *, disputed: bool = False, size: int = 8) -> dict[str, Any]:
    """A series of candidates of one state; those in the disputed zone have its colour around them.

    Args:
        word: The state, one of ``LOOKS``.
        data: A place, and what a tooltip shows, of each.
        disputed: Whether these lie in the disputed zone.
        size: Pixels.
    """
    colour, symbol = LOOKS[word]
    style: dict[str, Any] = {"color": colour, "opacity": 1}
    if symbol in PLAIN:
        # ECharts fills its own hollow shapes with white, in the dark theme too.
        style = {"color": "transparent", "borderColor": colour, "borderWidth": 2}
    if disputed and word == "refused":
        style["color"] = DISPUTED
    elif disputed:
        style |= {"borderColor": DISPUTED, "borderWidth": 2.5}
    return {
        "type": "scatter", "name": word.capitalize(), "data": data, "symbol": PLAIN.get(symbol, symbol),
        "symbolSize": size, "itemStyle": style, "emphasis": {"disabled": True},
    }  # fmt: skip
