"""The label database: its one table, what makes a SQLite file ours, and errors in words."""

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import (
    URL,
    Column,
    Connection,
    Engine,
    Float,
    Index,
    Integer,
    MetaData,
    QueuePool,
    String,
    Table,
    Text,
    create_engine,
    event,
    inspect,
    make_url,
)
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from negviz.errors import LabelError
from negviz.home import home_folder

APPLICATION = 0x6E656776  # "negv", in the header of every SQLite file that is ours
VERSION = 1
BUSY_SECONDS = 30

METADATA = MetaData()
EVENTS = Table(
    "label_events",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("event", String(64), nullable=False, unique=True),
    Column("query_key", String(64), nullable=False),
    Column("document_key", String(64), nullable=False),
    Column("query_id", Text, nullable=False),
    Column("document_id", Text, nullable=False),
    Column("query", Text, nullable=False),
    Column("document", Text, nullable=False),
    Column("verdict", String(16)),
    Column("grade", Integer),
    Column("annotator", String(255), nullable=False),
    Column("note", Text, nullable=False),
    Column("time", String(24), nullable=False),
    Column("queue", String(255), nullable=False),
    Column("probability", Float(53)),
    Column("withdraws", String(64), nullable=False),
    Index("label_events_pair", "query_key", "document_key"),
    Index("label_events_annotator", "annotator", "time"),
    Index("label_events_time", "time"),
    Index("label_events_withdraws", "withdraws"),
    sqlite_autoincrement=True,
)
_TRIGGER = (
    "CREATE TRIGGER IF NOT EXISTS label_events_no_{0} BEFORE {0} ON label_events "
    "BEGIN SELECT RAISE(ABORT, 'labels are only ever appended'); END"
)


def database_url(source: str | os.PathLike[str] | None) -> URL:
    """URL of a label database.

    Args:
        source: A SQLAlchemy URL, the path of a SQLite file, or None for ``labels.sqlite`` in ``NEGVIZ_HOME``.

    Raises:
        LabelError: If it is no URL that SQLAlchemy understands.
    """
    if source is None:
        source = home_folder() / "labels.sqlite"
    text = os.fspath(source)
    if "://" not in text:
        return URL.create("sqlite", database=str(Path(text).absolute()))
    try:
        return make_url(text)
    except SQLAlchemyError:
        raise LabelError(
            f"'{text.split(':', 1)[0]}://…' is not a database URL; write one such as sqlite:///labels.sqlite."
        ) from None


def database_file(url: URL) -> Path | None:
    """File of a SQLite database; None for one in memory or on a server."""
    memory = not url.database or url.database == ":memory:" or url.database.startswith("file:")
    return None if url.get_backend_name() != "sqlite" or memory else Path(str(url.database))


@contextmanager
def readable_errors(url: URL) -> Iterator[None]:
    """Turn what a database says into one sentence for the person who named it.

    Raises:
        LabelError: In place of any error of the database, its driver or the file system.
    """
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error, OSError, ImportError) as problem:
        cause = problem.orig if isinstance(problem, DBAPIError) and problem.orig else problem
        said = str(cause).strip().split("\n")[0].rstrip(".")
        file = database_file(url)
        name = str(file or url.render_as_string(hide_password=True))
        if "locked" in said:
            todo = "another program holds it; close that and try again."
        elif file:
            todo = "give the path of a label database of negviz, or of a file that does not exist yet and can be made."
        else:
            todo = "check the URL, that the server can be reached, and that its Python driver is installed."
        raise LabelError(f"The label database '{name}' cannot be used ({said}): {todo}") from problem


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
        return
    METADATA.create_all(engine)
    columns = {str(column["name"]) for column in inspect(engine).get_columns(EVENTS.name)}
    if missing := sorted(set(EVENTS.columns.keys()) - columns):
        raise LabelError(
            f"The table '{EVENTS.name}' of the label database lacks {', '.join(missing)}, so it is not of negviz; "
            "use another database or schema."
        )


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One transaction that takes the write lock at its start, so that what it read is still true when it writes."""
    with engine.connect().execution_options(immediate=True) as connection, connection.begin():
        yield connection


def _options(url: URL) -> dict[str, Any]:
    if url.get_backend_name() != "sqlite":
        return {"pool_pre_ping": True}
    options: dict[str, Any] = {"connect_args": {"timeout": BUSY_SECONDS, "check_same_thread": False}}
    if file := database_file(url):
        file.parent.mkdir(parents=True, exist_ok=True)
        return options
    # A database in memory lives in its one connection, which the threads take in turn.
    return {**options, "poolclass": QueuePool, "pool_size": 1, "max_overflow": 0}


def _prepare_sqlite(engine: Engine) -> None:
    if not event.contains(engine, "connect", _on_connect):
        event.listen(engine, "connect", _on_connect)
        event.listen(engine, "begin", _on_begin)
    raw = engine.raw_connection()
    try:
        cursor = raw.cursor()
        ours = _is_ours(cursor, engine.url)
        if not ours:
            _write_ahead(cursor)
    finally:
        raw.close()
    if ours:
        return
    with writing(engine) as connection:
        METADATA.create_all(connection)
        for change in ("UPDATE", "DELETE"):
            connection.exec_driver_sql(_TRIGGER.format(change))
        connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION}")
        connection.exec_driver_sql(f"PRAGMA user_version = {VERSION}")


def _on_connect(connection: Any, _record: object) -> None:
    # The driver's own transactions would begin late and without the write lock; ours begin in _on_begin.
    connection.isolation_level = None
    connection.execute("PRAGMA synchronous = FULL")


def _on_begin(connection: Connection) -> None:
    immediate = connection.get_execution_options().get("immediate", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


def _is_ours(cursor: Any, url: URL) -> bool:
    """Whether a SQLite file is a label database; False for an empty one."""
    application, version, tables = (
        int(cursor.execute(question).fetchone()[0])
        for question in ("PRAGMA application_id", "PRAGMA user_version", "SELECT count(*) FROM sqlite_master")
    )
    if application != APPLICATION:
        if tables or application:
            raise LabelError(
                f"'{url.database}' is a database of another program, so no label is written to it; "
                "give the path of a label database of negviz, or of a file that does not exist yet."
            )
        return False
    if version > VERSION:
        raise LabelError(f"The label database '{url.database}' was made by a newer negviz; install that one to use it.")
    verdict = str(cursor.execute("PRAGMA quick_check(1)").fetchone()[0])
    if verdict != "ok":
        raise LabelError(
            f"The label database '{url.database}' is damaged ({verdict.splitlines()[-1]}); "
            "put a backup in its place, or move it away and import an exported label file."
        )
    return True


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
