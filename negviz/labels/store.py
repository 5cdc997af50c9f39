"""The label store: a database to which events are appended, durable when a call returns."""

import os
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from threading import Lock
from typing import NamedTuple, TypeVar, overload

from sqlalchemy import Connection, Engine, func, select
from sqlalchemy.exc import DBAPIError

from negviz.dataset import Dataset
from negviz.errors import LabelError
from negviz.labels import claims
from negviz.labels.address import database_file, database_url, readable_errors, shown_url
from negviz.labels.appending import after, append, event_of, having, insert_events, unknown, withdrawal
from negviz.labels.events import LabelEvent, Pair, new_event
from negviz.labels.files import read_labels
from negviz.labels.schema import open_engine, passes, reading, writing
from negviz.labels.state import Labels
from negviz.labels.tables import EVENTS

PATIENCE = 10.0  # seconds in which a server may restart without anybody noticing
CLAIM_SECONDS = 600.0
Result = TypeVar("Result")


class Merged(NamedTuple):
    """How many events of an import were new, and how many the store had already."""

    added: int
    known: int


class LabelStore:
    """Events of one database. Threads, processes and people may share it; no event is ever changed or removed.

    What a server does not answer, because it restarts or the connection broke, is tried again for some seconds; every
    write finds out by the names of its events whether it came through the first time.
    """

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
        repeated. The time of an event is moved behind the pair's and up to the annotator's latest event where a clock
        lags behind, so that what is said last counts. The annotator's claim of the pair ends.

        Args:
            event: One event, or several.

        Returns:
            The events as stored, in the order given; for one that was not repeated the one that stands.

        Raises:
            LabelError: If the database refuses; nothing was stored then.
        """
        given = [event] if isinstance(event, LabelEvent) else list(event)

        def work(connection: Connection) -> list[LabelEvent]:
            stored = append(connection, given)
            claims.give_back(connection, [(said.annotator, said.pair) for said in stored])
            return stored

        stored = self._write(work)
        return stored[0] if isinstance(event, LabelEvent) else stored

    def undo(self, annotator: str) -> LabelEvent | None:
        """Take back the last thing that an annotator said; the verdict that the pair had before counts again.

        Returns:
            The event that was taken back, None if there is nothing left to take back.
        """
        taken_back, name = EVENTS.alias("taken_back"), new_event()
        # Its own withdrawal, from a first try whose answer was lost, does not make it take back a second one.
        earlier = select(taken_back.c.id).where(taken_back.c.withdraws == EVENTS.c.event, taken_back.c.event != name)
        last = (
            select(EVENTS)
            .where(EVENTS.c.annotator == annotator, EVENTS.c.withdraws == "", ~earlier.exists())
            .order_by(EVENTS.c.time.desc(), EVENTS.c.id.desc())
            .limit(1)
        )

        def work(connection: Connection) -> LabelEvent | None:
            row = connection.execute(last).first()
            if row is None:
                return None
            event = event_of(row)
            append(connection, [withdrawal(event, name)])
            return event

        return self._write(work)

    def withdraw(self, events: Iterable[LabelEvent]) -> list[LabelEvent]:
        """Take several events back at once, as the undo of labelling a whole selection.

        Args:
            events: What ``add`` was given; events that are not in the store or withdrawn already are passed over.

        Returns:
            The events that were taken back.
        """
        named = {event.event: new_event() for event in events if not event.withdraws}

        def work(connection: Connection) -> list[LabelEvent]:
            before = having(connection, select(EVENTS.c.withdraws, EVENTS.c.event), EVENTS.c.withdraws, named)
            gone = {row.withdraws for row in before if row.event != named[row.withdraws]}
            found = {row.event: event_of(row) for row in having(connection, select(EVENTS), EVENTS.c.event, named)}
            taken = [found[name] for name in named if name in found and name not in gone]
            append(connection, [withdrawal(event, named[event.event]) for event in taken])
            return taken

        return self._write(work)

    def merge(self, events: Iterable[LabelEvent]) -> Merged:
        """Add events of other stores or of a file, all or none, with their own times.

        An event that the store has already is passed over. One that comes back with another verdict, grade or note was
        edited in its file: the edit becomes a further event, so that it is neither lost nor overwrites anything.

        Returns:
            How many were added and how many were known.
        """
        given = list(events)

        def work(connection: Connection) -> Merged:
            fresh = unknown(connection, given)
            insert_events(connection, fresh)
            return Merged(len(fresh), len(given) - len(fresh))

        return self._write(work)

    def claim(
        self,
        annotator: str,
        pairs: Sequence[Pair],
        *,
        seconds: float = CLAIM_SECONDS,
        most: int | None = None,
        double: bool = False,
        again: Collection[Pair] = (),
    ) -> set[Pair]:
        """Ask for pairs to label: those that are the annotator's now, and nobody else's as long as the claim lasts.

        Free is a pair that nobody else has claimed and on which nobody else gave a verdict other than ``unsure``. The
        annotator's own pairs stay free to them, and a claim made again lasts from now on. It ends with a verdict
        (``add``), with ``release``, or when its time is over, so that a closed laptop holds nobody up. Claims go by
        the name: the same name in two browsers is one person.

        Args:
            annotator: Who wants to label.
            pairs: Content keys of the pairs, the most wanted first.
            seconds: How long the claim lasts, by the clock of the database's server (of this machine for a file).
            most: Claim no more than this many, the first that are free; None for all.
            double: Whether a second opinion is asked for: what others claimed or said does not count then.
            again: Pairs of which what others said does not count, as for a random sample that they were drawn into.

        Returns:
            The pairs that are claimed, taken all at one moment.

        Raises:
            LabelError: If the database refuses, or ``seconds`` is no time.
        """
        return self._write(
            lambda connection: claims.take(
                connection, annotator, pairs, seconds=seconds, most=most, double=double, again=again
            )
        )

    def release(self, annotator: str, pair: Pair | None = None) -> None:
        """Give up the claim of a pair, as by skipping it.

        Args:
            annotator: Whose claim.
            pair: Which one; None for all of this person, as on leaving the page.
        """
        if pair is None:
            self._write(lambda connection: claims.give_all_back(connection, annotator))
        else:
            self._write(lambda connection: claims.give_back(connection, [(annotator, pair)]))

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
        return self._read_at_once(lambda connection: [event_of(row) for row in connection.execute(query)])

    def history(self, limit: int = 10, annotator: str | None = None) -> list[LabelEvent]:
        """The last events, newest first, withdrawals included."""
        query = select(EVENTS).order_by(EVENTS.c.time.desc(), EVENTS.c.id.desc()).limit(limit)
        if annotator is not None:
            query = query.where(EVENTS.c.annotator == annotator)
        return self._read_at_once(lambda connection: [event_of(row) for row in connection.execute(query)])

    def current(self, annotator: str | None = None) -> Labels:
        """The verdict of every pair, by one annotator or by all; reads only what came since the last call."""
        with self._lock:
            read = self._read_at_once(self._everything)
            fresh = len(read) != len(self._read)
            if fresh or annotator not in self._labels:
                kept = {} if fresh else self._labels
                self._read, self._labels = read, {**kept, annotator: Labels.of(read, annotator)}
            return self._labels[annotator]

    def _everything(self, connection: Connection) -> list[LabelEvent]:
        """All events, of which only those are read that came since the last call."""
        last = max((event.id or 0 for event in self._read), default=0)
        read = [*self._read, *after(connection, last)]
        # Numbers come in order under our lock; a count that does not fit shows what somebody put in below it.
        count = connection.execute(select(func.count()).select_from(EVENTS)).scalar_one()
        return read if count == len(read) else after(connection, 0)

    @property
    def version(self) -> int:
        """Number of the last event; it grows with every change, so it serves as the key of a cache."""
        return self._read_at_once(lambda connection: connection.execute(select(func.max(EVENTS.c.id))).scalar() or 0)

    @property
    def url(self) -> str:
        """Where the labels are, without a password."""
        return str(self._file or shown_url(self._url))

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    def __enter__(self) -> "LabelStore":
        """The store itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of the database."""
        self.close()

    def _write(self, work: Callable[[Connection], Result]) -> Result:
        return self._patiently(writing, work)

    def _read_at_once(self, work: Callable[[Connection], Result]) -> Result:
        return self._patiently(reading, work)

    def _patiently(
        self, opening: Callable[[Engine], AbstractContextManager[Connection]], work: Callable[[Connection], Result]
    ) -> Result:
        """Do some work in a transaction, again while a server is away for a moment."""
        self._follow_file()
        begun, pause = time.monotonic(), 0.0
        with readable_errors(self._url):
            while True:
                try:
                    with opening(self._engine) as connection:
                        return work(connection)
                except DBAPIError as problem:
                    if not passes(problem, self._engine) or time.monotonic() > begun + PATIENCE:
                        raise
                # A connection that broke while nobody used it is simply opened again.
                time.sleep(pause)
                pause = 0.1

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
