"""Leak check: what of a training set is in the data that the model will be evaluated with, and what to do about it."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from negviz.errors import ExportError
from negviz.held_out import DOCUMENT_PIECE, KINDS, QUERY_PIECE, HeldOut, matches
from negviz.training_set import TrainingSet

OnLeak = Literal["report", "refuse", "drop"]
FIRST = 40


class Leak(NamedTuple):
    """A text of the training set that is in the held-out data too.

    Attributes:
        what: ``query``, ``positive`` or ``negative``.
        how: ``same id``, ``same text`` (but for case, spacing and Unicode form) or ``nearly the same text``.
        id: The training set's id.
        text: Its text.
        held_out_id: The id there.
        held_out_text: The text there.
    """

    what: str
    how: str
    id: str
    text: str
    held_out_id: str
    held_out_text: str


@dataclass(frozen=True)
class LeakCheck:
    """What a check found.

    Attributes:
        held_out: Name of the held-out data.
        leaks: Queries first, then positives, then negatives; the surest first.
        dropped: Queries that were left out because of it.
    """

    held_out: str
    leaks: tuple[Leak, ...]
    dropped: int = 0

    @property
    def queries(self) -> int:
        """Training queries that are held-out queries."""
        return len({leak.id for leak in self.leaks if leak.what == "query"})

    def summary(self) -> dict[str, Any]:
        """As plain values for JSON: what was compared, how many queries, positives and negatives by kind."""
        found = {what: Counter[str]() for what in ("query", "positive", "negative")}
        for what, how in {(leak.what, leak.how, leak.id): (leak.what, leak.how) for leak in self.leaks}.values():
            found[what][how] += 1
        by_kind = {what: {how: counts[how] for how in KINDS if counts[how]} for what, counts in found.items()}
        return {"held_out": self.held_out, "queries": self.queries, "dropped": self.dropped, "by_kind": by_kind}

    def sentence(self) -> str:
        """What was found, for people."""
        count = Counter(what for what, _ in {(leak.what, leak.id) for leak in self.leaks})
        dropped = f" {self.dropped:,} queries were left out for it." if self.dropped else ""
        return (
            f"Of the training set, {count['query']:,} queries, {count['positive']:,} positives and "
            f"{count['negative']:,} negatives are in the held-out data '{self.held_out}', wholly or nearly.{dropped}"
        )


def check_leaks(training_set: TrainingSet, held_out: HeldOut) -> LeakCheck:
    """Compare queries with held-out queries, and positives and negatives with held-out answers.

    Compared by id (where the held-out data has the ids of the training data), by normal form, and by the pieces of
    their characters: 80% in common is nearly the same (see ``near_texts``).

    Args:
        training_set: What would be written.
        held_out: What the model will be evaluated with.
    """
    queries: dict[str, str] = {}
    sides: dict[str, dict[str, str]] = {"positive": {}, "negative": {}}
    for example in training_set:
        query = training_set.query(example.query)
        queries[query.id] = query.text
        for what, listed in (("positive", example.positives), ("negative", example.negatives)):
            documents = (training_set.document(each.document) for each in listed)
            sides[what].update((document.id, document.content) for document in documents)
    found = _leaks("query", queries, held_out.queries, held_out.same_ids, QUERY_PIECE)
    for what, texts in sides.items():
        found += _leaks(what, texts, held_out.documents, held_out.same_ids, DOCUMENT_PIECE)
    return LeakCheck(held_out.name, tuple(found))


def _leaks(what: str, own: dict[str, str], held: dict[str, str], same_ids: bool, piece: int) -> list[Leak]:
    ours, theirs = list(own.items()), list(held.items())
    return [
        Leak(what, match.how, *ours[match.ours], *theirs[match.theirs])
        for match in matches(own, held, same_ids, piece)
    ]  # fmt: skip


def refuse_leaks(check: LeakCheck) -> None:
    """Refuse a training set with queries to evaluate with.

    Raises:
        ExportError: If there is one; names the first, and what to do.
    """
    first = next((leak for leak in check.leaks if leak.what == "query"), None)
    if first is not None:
        raise ExportError(
            f"{check.queries:,} training queries are held-out queries of '{check.held_out}' (first '{first.id}': "
            f"\"{_short(first.text)}\", {first.how} as '{first.held_out_id}'), so nothing was written; leave them out "
            "with --leaks drop, or write them all the same with --leaks report."
        )


def rows_of_queries(training_set: TrainingSet, leaks: Iterable[Leak]) -> set[int]:
    """Rows of the queries that leak."""
    ids = {leak.id for leak in leaks if leak.what == "query"}
    return {example.query for example in training_set if training_set.query(example.query).id in ids}


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= FIRST else f"{line[: FIRST - 1]}…"
