"""Lines, zones and curves that a recipe draws over the histograms, and where they fall."""

from typing import Any

import numpy as np
import numpy.typing as npt

from negviz.arrays import Floats
from negviz.bells import weight_at
from negviz.charts import DISPUTED, FALSE_NEGATIVE, QUERY, SOFT, Line, Zone
from negviz.diagnostics.limits import limits
from negviz.diagnostics.score_profile import ScoreProfile
from negviz.limits import Limit
from negviz.recipe import Recipe
from negviz.ui.recipe_editor import knobs_of

# The zone on which published rules disagree for cosine: NV-Retriever refuses from 0.95 of the positive on, the mask of
# Qwen3-Embedding only from the positive + 0.1 on.
DISPUTED_FROM, DISPUTED_TO = 0.95, 0.1
COLOURS = {"above": FALSE_NEGATIVE, "below": QUERY}
CURVE_POINTS = 200
# Name of the band from 5 to 95 percent in the legend, where it follows its line.
WHERE = "where it is for 90% of queries"


def drawn_limits(recipe: Recipe, profile: ScoreProfile) -> list[tuple[str, Limit]]:
    """Every line of the recipe's steps, with the step's name."""
    knobs = knobs_of(recipe)
    return [
        (step.name, limit) for step in recipe.steps for limit in limits(step.strategy, knobs[step.name], profile.anchor)
    ]


def line_of(limit: Limit) -> Line:
    """A limit as a line; one that differs from query to query as the median with a band from 5 to 95 percent."""
    colour, dash = (SOFT, "dot") if limit.soft else (COLOURS[limit.refuses], "dash")
    value, low, high = spread(limit.value)
    label = f"{limit.label} {value:.3g}" if low is None else f"{limit.label}, median {value:.3g}"
    return Line(label, value, colour, dash, low, high, WHERE)


def spread(value: Floats | float) -> tuple[float, float | None, float | None]:
    """Median, 5th and 95th percentile of a limit over the queries; only itself where it is one number."""
    if isinstance(value, float | int):
        return float(value), None, None
    known = value[np.isfinite(value)]
    if not known.size:
        return 0.0, None, None
    low, middle, high = np.percentile(known, [5, 50, 95])
    return float(middle), float(low), float(high)


def disputed_scores(profile: ScoreProfile) -> list[Zone]:
    """The disputed zone of the query whose positive has the median score; nothing on a scale that is not cosine."""
    level = spread(profile.anchor)[0]
    if profile.scale != "cosine" or not np.isfinite(profile.anchor).any():
        return []
    low = level - abs(level) * (1 - DISPUTED_FROM)
    return [Zone("Disputed zone of the median positive", low, level + DISPUTED_TO, DISPUTED)]


def zones(recipe: Recipe, profile: ScoreProfile, *, disputed: bool = True) -> list[Zone]:
    """The disputed zone (on cosine, where wanted), and the accepted zone of steps that have one."""
    found = []
    if disputed and profile.scale == "cosine":
        low = spread(-np.abs(profile.anchor) * (1 - DISPUTED_FROM))[0]
        found.append(Zone("Disputed zone", low, DISPUTED_TO, DISPUTED))
    knobs = knobs_of(recipe)
    for step in recipe.steps:
        lines = limits(step.strategy, knobs[step.name], profile.anchor)
        ends = sorted(float(line.value) for line in lines if line.axis == "margin" and isinstance(line.value, float))
        if len(ends) == 2:
            word = "Half weight or more" if lines[0].soft else "Accepted zone"
            found.append(Zone(f"{word}: {ends[0]:.3g} to {ends[1]:.3g}", ends[0], ends[1], SOFT))
    return found


def weight_curve(recipe: Recipe, edges: Floats) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]] | None:
    """SimANS' weight over the distance to the positive, where the recipe has such a step."""
    knobs = knobs_of(recipe)
    for step in recipe.steps:
        if step.strategy == "near_positive":
            place = np.linspace(edges[0], edges[-1], CURVE_POINTS)
            return place.astype(np.float32), weight_at(knobs[step.name], place).astype(np.float32)
    return None


def placed_rows(drawn: list[tuple[str, Limit]], profile: ScoreProfile) -> list[dict[str, Any]]:
    """For each line where it is and the share of candidates and of positives below it.

    A line that differs from query to query is compared query by query, and stands in the table with its median.
    """
    rows = []
    for name, limit in drawn:
        if limit.axis == "rank":
            continue
        found = profile.scores if limit.axis == "score" else profile.distances
        shares = found.below(limit.value), found.positives_below(limit.value)
        percent = [round(100 * share, 1) if np.isfinite(share) else None for share in shares]
        rows.append({
            "line": limit.label, "step": name, "at": round(spread(limit.value)[0], 4),
            "candidates below, %": percent[0], "positives below, %": percent[1],
        })  # fmt: skip
    return rows
