"""What makes a label database ours: its tables, its version, its write lock."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import URL, Connection, Engine, QueuePool, create_engine, event, insert, inspect, select
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError, ProgrammingError

from negviz.errors import LabelError
from negviz.labels.address import database_file, readable_errors, shown_url
from negviz.labels.tables import CLAIMS, EVENTS, METADATA, SCHEMA

APPLICATION = 0x6E656776  # "negv", in the header of every SQLite file that is ours
VERSION = 2  # 1 had no claims
BUSY_SECONDS = 30
CONNECT_SECONDS = 10
FROZEN_SECONDS = 15  # a writer whose machine went to sleep in the middle of a transaction holds up the others so long


_TRIGGER = (
    "CREATE TRIGGER IF NOT EXISTS label_events_no_{0} BEFORE {0} ON label_events "
    "BEGIN SELECT RAISE(ABORT, 'labels are only ever appended'); END"
)


def open_engine(url: URL) -> Engine:
    """Connect to a label database and make its table where it is missing.

    Raises:
        LabelError: If it cannot be reached, is damaged, or belongs to another program; it is then left untouched.
    """
    with readable_errors(url):
        engine = create_engine(url, **_options(url))
        try:
            prepare(engine)
        except BaseException:
            engine.dispose()
            raise
    return engine


def prepare(engine: Engine) -> None:
    """Make what is missing in a database that is ours or empty, and refuse any other."""
    if engine.dialect.name == "sqlite":
        _prepare_sqlite(engine)
    else:
        _prepare_server(engine)


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One transaction that takes the write lock at its start, so that what it read is still true when it writes.

    When it ends without an error, what it wrote is on disk.
    """
    with engine.connect().execution_options(immediate=True) as connection, connection.begin():
        if connection.dialect.name != "sqlite":
            _lock(connection)
        yield connection


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One transaction that sees the database as it is at one moment."""
    options = {"isolation_level": "REPEATABLE READ"} if engine.dialect.name == "postgresql" else {}
    with engine.connect().execution_options(**options) as connection:
        yield connection


def passes(problem: BaseException, engine: Engine) -> bool:
    """Whether an error may be gone a moment later: a server that restarts, a connection that broke, a deadlock."""
    if engine.dialect.name == "sqlite" or not isinstance(problem, DBAPIError):
        return False
    return problem.connection_invalidated or isinstance(problem, OperationalError)


def moment(connection: Connection) -> float:
    """This moment in seconds since 1970 by the clock that all who share the database go by."""
    if connection.dialect.name == "postgresql":
        return float(connection.exec_driver_sql("SELECT extract(epoch FROM clock_timestamp())").scalar_one())
    return time.time()


def _lock(connection: Connection) -> None:
    """Wait for the write lock of a server."""
    connection.execute(select(SCHEMA.c.version).where(SCHEMA.c.id == 1).with_for_update()).scalar_one()


def _on_connect_postgresql(connection: Any, _record: object) -> None:
    """Have a server write through to the disk however it is set up, and wait for nobody for ever."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT set_config('lock_timeout', '{BUSY_SECONDS}s', false), "
            f"set_config('idle_in_transaction_session_timeout', '{FROZEN_SECONDS}s', false), "
            "CASE WHEN current_setting('synchronous_commit') = 'off' "
            "THEN set_config('synchronous_commit', 'on', false) END"
        )
    connection.commit()


def _options(url: URL) -> dict[str, Any]:
    if url.get_backend_name() != "sqlite":
        # Whoever waited for the write lock must then see what the one before wrote, so no older snapshot.
        options: dict[str, Any] = {"isolation_level": "READ COMMITTED"}
        if url.get_backend_name() == "postgresql" and "connect_timeout" not in url.query:
            options["connect_args"] = {"connect_timeout": CONNECT_SECONDS}
        return options
    options = {"connect_args": {"timeout": BUSY_SECONDS, "check_same_thread": False}}
    if file := database_file(url):
        file.parent.mkdir(parents=True, exist_ok=True)
        return options
    # A database in memory lives in its one connection, which the threads take in turn.
    return {**options, "poolclass": QueuePool, "pool_size": 1, "max_overflow": 0}


def _prepare_server(engine: Engine) -> None:
    """Make the tables that are missing; several that start at once may get in each other's way, and try again."""
    if engine.dialect.name == "postgresql":
        event.listen(engine, "connect", _on_connect_postgresql)
    engine.connect().close()
    for attempt in range(10):
        try:
            with engine.begin() as connection:
                _make_tables(connection)
            return
        except (IntegrityError, ProgrammingError, OperationalError):
            if attempt == 9 or not _tables_appear(engine):
                raise
            time.sleep(0.05 * (attempt + 1))


def _tables_appear(engine: Engine) -> bool:
    """Whether somebody else is making, or has made, the tables that could not be made."""
    return inspect(engine).has_table(EVENTS.name)


