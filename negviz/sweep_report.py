"""Report of a sweep: plain numbers for scripts; unknown numbers are None."""

import math
from collections.abc import Sequence
from typing import Any

from negviz.diagnostics.measured_false_negatives import Measured
from negviz.diagnostics.sweep import Outcome
from negviz.sweeping import Sweeper, Turn, published_value, value_of


def report(
    sweeper: Sweeper,
    across: Turn,
    values: Sequence[float],
    down: Turn | None,
    others: Sequence[float],
    outcomes: Sequence[Outcome],
) -> dict[str, Any]:
    """A sweep as plain numbers.

    Args:
        sweeper: What was run.
        across: The knob.
        values: Its values.
        down: The second knob, None where there is one alone.
        others: Its values.
        outcomes: One a value; of two knobs those of the first one run fastest.
    """
    recipe = sweeper.recipe
    pairs = [(value, other) for other in (others if down else (None,)) for value in values]
    return {
        "recipe": recipe.name,
        "pool": sweeper.pool.fingerprint,
        "queries": sweeper.queries,
        "of_queries": len(sweeper.pool),
        "scorer": recipe.scorer,
        "anchor": recipe.anchor,
        "knob": _knob(sweeper, across, values),
        "second": _knob(sweeper, down, others) if down else None,
        "measured_by": list(sweeper.judges),
        "rows": [
            {"value": value, **({"second": other} if down else {}), **_row(outcome)}
            for (value, other), outcome in zip(pairs, outcomes, strict=True)
        ],
    }


def _knob(sweeper: Sweeper, turn: Turn, values: Sequence[float]) -> dict[str, Any]:
    return {
        "name": turn.path, "from": values[0], "to": values[-1], "values": len(values),
        "now": value_of(sweeper.recipe, turn), "published": published_value(sweeper.recipe, turn),
    }  # fmt: skip


def _row(outcome: Outcome) -> dict[str, Any]:
    likely = outcome.likely
    return {
        "count": outcome.wanted,
        "taken": outcome.taken,
        "per_query": outcome.per_query,
        "starved": outcome.starved,
        "starved_share": outcome.starved_share,
        "hardness": _known(outcome.hardness),
        "scored": outcome.scored,
        "likely_false": {"count": likely.above, "share": _known(outcome.likely_share), "disputed": likely.disputed},
        "measured_by": {by: _share(measured) for by, measured in outcome.measured.items()},
    }


def _share(measured: Measured) -> dict[str, Any]:
    return {
        "false_negatives": measured.false_negatives, "labelled": measured.judged, "taken": measured.taken,
        "rate": _known(measured.rate), "low": _known(measured.low), "high": _known(measured.high), "method": "wilson",
    }  # fmt: skip


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None
