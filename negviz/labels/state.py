"""What the events add up to: the verdict of each pair, and where a dataset or a pool holds those pairs."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Protocol, TypeAlias
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from negviz.arrays import Ints, fingerprint
from negviz.dataset import Dataset
from negviz.labels.events import ADJUDICATION, LabelEvent, Pair, Verdict

Verdicts: TypeAlias = npt.NDArray[np.int8]


class Candidates(Protocol):
    """What is asked of a pool: whose rows it holds, and which."""

    @property
    def dataset(self) -> Dataset:
        """Where the rows point to."""

    @property
    def queries(self) -> Ints:
        """(queries,) rows of queries."""

    @property
    def documents(self) -> Ints:
        """(queries, depth) rows of documents, negative for padding."""


@dataclass(frozen=True, eq=False)
class Labels(Mapping[Pair, LabelEvent]):
    """The current verdicts: a mapping from (query key, document key) to the event that counts.

    Everybody has one voice on a pair: what they said last. Of several voices the latest counts, unless somebody
    adjudicated (spoke from the queue ``adjudication``): that stands, whoever speaks afterwards, until it is taken back,
    until that person says something else, or until the next adjudication. It settles the conflict of the voices
    before it; a later voice that differs from it opens the conflict again.

    Attributes:
        standing: The event that counts, for each pair that has a verdict.
        conflicts: For each pair with an open conflict the voices that differ, the latest last; after an adjudication
            that is it and what was said since.
        drawn: For each pair that a current voice knows to have been drawn by chance, the latest of those voices: its
            queue and probability belong to the pair, whoever's verdict stands.
    """

    standing: Mapping[Pair, LabelEvent]
    conflicts: Mapping[Pair, tuple[LabelEvent, ...]]
    drawn: Mapping[Pair, LabelEvent] = field(default_factory=dict)

    @classmethod
    def of(cls, events: Iterable[LabelEvent], annotator: str | None = None) -> "Labels":
        """Replay events: an event that another one withdraws never happened, of the others the latest counts.

        Args:
            events: In any order; they are put in order of time, those of a pair by their names where that is the same.
            annotator: Only what this person said; None for everybody.
        """
        by_pair = voices(events, annotator)
        counting = {pair: _since_adjudication(said) for pair, said in by_pair.items()}
        drawn = {pair: event for pair, said in by_pair.items() for event in said if event.probability is not None}
        return cls(
            MappingProxyType({pair: _standing(said) for pair, said in counting.items()}),
            MappingProxyType({pair: tuple(said) for pair, said in counting.items() if _differ(said)}),
            MappingProxyType(drawn),
        )

    def __getitem__(self, pair: Pair) -> LabelEvent:
        """Event that counts for a pair of content keys."""
        return self.standing[pair]

    def __iter__(self) -> Iterator[Pair]:
        """Pairs that have a verdict."""
        return iter(self.standing)

    def __len__(self) -> int:
        """Number of pairs that have a verdict."""
        return len(self.standing)

    def counts(self) -> dict[Verdict, int]:
        """Number of pairs with each verdict."""
        found = Counter(event.verdict for event in self.values())
        return {verdict: found[verdict] for verdict in Verdict}

    @cached_property
    def fingerprint(self) -> str:
        """Digest of all that an export or an estimate can depend on; who, when, notes and ids are not part of it."""
        facts = [(*pair, str(event.verdict), event.grade, *self._draw(pair)) for pair, event in self.items()]
        return fingerprint("labels 1", *sorted(facts, key=lambda fact: fact[:2]))

    def _draw(self, pair: Pair) -> tuple[str, float | None]:
        """What put a pair in front of somebody, and with what probability."""
        event = self.drawn.get(pair, self.standing[pair])
        return event.queue, event.probability

    def found(self, dataset: Dataset) -> list[tuple[int, int, LabelEvent]]:
        """Labelled pairs that a dataset holds, as (query row, document row, event), sorted by rows.

        A text that the dataset holds several times appears with each of its rows.
        """
        if not self.standing:
            return []
        queries, documents = _indexes(dataset)
        asked = list(self.standing)
        rows = zip(
            queries.rows([pair[0] for pair in asked]), documents.rows([pair[1] for pair in asked]), asked, strict=True
        )
        triples = [
            (query, document, self.standing[pair])
            for of_query, of_document, pair in rows
            for query in of_query
            for document in of_document
        ]
        return sorted(triples, key=lambda triple: triple[:2])

    def align(self, pool: Candidates) -> Verdicts:
        """Verdict of each candidate of a pool.

        Args:
            pool: Candidates, with the dataset that they are rows of.

        Returns:
            (queries, depth) codes: 0 none, 1 false negative, 2 true negative, 3 drop, 4 unsure.
        """
        codes = np.zeros(pool.documents.shape, dtype=np.int8)
        found = self.found(pool.dataset)
        order = np.argsort(pool.queries, kind="stable")
        wanted = np.array([query for query, _, _ in found], dtype=np.int32)
        low, high = (np.searchsorted(pool.queries[order], wanted, side) for side in ("left", "right"))
        for start, end, (_, document, event) in zip(low, high, found, strict=True):
            for place in order[start:end]:
                codes[place, pool.documents[place] == document] = _code(event)
        return codes

    def align_pairs(self, dataset: Dataset, queries: npt.ArrayLike, documents: npt.ArrayLike) -> Verdicts:
        """Verdict of arbitrary pairs.

        Args:
            dataset: Where the rows point to.
            queries: Rows of queries, of any shape that goes with that of the documents.
            documents: Rows of documents; negative rows are padding and have no verdict.

        Returns:
            Codes as of ``align``, in the shape that the two have together.
        """
        asked_queries, asked_documents = np.broadcast_arrays(
            np.asarray(queries, dtype=np.int64), np.asarray(documents, dtype=np.int64)
        )
        codes = np.zeros(asked_queries.shape, dtype=np.int8)
        found = self.found(dataset)
        if not found:
            return codes
        width = len(dataset.documents)
        known = np.array([query * width + document for query, document, _ in found], dtype=np.int64)
        asked = np.where((asked_queries >= 0) & (asked_documents >= 0), asked_queries * width + asked_documents, -1)
        place = np.minimum(np.searchsorted(known, asked), len(known) - 1)
        values = np.array([_code(event) for _, _, event in found], dtype=np.int8)
        return np.where(known[place] == asked, values[place], codes)


def voices(events: Iterable[LabelEvent], annotator: str | None = None) -> dict[Pair, list[LabelEvent]]:
    """What everybody says now of each pair that has a verdict: one event a person, the latest last.

    Args:
        events: In any order.
        annotator: Only what this person said; None for everybody.
    """
    said = [event for event in events if annotator is None or event.annotator == annotator]
    withdrawn = {event.withdraws for event in said}
    latest: dict[tuple[Pair, str], LabelEvent] = {}
    for event in sorted(said, key=lambda event: event.time):
        if not event.withdraws and event.event not in withdrawn:
            voice = event.pair, event.annotator
            before = latest.pop(voice, None)
            latest[voice] = event if before is None or _turn(before) < _turn(event) else before
    by_pair: dict[Pair, list[LabelEvent]] = {}
    for event in latest.values():
        if event.verdict is not None:
            by_pair.setdefault(event.pair, []).append(event)
    return {pair: sorted(said, key=_turn) if len(said) > 1 else said for pair, said in by_pair.items()}


def _turn(event: LabelEvent) -> tuple[str, str]:
    """Of two things said at the same time, as two files can hold them, the same one comes last in every store."""
    return event.time, event.event


class _KeyIndex:
    """Rows by content key, in 16 bytes a row: the keys' first 60 bits in order, and the rows they belong to."""

    def __init__(self, keys: list[str]) -> None:
        starts = np.fromiter((_start(key) for key in keys), dtype=np.int64, count=len(keys))
        self._keys = keys
        self._order = np.argsort(starts, kind="stable")
        self._starts = starts[self._order]

    def rows(self, keys: list[str]) -> list[list[int]]:
        """Rows that have each of the keys."""
        starts = np.array([_start(key) for key in keys], dtype=np.int64)
        low, high = (np.searchsorted(self._starts, starts, side) for side in ("left", "right"))
        return [
            [int(row) for row in self._order[first:last] if self._keys[row] == key]
            for key, first, last in zip(keys, low, high, strict=True)
        ]