def _make_tables(connection: Connection) -> None:
    if not inspect(connection).has_table(SCHEMA.name):
        if connection.dialect.name == "postgresql":
            _check_encoding(connection)
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({APPLICATION})")
        METADATA.create_all(connection)
        _check_columns(connection)
        if connection.dialect.name == "postgresql":
            _only_append(connection)
    version = connection.execute(select(SCHEMA.c.version).where(SCHEMA.c.id == 1)).scalar()
    if version is None:
        connection.execute(insert(SCHEMA).values(id=1, version=VERSION))
    _check_version(version or VERSION, connection.engine.url)


def _check_columns(connection: Connection) -> None:
    columns = {str(column["name"]) for column in inspect(connection).get_columns(EVENTS.name)}
    if missing := sorted(set(EVENTS.columns.keys()) - columns):
        raise LabelError(
            f"The table '{EVENTS.name}' of the label database lacks {', '.join(missing)}, so it is not of negviz; "
            "use another database or schema."
        )


def _check_encoding(connection: Connection) -> None:
    encoding = connection.exec_driver_sql("SHOW server_encoding").scalar_one()
    if encoding != "UTF8":
        raise LabelError(
            f"The label database '{shown_url(connection.engine.url)}' keeps text as {encoding}, which lacks most "
            "languages; make one with: createdb --encoding=UTF8 --template=template0 NAME."
        )


def _only_append(connection: Connection) -> None:
    """Have PostgreSQL refuse to change or remove an event, whoever asks."""
    connection.exec_driver_sql(
        "CREATE OR REPLACE FUNCTION label_events_only_grow() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'labels are only ever appended'; END $$"
    )
    connection.exec_driver_sql("DROP TRIGGER IF EXISTS label_events_only_grow ON label_events")
    connection.exec_driver_sql(
        "CREATE TRIGGER label_events_only_grow BEFORE UPDATE OR DELETE OR TRUNCATE ON label_events "
        "FOR EACH STATEMENT EXECUTE FUNCTION label_events_only_grow()"
    )


def _check_version(version: int, url: URL) -> None:
    if version > VERSION:
        name = database_file(url) or shown_url(url)
        raise LabelError(f"The label database '{name}' was made by a newer negviz; install that one to use it.")


def _prepare_sqlite(engine: Engine) -> None:
    if not event.contains(engine, "connect", _on_connect):
        event.listen(engine, "connect", _on_connect)
        event.listen(engine, "begin", _on_begin)
    raw = engine.raw_connection()
    try:
        cursor = raw.cursor()
        version = _version(cursor, engine.url)
        if not version:
            _write_ahead(cursor)
    finally:
        raw.close()
    if version == VERSION:
        return
    try:
        with writing(engine) as connection:
            METADATA.create_all(connection, tables=[EVENTS, CLAIMS])
            for change in ("UPDATE", "DELETE"):
                connection.exec_driver_sql(_TRIGGER.format(change))
            connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION}")
            connection.exec_driver_sql(f"PRAGMA user_version = {VERSION}")
    except OperationalError as problem:
        # An older database that may only be read has everything that reading needs.
        if not version or "readonly" not in str(problem):
            raise


def _on_connect(connection: Any, _record: object) -> None:
    # The driver's own transactions would begin late and without the write lock; ours begin in _on_begin.
    connection.isolation_level = None
    connection.execute("PRAGMA synchronous = FULL")


def _on_begin(connection: Connection) -> None:
    immediate = connection.get_execution_options().get("immediate", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


def _version(cursor: Any, url: URL) -> int:
    """Version of a SQLite file that is a label database; 0 for an empty one."""
    # At one moment: between two questions another process may have made the database.
    cursor.execute("BEGIN")
    try:
        application, version, tables = (
            int(cursor.execute(question).fetchone()[0])
            for question in ("PRAGMA application_id", "PRAGMA user_version", "SELECT count(*) FROM sqlite_master")
        )
    finally:
        cursor.execute("ROLLBACK")
    if application != APPLICATION:
        if tables or application:
            raise LabelError(
                f"'{url.database}' is a database of another program, so no label is written to it; "
                "give the path of a label database of negviz, or of a file that does not exist yet."
            )
        return 0
    _check_version(version, url)
    verdict = str(cursor.execute("PRAGMA quick_check(1)").fetchone()[0])
    if verdict != "ok":
        raise LabelError(
            f"The label database '{url.database}' is damaged ({verdict.splitlines()[-1]}); "
            "put a backup in its place, or move it away and import an exported label file."
        )
    return version


def _write_ahead(cursor: Any) -> None:
    """Switch a new file to a write-ahead log; the switch does not wait for locks by itself."""
    until = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            cursor.execute("PRAGMA journal_mode = WAL").fetchone()
            return
        except sqlite3.OperationalError as problem:
            if "locked" not in str(problem) or time.monotonic() > until:
                raise
            time.sleep(0.02)
