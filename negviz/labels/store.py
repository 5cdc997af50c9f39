"""The label store: a database to which events are appended, durable when a call returns."""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import NamedTuple, overload

from sqlalchemy import Connection, func, select

from negviz.dataset import Dataset
from negviz.errors import LabelError
from negviz.labels.appending import after, append, event_of, having, insert_events, unknown, withdrawal
from negviz.labels.events import LabelEvent
from negviz.labels.files import read_labels
from negviz.labels.schema import EVENTS, database_file, database_url, open_engine, readable_errors, writing
from negviz.labels.state import Labels


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
        self._labels: dict[str | None, Labels] = {}

    @classmethod
    def existing(cls, source: str | os.PathLike[str]) -> "LabelStore":
        """Open a store to read from: a mistyped path must not become an empty database.

        Raises:
            LabelError: If there is no such file, or as for opening.
        """
        file = database_file(database_url(source))
        if file is not None and not file.is_file():
            raise LabelError(f"There is no label database {file}; check the path, or label some pairs first.")
        return cls(source)

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
            stored = append(connection, given)
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
            event = event_of(row)
            append(connection, [withdrawal(event)])
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
            gone = {row.withdraws for row in having(connection, select(EVENTS.c.withdraws), EVENTS.c.withdraws, names)}
            found = {row.event: event_of(row) for row in having(connection, select(EVENTS), EVENTS.c.event, names)}
            taken = [found[name] for name in dict.fromkeys(names) if name in found and name not in gone]
            append(connection, [withdrawal(event) for event in taken])
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
            fresh = unknown(connection, given)
            insert_events(connection, fresh)
        return Merged(len(fresh), len(given) - len(fresh))

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
            return [event_of(row) for row in connection.execute(query)]

    def history(self, limit: int = 10, annotator: str | None = None) -> list[LabelEvent]:
        """The last events, newest first, withdrawals included."""
        query = select(EVENTS).order_by(EVENTS.c.time.desc(), EVENTS.c.id.desc()).limit(limit)
        if annotator is not None:
            query = query.where(EVENTS.c.annotator == annotator)
        with self._reading() as connection:
            return [event_of(row) for row in connection.execute(query)]

    def current(self, annotator: str | None = None) -> Labels:
        """The verdict of every pair, by one annotator or by all; reads only what came since the last call."""
        with self._lock, self._reading() as connection:
            last = max((event.id or 0 for event in self._read), default=0)
            fresh = after(connection, last)
            read = [*self._read, *fresh]
            # Servers may commit ids out of order; a count that does not fit shows an event that slipped in below.
            if connection.execute(select(func.count()).select_from(EVENTS)).scalar_one() != len(read):
                fresh = read = after(connection, 0)
            if fresh or annotator not in self._labels:
                kept = {} if fresh else self._labels
                self._read, self._labels = read, {**kept, annotator: Labels.of(read, annotator)}
            return self._labels[annotator]

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
        self._identity, self._read, self._labels = self._file_identity(), [], {}

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
    with LabelStore.existing(text) as store:
        return store.current()


def _is_database(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(16) == b"SQLite format 3\0"
