"""What needs a cluster of its own, or none: a node's monitor of memory, and an address where nobody answers."""

import pytest

from negviz.engines import open_engine
from negviz.errors import MissingInputError
from tests.engines.work import Errand, takes_much_memory_once


def test_a_task_that_takes_too_much_memory_is_ended_by_the_node_and_tried_again(ray, tmp_path):
    """The node's own monitor ends it: allowed is what the machine uses now and 700 MB more, taken are 1.5 GB."""
    import psutil
    from ray.cluster_utils import Cluster

    memory = psutil.virtual_memory()
    if memory.available < 4 << 30:
        pytest.skip("less than 4 GB of memory are free")
    allowed = (memory.total - memory.available + (700 << 20)) / memory.total
    made = Cluster(
        initialize_head=True,
        head_node_args={
            "num_cpus": 1,
            "include_dashboard": False,
            "_system_config": {"memory_usage_threshold": allowed, "memory_monitor_refresh_ms": 100},
        },
    )
    squares = {number: number**2 for number in range(8)}
    tasks = [Errand(str(tmp_path), number) for number in squares]
    try:
        ray.init(address=made.address, log_to_driver=False, logging_level="ERROR")
        assert dict(open_engine("ray").run(takes_much_memory_once, tasks)) == squares
        assert len(list(tmp_path.glob("begun-1-*"))) == 2
    finally:
        ray.shutdown()
        made.shutdown()


def test_a_cluster_that_does_not_answer(ray):
    with pytest.raises(MissingInputError, match=r"could not be reached.*ray start --head"):
        open_engine("ray", address="127.0.0.1:1")
