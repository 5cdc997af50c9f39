"""Survey: what a set of examples says, counted, and which of it a format cannot say, before anything is written."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from negviz.errors import ExportError
from negviz.examples import TextExample
from negviz.registry import Entry

FACTS = {
    "ids": "{count} documents have an id, which is only in ids.parquet",
    "titles": "{count} documents have a title, which goes before the text",
    "grades": "{count} positives are graded above 1, and become positives like any other",
    "scores": "{count} documents have a score, which is left out of the data (ids.parquet keeps it)",
    "answers": "{count} queries have answer strings, which are left out",
    "prompts": "{count} queries have a prompt, which is left out",
    "subsets": "{count} queries name a subset, which is left out",
    "positives": "{count} queries have several positives, and get a row for each",
    "negatives": "{count} queries have negatives, for which the format has no place",
    "empty": "{count} queries have no negative, and are left out",
    "corpus": "{count} documents are nobody's positive or negative, and are left out",
    "held_out": "{count} judgments are held out to evaluate with, and are left out",
}
"""What examples may say beside the texts, and the sentence about a format that does not hold it."""


class Loss(NamedTuple):
    """Something that a format cannot say.

    Attributes:
        what: One of ``FACTS``, or ``counts``.
        number: How many it concerns.
        message: One sentence without its full stop.
        choice: Knob of the format that decides what becomes of it, empty where there is none.
    """

    what: str
    number: int
    message: str
    choice: str = ""


@dataclass
class Survey:
    """Counts of a set of examples.

    Attributes:
        facts: Numbers of what ``FACTS`` names; a document counts as often as it stands there.
        by_count: Examples by their number of negatives.
        positives: Positives of all examples.
        documents: Documents of the corpus, 0 where it is not gone through.
    """

    facts: Counter[str] = field(default_factory=Counter)
    by_count: Counter[int] = field(default_factory=Counter)
    positives: int = 0
    documents: int = 0

    @classmethod
    def of(cls, examples: Iterable[TextExample]) -> "Survey":
        """Count all of them."""
        survey = cls()
        for example in examples:
            survey.add(example)
        return survey

    def add(self, example: TextExample) -> None:
        """Count one more."""
        self.positives += len(example.positives)
        self.by_count[len(example.negatives)] += 1
        facts = self.facts
        facts["positives"] += len(example.positives) > 1
        facts["negatives" if example.negatives else "empty"] += 1
        listed = (*example.positives, *example.negatives)
        for what, count in (
            ("ids", len([1 for each in listed if each.id is not None])),
            ("titles", len([1 for each in listed if each.title])),
            ("scores", len([1 for each in listed if each.score is not None])),
            ("grades", len([1 for each in example.positives if (each.grade or 0) > 1])),
            ("answers", bool(example.answers)),
            ("prompts", bool(example.prompt)),
            ("subsets", bool(example.subset)),
        ):
            if count:
                facts[what] += count

    @property
    def examples(self) -> int:
        """Number of examples."""
        return self.by_count.total()

    @property
    def negatives(self) -> int:
        """Negatives of all examples."""
        return sum(count * number for count, number in self.by_count.items())

    @property
    def usual(self) -> int:
        """The commonest number of negatives that is not 0, of two the larger; 0 where no example has any."""
        found = [(number, count) for count, number in self.by_count.items() if count]
        return max(found, default=(0, 0))[1]

    def losses(self, entry: Entry, knobs: Mapping[str, Any], count: int) -> list[Loss]:
        """What a format cannot say of these examples.

        Args:
            entry: The exporter; its trait ``holds`` names those of ``FACTS`` that it says, and ``counts`` where its
                rows may differ in their number of negatives.
            knobs: Its knobs.
            count: Negatives that are wanted for each query.
        """
        holds = set(entry.trait("holds", ())) | ({"scores"} if knobs.get("scores") else set())
        holds -= {"ids"} if knobs.get("integer_ids") else set()
        if "negatives" not in holds:
            holds |= {"empty", "counts"}
        # What is filled up may also have had nothing.
        holds |= {"empty"} if knobs.get("short") == "pad" else set()
        found = [
            Loss(what, self.facts[what], sentence.format(count=f"{self.facts[what]:,}"))
            for what, sentence in FACTS.items()
            if what not in holds and self.facts[what]
        ]
        wanted = int(knobs.get("negatives") or count)
        if "n_ways" in knobs:
            wanted = min(wanted, int(knobs["n_ways"]) - 1)
        return found + ([] if "counts" in holds else self._counts(knobs, wanted))

    def _counts(self, knobs: Mapping[str, Any], wanted: int) -> list[Loss]:
        """What becomes of examples with fewer or more negatives than each row has."""
        least = 0 if knobs.get("short") == "pad" else 1
        short = sum(number for count, number in self.by_count.items() if least <= count < wanted)
        long = sum(number for count, number in self.by_count.items() if count > wanted)
        fate = SHORT.get(str(knobs.get("short", "drop")), "").format(wanted=wanted)
        found = []
        if short:
            message = f"{short:,} queries have fewer than {wanted} negatives, and {fate}"
            found.append(Loss("counts", short, message, "short" if "short" in knobs else ""))
        if long and wanted:
            message = f"{long:,} queries have more than {wanted} negatives, of which the last are left out"
            found.append(Loss("counts", long, message, "negatives" if "negatives" in knobs else ""))
        return found


Tell = Callable[[list[Loss]], None]
"""Hears what a format cannot say, before anything is written; raising stops it."""


def refuse_losses(losses: list[Loss]) -> None:
    """Stop where the format cannot say everything.

    Raises:
        ExportError: If it cannot; names what.
    """
    if losses:
        found = "; ".join(loss.message for loss in losses)
        raise ExportError(f"The format cannot say everything, so nothing was written: {found}.")


SHORT = {
    "drop": "are left out",
    "pad": "are filled up with random documents, marked in ids.parquet",
    "split": "go into files of their own",
}
