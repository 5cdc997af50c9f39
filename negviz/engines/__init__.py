"""Engines: where work runs, in this process or on a Ray cluster; never what it does."""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, TypeVar

from negviz.errors import UnknownNameError

Task = TypeVar("Task")
Result = TypeVar("Result")


def never() -> bool:
    """Nobody asks for an end."""
    return False


class Engine(Protocol):
    """Runs many tasks of one kind.

    Work is a function of a module, tasks and results are small (paths, numbers) and can be pickled; what is large goes
    through files. Work may be run twice, or be ended at any moment and run again elsewhere, so it writes beside and
    renames, and the same task gives the same bytes.

    Attributes:
        name: As ``--engine`` calls it.
        workers: How many tasks run at once.
    """

    name: str
    workers: int

    def run(
        self,
        work: Callable[[Task], Result],
        tasks: Sequence[Task],
        *,
        memory: int = 0,
        cancelled: Callable[[], bool] = never,
    ) -> Iterator[tuple[int, Result]]:
        """Run every task and give what comes of it, as it comes.

        Args:
            work: Function of a module.
            tasks: What it is called with, one at a time.
            memory: Bytes that a task may take, for those who place tasks on machines; 0 if unknown.
            cancelled: Asked between tasks.

        Yields:
            Place of the task and its result, in the order in which they are finished.

        Raises:
            CancelledError: If ``cancelled`` said so.
            NegvizError: Whatever the work itself refuses; it is not tried again.
        """
        ...

    def close(self) -> None:
        """End what was started for this engine; a cluster that was there before stays."""
        ...


ENGINES = ("local", "ray")


def open_engine(name: str = "local", *, address: str | None = None, workers: int | None = None) -> Engine:
    """An engine by name.

    Args:
        name: ``local`` or ``ray``.
        address: Of a Ray cluster that runs, such as ``auto`` or ``ray://head:10001``; None starts one on this machine.
        workers: Tasks at once at most, where the engine leaves a choice.

    Raises:
        UnknownNameError: If there is no such engine.
        MissingInputError: If its library is not installed, or the cluster does not answer.
    """
    if name == "local":
        from negviz.engines.local import Local

        return Local()
    if name == "ray":
        from negviz.engines.ray import Ray

        return Ray(address, workers)
    raise UnknownNameError(f"There is no engine called '{name}'; there are: {', '.join(ENGINES)}.")
