"""An engine that does whatever an engine may do: tasks in any order, some of them twice."""

import pickle
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from negviz.engines import never


class Unruly:
    """Runs tasks in an order drawn by chance, every third one twice, and may be unplugged after some of them."""

    name = "unruly"
    workers = 3

    def __init__(self, stop_after: int | None = None) -> None:
        self._stop_after = stop_after

    def run(
        self,
        work: Callable[[Any], Any],
        tasks: Sequence[Any],
        *,
        memory: int = 0,
        cancelled: Callable[[], bool] = never,
    ) -> Iterator[tuple[int, Any]]:
        for done, place in enumerate(np.random.default_rng(len(tasks)).permutation(len(tasks)).tolist()):
            if done == self._stop_after:
                raise RuntimeError("unplugged")
            task, function = pickle.loads(pickle.dumps(tasks[place])), pickle.loads(pickle.dumps(work))
            if done % 3 == 0:
                yield place, function(task)
            yield place, pickle.loads(pickle.dumps(function(task)))

    def close(self) -> None:
        """Nothing was started."""