# Labelling aligns after every key press; hashing and sorting a million texts again each time would take seconds.
_INDEXES: WeakKeyDictionary[Dataset, tuple[_KeyIndex, _KeyIndex]] = WeakKeyDictionary()


def _indexes(dataset: Dataset) -> tuple[_KeyIndex, _KeyIndex]:
    if dataset not in _INDEXES:
        _INDEXES[dataset] = _KeyIndex(dataset.query_keys), _KeyIndex(dataset.document_keys)
    return _INDEXES[dataset]


def _start(key: str) -> int:
    """First 60 bits of a key, -1 for what is no key at all and therefore matches no text."""
    try:
        return int(key[:15], 16)
    except ValueError:
        return -1


def _since_adjudication(said: list[LabelEvent]) -> list[LabelEvent]:
    """The last adjudication of a pair and what was said since; everything where there is none."""
    if len(said) == 1:
        return said
    places = [place for place, event in enumerate(said) if event.queue == ADJUDICATION]
    return said[places[-1] :] if places else said


def _standing(said: list[LabelEvent]) -> LabelEvent:
    return said[0] if said[0].queue == ADJUDICATION else said[-1]


def _differ(said: list[LabelEvent]) -> bool:
    return any(event.verdict != said[0].verdict for event in said)


def _code(event: LabelEvent) -> int:
    return event.verdict.code if event.verdict is not None else 0
