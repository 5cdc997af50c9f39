"""The Ray engine on a real cluster of several nodes on this machine: nothing is lost, whatever dies."""

import pytest

from negviz.engines import open_engine
from negviz.errors import CancelledError, DataError
from tests.engines.work import (
    Errand,
    always_dies,
    breaks,
    dies_once,
    hangs_once,
    refuses,
    short_of_memory_once,
    slowly,
    square,
)

SQUARES = {number: number**2 for number in range(8)}


def errands(folder):
    return [Errand(str(folder), number) for number in SQUARES]


def begun(folder, number):
    return len(list(folder.glob(f"begun-{number}-*")))


def test_a_cluster(cluster, tmp_path):
    engine = open_engine("ray")
    assert engine.workers == 2
    assert dict(engine.run(square, errands(tmp_path))) == SQUARES


def test_a_node_that_goes_costs_its_tasks_once_more(cluster, tmp_path):
    third = cluster.add_node(num_cpus=1)
    cluster.wait_for_nodes()
    many = [Errand(str(tmp_path), number) for number in range(30)]
    found, lost = [], []
    for one in open_engine("ray").run(slowly, many):
        found.append(one)
        at_work = list(tmp_path.glob(f"on-{third.node_id}-*"))
        if at_work and not lost:
            lost = [int(path.name.rpartition("-")[2]) for path in at_work]
            cluster.remove_node(third)
    assert lost, "the third node never got a task"
    assert sorted(found) == [(number, number**2) for number in range(30)]
    assert all(begun(tmp_path, number) >= 2 for number in lost)


def test_a_worker_that_is_killed_is_replaced(cluster, tmp_path):
    assert dict(open_engine("ray").run(dies_once, errands(tmp_path))) == SQUARES
    assert begun(tmp_path, 2) == 2


def test_a_task_that_finds_no_memory_is_tried_again(cluster, tmp_path):
    assert dict(open_engine("ray").run(short_of_memory_once, errands(tmp_path))) == SQUARES
    assert begun(tmp_path, 1) == 2


def test_a_slow_task_is_copied_and_the_first_result_counts(cluster, tmp_path, monkeypatch):
    monkeypatch.setattr("negviz.engines.ray.LEAST_SECONDS", 0.5)
    found = list(open_engine("ray").run(hangs_once, errands(tmp_path)))
    assert dict(found) == SQUARES
    assert len(found) == len(SQUARES)
    assert begun(tmp_path, 3) == 2


def test_a_task_whose_worker_always_dies_ends_the_job_with_a_sentence(cluster, tmp_path, monkeypatch):
    monkeypatch.setattr("negviz.engines.ray.RETRIES", 1)
    with pytest.raises(DataError, match="its worker died each time"):
        list(open_engine("ray").run(always_dies, errands(tmp_path)[:1]))
    assert begun(tmp_path, 0) == 2


def test_what_the_work_refuses_is_said_as_it_is_and_not_tried_again(cluster, tmp_path):
    with pytest.raises(DataError, match=r"^errand 0 cannot be done; name another\.$"):
        list(open_engine("ray").run(refuses, errands(tmp_path)[:1]))
    assert begun(tmp_path, 0) == 1


def test_an_error_that_nobody_foresaw_is_not_hidden(cluster, tmp_path):
    with pytest.raises(ZeroDivisionError):
        list(open_engine("ray").run(breaks, errands(tmp_path)[:1]))


def test_a_stop_ends_what_runs(cluster, tmp_path):
    found = []
    running = open_engine("ray").run(slowly, errands(tmp_path), cancelled=lambda: bool(found))
    found.append(next(running))
    with pytest.raises(CancelledError):
        next(running)
