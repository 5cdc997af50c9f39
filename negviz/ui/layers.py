"""Which knobs of free text name a layer of the pool, and what a pool has for them."""

from collections.abc import Mapping, Sequence
from typing import Any

from negviz.pool import Pool

SCORERS = ("scorer", "teacher", "guide", "older", "newer", "layer")
RETRIEVERS = ("retriever", "provenance")
SEVERAL_RETRIEVERS = ("retrievers", "strata")


def choices_of(pool: Pool) -> dict[str, Mapping[str, Sequence[str]]]:
    """What ``forms.knob_inputs`` offers for such knobs: one layer, or several."""
    scorers, retrievers = sorted(pool.scores), sorted(pool.ranks)
    one: dict[str, Any] = {**dict.fromkeys(SCORERS, scorers), **dict.fromkeys(RETRIEVERS, retrievers)}
    return {"choices": one, "several": dict.fromkeys(SEVERAL_RETRIEVERS, retrievers)}
