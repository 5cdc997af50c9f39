"""How bars that must differ by more than colour are hatched."""

from typing import Any


def hatched(shape: str) -> dict[str, Any]:
    """A pattern over the bar's own colour.

    Args:
        shape: ``/``, ``x`` and so on; empty for a plain bar.
    """
    return {"shape": shape, "fillmode": "overlay", "fgcolor": "#ffffff", "fgopacity": 0.35}
