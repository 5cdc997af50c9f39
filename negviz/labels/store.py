"""The label store: a database to which events are appended, durable when a call returns."""

import os
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields, replace
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple, TypeVar, overload

from sqlalchemy import Column, Connection, Row, Select, func, insert, select
from sqlalchemy.exc import IntegrityError

from negviz.dataset import Dataset
from negviz.labels.events import LabelEvent, Pair, new_event, now
from negviz.labels.files import read_labels
from negviz.labels.schema import EVENTS, database_file, database_url, open_engine, readable_errors, writing
from negviz.labels.state import Labels

T = TypeVar("T")
CHUNK = 500
FIELDS = tuple(field.name for field in fields(LabelEvent))


class Merged(NamedTuple):
    """How many events of an import were new, and how many the store had already."""

    added: int
    known: int


class LabelStore:
    """Events of one database. Threads and processes may share it; nothing is ever changed or removed."""

    def __init__(self, source: str | os.PathLike[str] | None = None) -> None:
        """Open a store, and make it where it is missing.

        Args:
            source: A SQLAlchemy URL, the path of a SQLite file, or None for ``labels.sqlite`` in ``NEGVIZ_HOME``.

        Raises:
            LabelError: If the database cannot be reached, is damaged, or belongs to another program.
        """
        self._url = database_url(source)
        self._file = database_file(self._url)
        self._lock = Lock()
        self._engine = open_engine(self._url)
        self._identity = self._file_identity()
        self._read: list[LabelEvent] = []

    @overload
    def add(self, event: LabelEvent) -> LabelEvent: ...

    @overload
    def add(self, event: Sequence[LabelEvent]) -> list[LabelEvent]: ...

    def add(self, event: LabelEvent | Sequence[LabelEvent]) -> LabelEvent | list[LabelEvent]:
        """Append what somebody says now; it is on disk when the call returns. Several events go in all or none.

        An event that says what the annotator's current verdict of the pair says already, from the same queue, is not
        repeated. The time of an event is moved up to that of the pair's and the annotator's latest event where a clock
        lags behind, so that what is said last counts.

        Args:
            event: One event, or several.

        Returns:
            The events as stored, in the order given; for one that was not repeated the one that stands.

        Raises:
            LabelError: If the database refuses; nothing was stored then.
        """
        given = [event] if isinstance(event, LabelEvent) else list(event)
        with self._write() as connection:
            stored = _append(connection, given)
        return stored[0] if isinstance(event, LabelEvent) else stored

    def undo(self, annotator: str) -> LabelEvent | None:
        """Take back the last thing that an annotator said; the verdict that the pair had before counts again.

        Returns:
            The event that was taken back, None if there is nothing left to take back.
        """
        taken_back = EVENTS.alias("taken_back")
        last = (
            select(EVENTS)
            .where(EVENTS.c.annotator == annotator, EVENTS.c.withdraws == "")
            .where(~select(taken_back.c.id).where(taken_back.c.withdraws == EVENTS.c.event).exists())
            .order_by(EVENTS.c.time.desc(), EVENTS.c.id.desc())
            .limit(1)
        )
        with self._write() as connection:
            row = connection.execute(last).first()
            if row is None:
                return None
            event = _event(row)
            _append(connection, [_withdrawal(event)])
        return event

    def withdraw(self, events: Iterable[LabelEvent]) -> list[LabelEvent]:
        """Take several events back at once, as the undo of labelling a whole selection.

        Args:
            events: What ``add`` was given; events that are not in the store or withdrawn already are passed over.

        Returns:
            The events that were taken back.
        """
        names = [event.event for event in events if not event.withdraws]
        with self._write() as connection:
            gone = set(_having(connection, select(EVENTS.c.withdraws), EVENTS.c.withdraws, names).scalars())
            found = {row.event: _event(row) for row in _having(connection, select(EVENTS), EVENTS.c.event, names)}
            taken = [found[name] for name in dict.fromkeys(names) if name in found and name not in gone]
            _append(connection, [_withdrawal(event) for event in taken])
        return taken

    def merge(self, events: Iterable[LabelEvent]) -> Merged:
        """Add events of other stores or of a file, all or none, with their own times.

        An event that the store has already is passed over. One that comes back with another verdict, grade or note was
        edited in its file: the edit becomes a further event, so that it is neither lost nor overwrites anything.

        Returns:
            How many were added and how many were known.
        """
        given = list(events)
        with self._write() as connection:
            fresh, known = _unknown(connection, given)
            _insert(connection, fresh)
        return Merged(len(fresh), known)

    def events(
        self, *, query_key: str | None = None, document_key: str | None = None, annotator: str | None = None
    ) -> list[LabelEvent]:
        """Everything that was said, withdrawals included, in the order in which it counts (by time, then by id).

        Args:
            query_key: Only about this query.
            document_key: Only about this document.
            annotator: Only by this person.
        """
        wanted = {"query_key": query_key, "document_key": document_key, "annotator": annotator}
        query = select(EVENTS).order_by(EVENTS.c.time, EVENTS.c.id)
        for name, value in wanted.items():
            if value is not None:
                query = query.where(EVENTS.c[name] == value)
        with self._reading() as connection:
            return [_event(row) for row in connection.execute(query)]

    def history(self, limit: int = 10, annotator: str | None = None) -> list[LabelEvent]:
        """The last events, newest first, withdrawals included."""
        query = select(EVENTS).order_by(EVENTS.c.time.desc(), EVENTS.c.id.desc()).limit(limit)
        if annotator is not None:
            query = query.where(EVENTS.c.annotator == annotator)
        with self._reading() as connection:
            return [_event(row) for row in connection.execute(query)]

    def current(self, annotator: str | None = None) -> Labels:
        """The verdict of every pair, by one annotator or by all; reads only what came since the last call."""
        with self._lock, self._reading() as connection:
            last = max((event.id or 0 for event in self._read), default=0)
            read = [*self._read, *_after(connection, last)]
            # Servers may commit ids out of order; a count that does not fit shows an event that slipped in below.
            if connection.execute(select(func.count()).select_from(EVENTS)).scalar_one() != len(read):
                read = _after(connection, 0)
            self._read = read
        return Labels.of(read, annotator)

    @property
    def version(self) -> int:
        """Number of the last event; it grows with every change, so it serves as the key of a cache."""
        with self._reading() as connection:
            return int(connection.execute(select(func.max(EVENTS.c.id))).scalar() or 0)

    @property
    def url(self) -> str:
        """Where the labels are, without a password."""
        return str(self._file or self._url.render_as_string(hide_password=True))

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    def __enter__(self) -> "LabelStore":
        """The store itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of the database."""
        self.close()

    @contextmanager
    def _write(self) -> Iterator[Connection]:
        self._follow_file()
        with readable_errors(self._url), writing(self._engine) as connection:
            yield connection

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        self._follow_file()
        with readable_errors(self._url), self._engine.connect() as connection:
            yield connection

    def _follow_file(self) -> None:
        """Open the database again when somebody removed or replaced its file: writing to the old one would be lost."""
        if self._file is None or self._file_identity() == self._identity:
            return
        self._engine.dispose()
        self._engine = open_engine(self._url)
        self._identity, self._read = self._file_identity(), []

    def _file_identity(self) -> tuple[int, int] | None:
        if self._file is None or not self._file.exists():
            return None
        status = self._file.stat()
        return status.st_dev, status.st_ino


