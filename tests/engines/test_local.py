"""The engine of this process, and how engines are named."""

import pytest

from negviz.engines import open_engine
from negviz.errors import CancelledError, DataError, UnknownNameError
from tests.engines.work import Errand, refuses, square


def test_tasks_run_in_order(tmp_path):
    tasks = [Errand(str(tmp_path), number) for number in range(5)]
    assert list(open_engine().run(square, tasks)) == [(0, 0), (1, 1), (2, 4), (3, 9), (4, 16)]


def test_a_stop_comes_between_tasks(tmp_path):
    tasks = [Errand(str(tmp_path), number) for number in range(5)]
    done = []
    running = open_engine().run(square, tasks, cancelled=lambda: len(done) == 2)
    done += [next(running), next(running)]
    with pytest.raises(CancelledError):
        next(running)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["begun-0-0", "begun-1-0"]


def test_what_the_work_refuses_comes_out(tmp_path):
    with pytest.raises(DataError, match="errand 7 cannot be done"):
        list(open_engine().run(refuses, [Errand(str(tmp_path), 7)]))


def test_an_unknown_engine_lists_those_there_are():
    with pytest.raises(UnknownNameError, match=r"'spark'.*local, ray"):
        open_engine("spark")
