"""A job on a real Ray cluster of several nodes on this machine: the bytes of one process, whatever dies meanwhile."""

from negviz.engines import open_engine
from negviz.jobs import pool_of_job, run_job
from negviz.mine import build_pool

ASKED = ("--encoder", "static", "--depth", "10", "--json")


def contents(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_the_command_line_gives_the_same_bytes(cluster, negviz, tmp_path):
    code, told, _ = negviz("pool", "sample", "--out", "here", *ASKED)
    assert code == 0
    assert negviz("pool", "sample", "--out", "there", "--engine", "ray", *ASKED)[:2] == (0, told)
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
