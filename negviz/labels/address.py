"""Where a label database is: its URL or file, and what databases say, in words and without secrets."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from negviz.errors import LabelError
from negviz.home import home_folder

SECRETS = frozenset({"password", "sslpassword", "passwd"})
# What databases and drivers say, in small letters: what to do about it.
_ADVICE = {
    ("locked", "lock timeout"): "another program holds it; close that and try again.",
    ("password", "authentication", "no pg_hba.conf entry", "role"): (
        "check the user and the password in the URL, and that the server lets this user in from here."
    ),
    ("no module named 'psycopg",): "install PostgreSQL's driver with: pip install 'psycopg[binary]'.",
    ("no module named", "can't load plugin"): "check the URL's first word, and install that database's Python driver.",
    ("permission denied",): "ask its owner for the right to make tables there, and to read, add and update rows.",
    ("no schema has been selected",): "ask its owner for a schema in which this user may make tables.",
    ("does not exist",): "check the name at the end of the URL; on a server the empty database is made by its owner.",
    ("no space", "disk full", "is full"): "make room on its disk and try again.",
    ("translate host name", "name or service", "refused", "timeout", "timed out", "no route", "unreachable"): (
        "check the host and the port in the URL, and that the server runs and can be reached."
    ),
}


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
        url = make_url(text)
    except SQLAlchemyError:
        raise LabelError(
            f"'{text.split(':', 1)[0]}://…' is not a database URL; write one such as sqlite:///labels.sqlite."
        ) from None
    # Hosts of databases hand out this name; SQLAlchemy knows the longer one only.
    return url.set(drivername="postgresql") if url.drivername == "postgres" else url


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
        said = _without_secrets(_first_line(cause), url)
        file = database_file(url)
        name = str(file or shown_url(url))
        raise LabelError(f"The label database '{name}' cannot be used ({said}): {_advice(said, file)}") from problem


def shown_url(url: URL) -> str:
    """A URL for people: without the password, wherever it stands."""
    return url.difference_update_query(SECRETS).render_as_string(hide_password=True)


def _without_secrets(said: str, url: URL) -> str:
    for secret in (url.password, *(url.query.get(name) for name in SECRETS)):
        if secret:
            said = said.replace(str(secret), "***")
    return said


def _first_line(problem: BaseException) -> str:
    """What happened, of the several lines that servers and drivers say."""
    lines = [line.strip(" -\t") for line in str(problem).strip().split("\n")]
    line = lines[1] if lines[0].endswith("failures were:") and len(lines) > 1 else lines[0]
    return line.rstrip(".:")


def _advice(said: str, file: Path | None) -> str:
    words = said.casefold()
    for signs, todo in _ADVICE.items():
        if any(sign in words for sign in signs):
            return todo
    if file:
        return "give the path of a label database of negviz, or of a file that does not exist yet and can be made."
    return "check the URL, that the server can be reached, and that its Python driver is installed."
