"""Lines, zones and curves over the distributions of scores: those of the recipe, and those of published rules."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from negviz.arrays import Floats
from negviz.bells import weight_at
from negviz.charts import DISPUTED, POSITIVE, QUERY, SOFT, Zone
from negviz.diagnostics.limits import limits
from negviz.diagnostics.score_axis import Kind, ScoreAxis
from negviz.diagnostics.score_profile import ScoreProfile
from negviz.diagnostics.turned import turned
from negviz.limits import Limit
from negviz.recipe import Recipe, Step, published
from negviz.ui.board import Curve, Handle
from negviz.ui.recipe_editor import knobs_of

# The zone on which published rules disagree for cosine: NV-Retriever refuses from 0.95 of the positive on, the mask of
# Qwen3-Embedding only from the positive + 0.1 on.
DISPUTED_FROM, DISPUTED_TO = 0.95, 0.1
COLOURS = {"above": QUERY, "below": "#7048e8"}
# Lines for comparison have their names beside them and stand back behind the recipe's own.
COMPARED = "#7d8a99"
CURVE_POINTS = 200
# How far a line may stretch the axis, as a share of what the scores span; farther away it is an arrow at the border.
STRETCH = 0.5
# How near to the positive is on it, as a share of the largest distance to one.
AT_POSITIVE = 1e-5
COSINE, DOT = "cosine", "dot"
BAND = "Where the line is for 90% of queries"
ZONE = "disputed"


@dataclass(frozen=True)
class Rule:
    """A published rule that can be drawn for comparison.

    Attributes:
        label: What the choice says.
        recipe: Published recipe whose steps draw the lines.
        dash: Of its lines.
        scales: Scales on which its numbers mean something; empty for any.
        knobs: What differs from the recipe's knobs.
    """

    label: str
    recipe: str
    dash: str
    scales: tuple[str, ...] = (COSINE,)
    knobs: Mapping[str, Any] | None = None


RULES = {
    "nv_percent": Rule("NV-Retriever, 95%", "nv_perc", "longdash", ()),
    "nv_margin": Rule("NV-Retriever, margin 0.05", "nv_margin", "dash"),
    "nv_ceiling": Rule("NV-Retriever, below 0.7", "nv_abs", "dashdot"),
    "arctic": Rule("Arctic-style ceiling 0.8", "arctic_v1", "longdash"),
    "qwen3": Rule("Qwen3 mask, + 0.1", "qwen3_mask", "dot"),
    "simans": Rule("SimANS, a = 0.5", "simans", "dot", (DOT,)),
    "simans_zone": Rule("SimANS bell, half at 0.1", "simans", "dot", (COSINE,), {"width": 0.1}),
    "hard_zone": Rule("Hard zone of width 0.1", "ambiguous_zone", "dash"),
}


@dataclass(frozen=True, eq=False)
class Drawn:
    """A line of a step on an axis.

    Attributes:
        id: Name of the line on the board.
        step: The step.
        place: Which of the step's limits.
        limit: Where it lies for every query.
        knobs: All knobs of the step.
        value: Where it lies on the axis for the query whose positive has the median score.
        low: Where it lies for the query at the 5th percentile, None where it is the same for all.
        high: The same at the 95th percentile.
    """

    id: str
    step: Step
    place: int
    limit: Limit
    knobs: Mapping[str, Any]
    value: float
    low: float | None
    high: float | None


def drawn_lines(recipe: Recipe, profile: ScoreProfile, axis: ScoreAxis, prefix: str = "") -> list[Drawn]:
    """Every line of a recipe's steps that lies on scores or distances, on an axis; limits on ranks do not.

    Args:
        recipe: The recipe, or a published one for comparison.
        profile: Scores of the scorer.
        axis: Where they are drawn.
        prefix: Tells its lines from those of another recipe.
    """
    knobs = knobs_of(recipe)
    return [
        _drawn(f"{prefix}{step.name}.{place}", step, place, knobs[step.name], profile, axis)
        for step in recipe.steps
        for place, limit in enumerate(limits(step.strategy, knobs[step.name], profile.levels))
        if limit.axis != "rank"
    ]


def _drawn(
    name: str, step: Step, place: int, knobs: Mapping[str, Any], profile: ScoreProfile, axis: ScoreAxis
) -> Drawn:
    middle = np.array([profile.level])
    value = axis.place(limits(step.strategy, knobs, middle)[place].on_scores(middle), middle)
    # Its scores for all queries depend on their positives alone, so the quantiles of those stand for all of them.
    levels = profile.levels
    spread = axis.place(limits(step.strategy, knobs, levels)[place].on_scores(levels), levels)
    low, high = _band(spread[np.isfinite(spread)], float(axis.edges[-1] - axis.edges[0]))
    limit = limits(step.strategy, knobs, profile.anchor)[place]
    return Drawn(name, step, place, limit, knobs, float(value[0]), low, high)


def _band(values: Floats, width: float) -> tuple[float | None, float | None]:
    if not values.size:
        return None, None
    low, high = np.percentile(values, [5, 95])
    return (float(low), float(high)) if high - low > 1e-6 * width else (None, None)


def handles(lines: Iterable[Drawn], profile: ScoreProfile, axis: ScoreAxis, edges: Floats) -> list[Handle]:
    """The recipe's lines, as they are drawn and dragged.

    Args:
        lines: The lines.
        profile: Scores of the scorer.
        axis: Where they are drawn.
        edges: Bins as they are drawn, which may reach farther than those of the axis.
    """
    found = []
    shown = list(lines)
    colours = [SOFT if line.limit.soft else COLOURS[line.limit.refuses] for line in shown]
    # One name for two colours would not say which band belongs to which line.
    apart = len({colour for line, colour in zip(shown, colours, strict=True) if line.low is not None}) > 1
    for line, colour in zip(shown, colours, strict=True):
        dash = "dot" if line.limit.soft else "solid"
        ends = [moved(line, float(end), profile, axis) for end in (edges[0], edges[-1])]
        movable = np.isfinite(line.value) and all(np.isfinite(ends))
        near = 1e-3 * float(edges[-1] - edges[0])
        least = ends[0] if movable and ends[0] > edges[0] + near else None
        most = ends[1] if movable and ends[1] < edges[-1] - near else None
        found.append(Handle(
            line.id, line.limit.label, line.value, colour, dash, line.low, line.high, movable=bool(movable),
            band=f"{line.limit.label}, for 90% of queries" if apart else BAND, least=least, most=most,
        ))  # fmt: skip
    return found


def moved(line: Drawn, value: float, profile: ScoreProfile, axis: ScoreAxis) -> float:
    """Where a line comes to lie that was moved to a place on the axis; NaN where nothing moves it."""
    changed = turned_to(line, value, profile, axis)
    if not changed:
        return float("nan")
    middle = np.array([profile.level])
    limit = limits(line.step.strategy, {**line.knobs, **changed}, middle)[line.place]
    return float(axis.place(limit.on_scores(middle), middle)[0])


def compared(rules: Sequence[str], profile: ScoreProfile, axis: ScoreAxis) -> list[Handle]:
    """Lines of published rules, drawn and not moved."""
    found = []
    for name in rules:
        rule = RULES[name]
        lines = drawn_lines(_recipe(rule), profile, axis, f"also.{name}.")
        for line in lines:
            end = line.limit.label.rpartition(", ")[2] if len(lines) > 1 else ""
            label = f"{rule.label}: {end}" if end else rule.label
            found.append(Handle(line.id, label, line.value, COMPARED, rule.dash, movable=False))
    return found


def offered(scale: str) -> list[str]:
    """Names of the published rules whose numbers mean something on a scale, the disputed zone among them."""
    rules = [name for name, rule in RULES.items() if not rule.scales or scale in rule.scales]
    return [ZONE, *rules] if scale == COSINE else rules


def _recipe(rule: Rule) -> Recipe:
    recipe = published()[rule.recipe]
    for knob, value in (rule.knobs or {}).items():
        recipe = recipe.with_knob(recipe.steps[-1].name, knob, value)
    return recipe


def reference(kind: Kind) -> list[Handle]:
    """The positive itself, where the axis is measured from it."""
    places = {"margin": 0.0, "ratio": 1.0}
    return [Handle("positive", "Positive", places[kind], POSITIVE, "solid", movable=False)] if kind in places else []


def zones(recipe: Recipe | None, profile: ScoreProfile, axis: ScoreAxis, *, disputed: bool) -> list[Zone]:
    """The disputed zone where wanted, and the accepted zone of steps that have one; of the median positive.

    Args:
        recipe: Whose steps; None draws no accepted zone.
        profile: Scores of the scorer.
        axis: Where they are drawn.
        disputed: Whether the zone on which published rules disagree is wanted.
    """
    found = []
    level = profile.level
    if disputed and np.isfinite(level):
        low, high = axis.place([level - abs(level) * (1 - DISPUTED_FROM), level + DISPUTED_TO], level).tolist()
        found.append(Zone("Disputed: 95% of the positive to the positive + 0.1", low, high, DISPUTED))
    lines = drawn_lines(recipe, profile, axis) if recipe else []
    for step in recipe.steps if recipe else ():
        both = [line for line in lines if line.step.name == step.name and line.limit.axis == "margin"]
        ends = sorted(line.value for line in both)
        if len(both) == 2 and np.isfinite(ends).all():
            word = "Half weight or more" if both[0].limit.soft else "Accepted zone"
            found.append(Zone(word, ends[0], ends[1], SOFT))
    return found


def weight_curve(recipe: Recipe, level: float, axis: ScoreAxis, edges: Floats) -> Curve | None:
    """SimANS' weight along the axis for the median positive, where the recipe has such a step."""
    knobs = knobs_of(recipe)
    step = next((step for step in recipe.steps if step.strategy == "near_positive"), None)
    if step is None or not np.isfinite(level):
        return None
    ends = axis.score(float(edges[0]), level), axis.score(float(edges[-1]), level)
    scores = np.linspace(*ends, CURVE_POINTS)
    return Curve(axis.place(scores, level), weight_at(knobs[step.name], scores - level), "Sampling weight")


