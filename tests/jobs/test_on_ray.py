"""A job on a real Ray cluster of several nodes on this machine: the bytes of one process, whatever dies meanwhile."""

import json

import pytest

from negviz.cli import main
from negviz.engines import open_engine
from negviz.jobs import pool_of_job, run_job
from negviz.mine import build_pool

ASKED = ("--encoder", "static", "--depth", "10", "--json")


@pytest.fixture
def negviz(capfd, monkeypatch, tmp_path, node):
    monkeypatch.setenv("NEGVIZ_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        capfd.readouterr()
        with pytest.raises(SystemExit) as done:
            main([*map(str, arguments)])
        out, err = capfd.readouterr()
        assert not done.value.code, err
        return json.loads(out)

    return run


def contents(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_the_command_line_gives_the_same_bytes(cluster, negviz, tmp_path):
    told = negviz("pool", "sample", "--out", "here", *ASKED)
    assert negviz("pool", "sample", "--out", "there", "--engine", "ray", *ASKED) == told
    assert contents(tmp_path / "here") == contents(tmp_path / "there")
    assert not (tmp_path / "there.work").exists()


def test_a_node_that_goes_in_the_middle_changes_nothing(cluster, dataset, planned, node, tmp_path):
    whole = build_pool(dataset, home=tmp_path / "home", encoder="static", depth=10)
    third = cluster.add_node(num_cpus=1)
    cluster.wait_for_nodes()
    gone = []

    def progress(stage, done, total):
        if stage == "retrieving: dense" and done and not gone:
            gone.append(done)
            cluster.remove_node(third)

    plan = planned(span=60, block=20)
    job = run_job(dataset, plan, str(tmp_path / "work"), engine=open_engine("ray"), progress=progress)
    assert gone[0] < len(plan.parts_of("dense")) * len(plan.blocks())
    (tmp_path / "scratch").mkdir()
    assert pool_of_job(job, tmp_path / "scratch").fingerprint == whole.fingerprint
