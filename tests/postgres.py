"""A PostgreSQL server of one's own, in a temporary folder and on a free port of the loopback address."""

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest

PASSWORD = "correct horse"
USER = "negviz"


def programs():
    """Folder of initdb and pg_ctl, which Debian keeps off the path; None where there is no server."""
    found = shutil.which("initdb")
    folders = [Path(found).parent] if found else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name), reverse=True)
    return next((folder for folder in folders if (folder / "pg_ctl").exists()), None)


def missing():
    """Why there can be no server here, None if there can."""
    try:
        import psycopg  # noqa: F401
    except ImportError:
        return "No driver for PostgreSQL here; pip install -r requirements-postgres.txt brings it."
    if programs() is None:
        return "No PostgreSQL here; Debian's package 'postgresql' brings it."
    if os.geteuid() == 0 and not _has_owner():
        return "PostgreSQL does not run as root, and there is no user 'postgres' to run it."
    return None


def require():
    """Skip, or fail where PostgreSQL must be there (NEGVIZ_REQUIRE_POSTGRES)."""
    reason = missing()
    if reason and os.environ.get("NEGVIZ_REQUIRE_POSTGRES"):
        pytest.fail(f"NEGVIZ_REQUIRE_POSTGRES is set, but: {reason}")
    if reason:
        pytest.skip(reason)


class Cluster:
    """A server; ``settings`` are lines of postgresql.conf."""

    def __init__(self, **settings):
        self.folder = Path(tempfile.mkdtemp(prefix="negviz-pg-"))
        self.data = self.folder / "data"
        self.owner = "postgres" if os.geteuid() == 0 else None
        secret = self.folder / "password"
        secret.write_text(PASSWORD)
        if self.owner:
            for path in (self.folder, secret):
                shutil.chown(path, self.owner)
        self._run("initdb", "--pgdata", self.data, "--username", USER, "--pwfile", secret, "--no-sync",
                  "--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C.UTF-8")  # fmt: skip
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        settings = {
            "port": self.port,
            "listen_addresses": "'127.0.0.1'",
            "unix_socket_directories": f"'{self.folder}'",
            **settings,
        }
        with (self.data / "postgresql.conf").open("a") as file:
            file.writelines(f"{name} = {value}\n" for name, value in settings.items())
        self._made = 0
        self.start()

    def _run(self, program, *arguments):
        done = subprocess.run(
            [programs() / program, *arguments],
            user=self.owner,
            cwd=self.folder,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
            stdout=(log := tempfile.TemporaryFile()),  # noqa: SIM115
            stderr=subprocess.STDOUT,
            check=False,
        )
        with contextlib.closing(log):
            if done.returncode:
                log.seek(0)
                raise RuntimeError(f"{program}: {log.read().decode()}")

    def start(self):
        self._run("pg_ctl", "start", "--pgdata", self.data, "--log", self.folder / "server.log", "--wait", "--silent")

    def stop(self, mode="fast"):
        """``immediate`` is the crash: nothing is written that was not on disk already."""
        self._run("pg_ctl", "stop", "--pgdata", self.data, "--mode", mode, "--wait", "--silent")

    def close(self):
        if (self.data / "postmaster.pid").exists():
            self.stop("immediate")
        shutil.rmtree(self.folder)

    def url(self, database="postgres", user=USER, password=PASSWORD):
        secret = password.replace(" ", "%20")
        return f"postgresql+psycopg://{user}:{secret}@127.0.0.1:{self.port}/{database}"

    def execute(self, statement, database="postgres"):
        """Run a statement as the owner of the server, outside of negviz; rows, where it has any."""
        import psycopg

        address = {"host": "127.0.0.1", "port": self.port, "user": USER, "password": PASSWORD, "dbname": database}
        with psycopg.connect(**address, autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def database(self, options=""):
        """URL of a new, empty database."""
        self._made += 1
        name = f"labels_{self._made}"
        self.execute(f"CREATE DATABASE {name} {options}")
        return self.url(name)

    def schema(self):
        """URL of a new, empty schema: as good as a database, and made in no time."""
        self._made += 1
        self.execute(f"CREATE SCHEMA labels_{self._made}")
        return f"{self.url()}?options=-csearch_path%3Dlabels_{self._made}"


def _has_owner():
    try:
        pwd.getpwnam("postgres")
    except KeyError:
        return False
    return True