def comparison_curve(rules: Sequence[str], level: float, axis: ScoreAxis, edges: Floats) -> Curve | None:
    """The bell of SimANS, where that is drawn for comparison."""
    for name in rules:
        curve = weight_curve(_recipe(RULES[name]), level, axis, edges)
        if curve is not None:
            return curve._replace(name=f"{RULES[name].label}, weight")
    return None


def turned_to(line: Drawn, value: float, profile: ScoreProfile, axis: ScoreAxis) -> dict[str, float]:
    """Knobs of a line's step that bring it to a place on the axis; empty where none does.

    Args:
        line: The line.
        value: The place.
        profile: Scores of the scorer.
        axis: Where the line is drawn.
    """
    score = axis.score(value, profile.level)
    wanted = score - profile.level if line.limit.axis == "margin" else score
    if not np.isfinite(wanted):
        return {}
    if line.limit.axis == "margin" and abs(wanted) < AT_POSITIVE * profile.span:
        # Places are rounded on the way to the browser; a line dragged to the positive means just that.
        wanted = 0.0
    return turned(line.step.strategy, line.knobs, line.place, wanted, profile.level)


def stretched(edges: Floats, values: Iterable[float]) -> tuple[Floats, int, int]:
    """Edges with further bins where a line lies a little beyond them, and how many were added on each side."""
    width = float(edges[-1] - edges[0])
    size = width / (len(edges) - 1)
    near = [value for value in values if edges[0] - STRETCH * width <= value <= edges[-1] + STRETCH * width]
    before = max([0, *(int(np.ceil((edges[0] - value) / size)) + 1 for value in near if value < edges[0])])
    after = max([0, *(int(np.ceil((value - edges[-1]) / size)) + 1 for value in near if value > edges[-1])])
    more = edges[0] - size * np.arange(before, 0, -1), edges[-1] + size * np.arange(1, after + 1)
    return np.concatenate([more[0], edges, more[1]]), before, after


def placed_rows(lines: Iterable[Drawn], profile: ScoreProfile, unit: str) -> list[dict[str, Any]]:
    """For each line where it is and the share of candidates and of positives below it.

    A line that differs from query to query is compared query by query, and stands in the table where it is for the
    median positive.

    Args:
        lines: The lines.
        profile: Scores of the scorer.
        unit: What the axis counts in, for the head of the table.
    """
    rows = []
    for line in lines:
        scores, value = line.limit.on_scores(profile.anchor), line.limit.value
        # Where all queries share one number, its share is the one that the knob's caption tells.
        alone = (
            {"score": profile.scores, "margin": profile.distances}.get(line.limit.axis) if np.ndim(value) == 0 else None
        )
        below = alone.below(float(value)) if alone is not None else profile.scores.below(scores)
        shares = below, profile.scores.positives_below(scores)
        percent = [round(100 * share, 1) if np.isfinite(share) else None for share in shares]
        rows.append({
            "line": line.limit.label, "step": line.step.name,
            unit: float(f"{line.value:.4g}") if np.isfinite(line.value) else None,
            "candidates below, %": percent[0], "positives below, %": percent[1],
        })  # fmt: skip
    return rows
