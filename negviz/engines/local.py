"""This process: one task after the other, each with all threads that the libraries take."""

from collections.abc import Callable, Iterator, Sequence

from negviz.engines import Result, Task, never
from negviz.errors import CancelledError


class Local:
    """Runs tasks where it is called."""

    name = "local"
    workers = 1

    def run(
        self,
        work: Callable[[Task], Result],
        tasks: Sequence[Task],
        *,
        memory: int = 0,
        cancelled: Callable[[], bool] = never,
    ) -> Iterator[tuple[int, Result]]:
        """Run every task, see ``Engine.run``."""
        for place, task in enumerate(tasks):
            if cancelled():
                raise CancelledError("The work was stopped; what was finished is kept for the next time.")
            yield place, work(task)

    def close(self) -> None:
        """Nothing was started."""
