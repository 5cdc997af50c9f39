"""Label stores on every database that is tested for real."""

import pytest

from negviz.labels import LabelStore
from tests import postgres


@pytest.fixture(scope="session")
def cluster():
    """A PostgreSQL server; skipped where there is none, unless NEGVIZ_REQUIRE_POSTGRES is set."""
    postgres.require()
    # Careless on purpose: what negviz calls saved must be on disk all the same.
    started = postgres.Cluster(synchronous_commit="off", wal_writer_delay="10s", max_connections=60)
    yield started
    started.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def label_url(request, tmp_path):
    """URL of an empty database, or of a schema of a server's, once of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/labels.sqlite"
    return request.getfixturevalue("cluster").schema()


@pytest.fixture
def store(label_url):
    with LabelStore(label_url) as opened:
        yield opened
