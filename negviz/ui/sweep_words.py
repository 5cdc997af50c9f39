"""A sweep in words and as a table: what a value costs and brings, and on how many judgments that rests."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from negviz.diagnostics.sweep import Outcome
from negviz.sweeping import JUDGMENTS, LABELS
from negviz.ui.sweep_axes import Axis

BY = {JUDGMENTS: "the judgments", LABELS: "people's labels"}
MEASURED = "Measured false negatives, %"
OUTCOMES: Mapping[str, tuple[str, Callable[[Outcome, str], float]]] = {
    "Negatives a query": ("negatives a query", lambda outcome, _: outcome.per_query),
    "Starved queries, %": ("starved, %", lambda outcome, _: 100 * outcome.starved_share),
    "Mean hardness": ("score minus positive", lambda outcome, _: outcome.hardness),
    "Likely false negatives, %": ("likely false, %", lambda outcome, _: 100 * outcome.likely_share),
    MEASURED: ("measured false, %", lambda outcome, by: 100 * outcome.rate(by)),
}


def words(axis: Axis, results: Sequence[Outcome], by: str) -> str:
    """The numbers at, or next to, the value at hand, and on how many judgments they rest."""
    at = axis.at
    where = "the value at hand" if axis.values[at] == axis.now else f"next to the value at hand ({axis.now:.4g})"
    return f"At {axis.values[at]:.4g}, {where}: {_told(results[at])} {_judged(results[at], by)}"


def _told(outcome: Outcome) -> str:
    hard = f"{outcome.hardness:.3g} (score minus the positive's)" if math.isfinite(outcome.hardness) else "unknown"
    likely = f"{outcome.likely_share:.1%}" if math.isfinite(outcome.likely_share) else "unknown how many"
    return (
        f"{outcome.per_query:.2f} of {outcome.wanted:,} negatives a query, {outcome.starved_share:.0%} of queries "
        f"starved, mean hardness {hard}, {likely} likely false (above 95% of the positive, a rule of thumb)."
    )


def _judged(outcome: Outcome, by: str) -> str:
    here = outcome.measured.get(by)
    if here is None or not here.judged:
        return "None of these negatives is judged: label some to see what each value lets through."
    return (
        f"By {BY[by]}, {here.false_negatives:,} of {here.judged:,} judged negatives are false ({here.rate:.1%}, 95% "
        f"interval {here.low:.1%} to {here.high:.1%}); the share speaks for all {here.taken:,} only where the judged "
        "ones were drawn by chance, or are all of them."
    )


def rows_of(axis: Axis, results: Sequence[Outcome], by: str) -> list[dict[str, Any]]:
    """The numbers as a table, a row a value."""
    return [
        {
            axis.turn.path: axis.named(place),
            "negatives a query": round(outcome.per_query, 3),
            "starved queries": outcome.starved,
            "starved, %": round(100 * outcome.starved_share, 2),
            "mean hardness": _number(outcome.hardness, 4),
            "likely false": outcome.likely.above,
            "likely false, %": _number(100 * outcome.likely_share, 2),
            **(_measured_cells(outcome, by) if by else {}),
        }
        for place, outcome in enumerate(results)
    ]


def _measured_cells(outcome: Outcome, by: str) -> dict[str, Any]:
    here = outcome.measured[by]
    return {
        "judged": here.judged, "measured false": here.false_negatives, "false, %": _number(100 * here.rate, 2),
        "from, %": _number(100 * here.low, 2), "to, %": _number(100 * here.high, 2),
    }  # fmt: skip


def _number(value: float, digits: int) -> float | None:
    return round(value, digits) if math.isfinite(value) else None


def cell(outcome: Outcome, by: str) -> list[str]:
    """All numbers of a cell, a line each."""
    hard = f"{outcome.hardness:.3g}" if math.isfinite(outcome.hardness) else "unknown"
    likely = f"{outcome.likely_share:.1%}" if math.isfinite(outcome.likely_share) else "unknown"
    here = outcome.measured.get(by)
    false = "not known, nothing is judged"
    if here is not None and here.judged:
        false = f"{here.rate:.1%} ({here.low:.1%} to {here.high:.1%}) of {here.judged:,} judged"
    return [
        f"{outcome.per_query:.2f} of {outcome.wanted:,} negatives a query",
        f"starved queries {outcome.starved_share:.1%}",
        f"mean hardness {hard}",
        f"likely false {likely}",
        f"measured false {false}",
    ]
