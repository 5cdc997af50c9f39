"""What an export would write, seen before it is written."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from negviz.errors import NegvizError
from negviz.registry import Entry
from negviz.training_set import TrainingSet

LOOKED_AT = 5_000
SHOWN = 5


@dataclass(frozen=True)
class Outlook:
    """The beginning of what an exporter makes.

    Attributes:
        rows: The first rows, as the data file holds them.
        counted: Rows made while looking ahead.
        whole: Whether that was all of them.
        left_out: For each query (or part of one) that the format cannot hold, its id and why.
        refusal: Why nothing can be written, empty where something can.
    """

    rows: tuple[dict[str, Any], ...] = ()
    counted: int = 0
    whole: bool = True
    left_out: tuple[dict[str, Any], ...] = ()
    refusal: str = ""

    @property
    def reasons(self) -> dict[str, int]:
        """How many queries were left out for each reason, the commonest first."""
        pairs = {(each["query_id"], str(each["reason"])) for each in self.left_out}
        return dict(Counter(reason for _, reason in sorted(pairs)).most_common())

    @property
    def queries_left_out(self) -> int:
        """Queries of which something was left out."""
        return len({each["query_id"] for each in self.left_out})


def look_ahead(training_set: TrainingSet, entry: Entry, knobs: Mapping[str, Any], most: int = LOOKED_AT) -> Outlook:
    """Make the first rows of an export without writing them.

    Args:
        training_set: What would be written.
        entry: The exporter.
        knobs: Its knobs; those not given have their defaults.
        most: Rows after which to stop.
    """
    left_out: list[dict[str, Any]] = []
    shown: list[dict[str, Any]] = []
    counted = 0
    try:
        values = {knob.name: knob.parse(knobs.get(knob.name, knob.default), entry.name) for knob in entry.knobs}
        for row in islice(entry.trait("rows")(training_set, left_out, **values), most):
            counted += 1
            if counted <= SHOWN:
                shown.append(dict(row.data))
    except NegvizError as error:
        return Outlook(refusal=str(error))
    refusal = "" if counted else "No query can be written in this format with this recipe and these settings."
    return Outlook(tuple(shown), counted, counted < most, tuple(left_out), refusal)