def open_labels(source: str | os.PathLike[str], dataset: Dataset | None = None) -> Labels:
    """Current labels of whatever a person names: a label file (CSV, JSONL, qrels), a label database or its URL.

    Args:
        source: Path or URL; it must exist.
        dataset: Needed for files that know pairs by their ids only.

    Raises:
        LabelError: If it cannot be read as labels.
    """
    text = os.fspath(source)
    if "://" not in text and not _is_database(Path(text)):
        return Labels.of(read_labels(text, dataset))
    with LabelStore(text) as store:
        return store.current()


def _is_database(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(16) == b"SQLite format 3\0"


def _append(connection: Connection, given: list[LabelEvent]) -> list[LabelEvent]:
    """Store what is not yet said, at a time that puts it last."""
    before = _by_pair(connection, given)
    same = {row.event: _event(row) for row in _having(connection, select(EVENTS), EVENTS.c.event, _names(given))}
    people = select(EVENTS.c.annotator, func.max(EVENTS.c.time)).group_by(EVENTS.c.annotator)
    spoke = {row[0]: row[1] for row in _having(connection, people, EVENTS.c.annotator, [e.annotator for e in given])}
    fresh: list[LabelEvent] = []
    said: list[LabelEvent] = []
    for event in given:
        past = before[event.pair]
        stands = same.get(event.event) or _repeated(event, past)
        if stands is None:
            latest = max([event.time, spoke.get(event.annotator, ""), *(other.time for other in past)])
            stands = same[event.event] = replace(event, time=latest, id=None)
            past.append(stands)
            spoke[event.annotator] = latest
            fresh.append(stands)
        said.append(stands)
    ids = _insert(connection, fresh)
    return [replace(event, id=ids.get(event.event, event.id)) for event in said]


def _by_pair(connection: Connection, given: list[LabelEvent]) -> defaultdict[Pair, list[LabelEvent]]:
    """Stored events about the pairs of some events, in the order in which they count."""
    found: defaultdict[Pair, list[LabelEvent]] = defaultdict(list)
    pairs = {event.pair for event in given}
    queries = [query for query, _ in pairs]
    ordered = select(EVENTS).order_by(EVENTS.c.time, EVENTS.c.id)
    if len({document for _, document in pairs}) == 1:
        ordered = ordered.where(EVENTS.c.document_key == given[0].document_key)
    for row in _having(connection, ordered, EVENTS.c.query_key, queries):
        if (row.query_key, row.document_key) in pairs:
            found[row.query_key, row.document_key].append(_event(row))
    return found


def _repeated(event: LabelEvent, past: list[LabelEvent]) -> LabelEvent | None:
    """The annotator's current verdict of the pair, if the event says nothing else."""
    stands = Labels.of(past, event.annotator).get(event.pair)
    if stands is None or event.withdraws:
        return None
    same = all(getattr(event, name) == getattr(stands, name) for name in ("verdict", "grade", "note", "queue"))
    return stands if same else None


def _unknown(connection: Connection, given: list[LabelEvent]) -> tuple[list[LabelEvent], int]:
    """Events that the store lacks, edits of stored ones included, and the number of the others."""
    edits = {event.event: _edit(event) for event in given}
    query = select(EVENTS.c.event, EVENTS.c.verdict, EVENTS.c.grade, EVENTS.c.note)
    known = {
        row.event: (row.verdict, row.grade, row.note)
        for row in _having(connection, query, EVENTS.c.event, [*edits, *(_edit(event).event for event in given)])
    }
    fresh: list[LabelEvent] = []
    for event in given:
        arrival = event
        if known.get(event.event, _said(event)) != _said(event):
            arrival = _edit(event)
        if arrival.event not in known:
            known[arrival.event] = _said(arrival)
            fresh.append(arrival)
    return fresh, len(given) - len(fresh)


def _said(event: LabelEvent) -> tuple[str | None, int | None, str]:
    return event.verdict, event.grade, event.note


def _edit(event: LabelEvent) -> LabelEvent:
    """The same event under a name made from what it says, so that one edit is one event however often it comes."""
    return replace(event, event=uuid.uuid5(uuid.NAMESPACE_OID, repr((event.event, *map(str, _said(event))))).hex)


def _withdrawal(event: LabelEvent) -> LabelEvent:
    return replace(event, verdict=None, grade=None, note="", withdraws=event.event, time=now(), event=new_event())


def _names(events: list[LabelEvent]) -> list[str]:
    return [event.event for event in events]


def _insert(connection: Connection, events: list[LabelEvent]) -> dict[str, int]:
    """Insert events in their order.

    Returns:
        The number that each event got.
    """
    rows = [{name: getattr(event, name) for name in FIELDS if name != "id"} for event in events]
    for some in _chunks(rows):
        connection.execute(insert(EVENTS), some)
    numbers = select(EVENTS.c.event, EVENTS.c.id)
    return {row.event: row.id for row in _having(connection, numbers, EVENTS.c.event, _names(events))}
