"""A Ray cluster of several nodes on this machine, where Ray is installed; NEGVIZ_REQUIRE_RAY wants it to be."""

import os

import pytest


@pytest.fixture(scope="session")
def ray():
    if os.environ.get("NEGVIZ_REQUIRE_RAY"):
        import ray
    else:
        ray = pytest.importorskip("ray", reason="Ray is not installed")
    return ray


@pytest.fixture(scope="module")
def cluster(ray):
    """A head that runs nothing, and two nodes of one processor each."""
    from ray.cluster_utils import Cluster

    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    try:
        for _ in range(2):
            made.add_node(num_cpus=1)
        made.wait_for_nodes()
        ray.init(address=made.address, log_to_driver=False, logging_level="ERROR")
        yield made
    finally:
        ray.shutdown()
        made.shutdown()
