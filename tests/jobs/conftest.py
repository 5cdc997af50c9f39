"""A dataset small enough to mine in seconds, and blocks small enough that there are several of each kind."""

from dataclasses import replace

import pytest

from negviz.cli import main
from negviz.jobs import make_plan
from negviz.load import load
from negviz.mine import make_order
from tests.cluster import cluster, ray

__all__ = ["cluster", "ray"]


@pytest.fixture(scope="session")
def dataset():
    return load("sample")


@pytest.fixture
def node(tmp_path, monkeypatch):
    """Copies that a worker keeps go into the test's own folder."""
    monkeypatch.setenv("NEGVIZ_NODE", str(tmp_path / "node"))
    return tmp_path / "node"


@pytest.fixture(scope="session")
def planned(dataset):
    """A plan of the sample in small blocks."""

    def plan(*, shard=300, span=400, block=50, encoded=200, **asked):
        order = make_order(dataset, **{"encoder": "static", "depth": 10, **asked})
        return replace(make_plan(dataset, order, 2**31), shard=shard, span=span, block=block, encoded=encoded)

    return plan


@pytest.fixture
def negviz(capfd, monkeypatch, tmp_path, node):
    """Run the command line in a home and a working directory of its own: exit code, standard output, standard error."""
    monkeypatch.setenv("NEGVIZ_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        capfd.readouterr()
        with pytest.raises(SystemExit) as done:
            main([*map(str, arguments)])
        return done.value.code or 0, *capfd.readouterr()

    return run
