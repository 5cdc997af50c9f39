"""Areas: which points lie inside what somebody drew on a chart."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from negviz.arrays import Bools, Floats, Scores

Area = Mapping[str, Any]


def inside(points: Scores, areas: Sequence[Area]) -> Bools:
    """Which points lie in any of the areas that somebody drew; evaluated here, over all points and not only the drawn.

    Args:
        points: (points, 2).
        areas: As the chart gives them: ``{"brush_type": "rect", "coord_range": [[x, x], [y, y]]}`` or
            ``{"brush_type": "polygon", "coord_range": [[x, y], ...]}``; anything else holds nothing.
    """
    found = np.zeros(len(points), dtype=bool)
    for area in areas:
        try:
            shape = np.asarray(area["coord_range"], dtype=np.float64)
        except (KeyError, TypeError, ValueError):
            continue
        if shape.ndim != 2 or shape.shape[1] != 2 or not np.isfinite(shape).all():
            continue
        if area.get("brush_type") == "rect" and len(shape) == 2:
            found |= _in_box(points, shape.min(axis=1), shape.max(axis=1))
        elif area.get("brush_type") == "polygon" and len(shape) > 2:
            found |= _in_polygon(points, shape)
    return found


def _in_box(points: Scores, low: Floats, high: Floats) -> Bools:
    return np.asarray(((points >= low) & (points <= high)).all(axis=1))


def _in_polygon(points: Scores, corners: Floats) -> Bools:
    """Even-odd rule: a ray to the right crosses the outline an odd number of times."""
    near = np.flatnonzero(_in_box(points, corners.min(axis=0), corners.max(axis=0)))
    x, y = points[near, 0].astype(np.float64), points[near, 1].astype(np.float64)
    odd = np.zeros(len(near), dtype=bool)
    for (x0, y0), (x1, y1) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        if y0 != y1:
            crosses = (y0 > y) != (y1 > y)
            odd ^= crosses & (x < x0 + (y - y0) * (x1 - x0) / (y1 - y0))
    found = np.zeros(len(points), dtype=bool)
    found[near[odd]] = True
    return found
