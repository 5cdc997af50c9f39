"""What an export would write, seen before it is written."""

import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from negviz.errors import NegvizError
from negviz.examples import TextDocument, TextExample
from negviz.export import knobs_of
from negviz.exporters._rows import Row
from negviz.registry import Entry
from negviz.survey import Survey
from negviz.training_set import TrainingSet

LOOKED_AT = 5_000
SHOWN = 5
# Queries that are written for a trial; enough that the commonest of several files is known.
TRIED = 500


@dataclass(frozen=True)
class Outlook:
    """The beginning of what an exporter makes.

    Attributes:
        rows: The first rows, as the data file holds them.
        padding: For each of them, the ids of the negatives that only fill it.
        filled: Negatives of all rows made that only fill them.
        counted: Rows made while looking ahead.
        whole: Whether that was all of them.
        left_out: For each query (or part of one) that the format cannot hold, its id and why.
        refusal: Why nothing can be written, empty where something can.
    """

    rows: tuple[Any, ...] = ()
    padding: tuple[tuple[str, ...], ...] = ()
    filled: int = 0
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
    shown: list[Row] = []
    counted = filled = 0
    try:
        for row in islice(entry.trait("rows")(training_set, left_out, **knobs_of(entry, knobs)), most):
            counted += 1
            filled += sum(row.ids["backfilled"])
            if counted <= SHOWN:
                shown.append(row)
    except NegvizError as error:
        return Outlook(refusal=str(error))
    refusal = "" if counted else "No query can be written in this format with this recipe and these settings."
    return Outlook(
        tuple(row.data for row in shown), tuple(map(_padding, shown)), filled, counted, counted < most,
        tuple(left_out), refusal,
    )  # fmt: skip


def _padding(row: Row) -> tuple[str, ...]:
    pairs = zip(row.ids["negative_ids"], row.ids["backfilled"], strict=True)
    return tuple(str(name) for name, fills in pairs if fills)


@dataclass(frozen=True, eq=False)
class Surveyed:
    """What the beginning of a training set says, counted.

    Attributes:
        survey: The counts.
        whole: Whether that was all of it.
    """

    survey: Survey
    whole: bool


def survey(training_set: TrainingSet, most: int = LOOKED_AT) -> Surveyed:
    """Count what the first examples say, so that what a format cannot say is known before anything is written."""
    found = Survey.of(islice(training_set.texts(), most))
    return Surveyed(found, found.examples < most)


@dataclass(frozen=True, eq=False)
class Beginning:
    """The first queries of a training set, as a set of their own for an exporter."""

    whole: TrainingSet
    most: int

    @property
    def name(self) -> str:
        """Short name of the data."""
        return self.whole.name

    @property
    def miner(self) -> str:
        """What chose the negatives."""
        return self.whole.miner

    @property
    def count(self) -> int:
        """Negatives that are wanted for each query."""
        return self.whole.count

    def texts(self) -> Iterator[TextExample]:
        """The first examples."""
        return islice(self.whole.texts(), self.most)

    def corpus(self) -> Iterator[TextDocument]:
        """Documents of these examples, each once."""
        documents = {each.id: each for one in self.texts() for each in (*one.positives, *one.negatives)}
        return iter(documents.values())

    def filling(self, example: TextExample, wanted: int) -> tuple[TextDocument, ...]:
        """Other documents to fill a query with."""
        return self.whole.filling(example, wanted)


def trial(training_set: TrainingSet, entry: Entry, knobs: Mapping[str, Any], most: int = TRIED) -> dict[str, Any]:
    """Write the first queries into a folder that is taken away again: where the data will lie, and in what numbers.

    Args:
        training_set: What would be written.
        entry: The exporter.
        knobs: Its knobs.
        most: Queries to write.

    Returns:
        What the exporter says of it; nothing where it cannot write them.
    """
    with tempfile.TemporaryDirectory(prefix="negviz-") as place:
        try:
            written: dict[str, Any] = entry.function(
                examples=Beginning(training_set, most), folder=Path(place), **knobs_of(entry, knobs)
            )
        except NegvizError:
            return {}
    return written
