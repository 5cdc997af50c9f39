"""A Ray cluster: tasks go to whichever worker is free; one that dies is run again, one that is slow is copied."""

import contextlib
import socket
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from negviz.engines import Result, Task, never
from negviz.errors import CancelledError, DataError, MissingInputError, NegvizError

# A node that dies takes its tasks with it; each may lose that many before the job gives up.
RETRIES = 8
# Tasks that wait at the workers' doors, so that none is idle while results come in.
AHEAD = 2
# A task is copied if nothing waits any more and it runs this many times as long as the others did.
SLOW = 3.0
LEAST_SECONDS = 5.0
POLL_SECONDS = 1.0
KNOCK_SECONDS = 10.0


@dataclass
class _Running:
    """A task that was handed out.

    Attributes:
        place: Of the task.
        since: When it was handed out.
        copy: Whether another copy of it runs.
    """

    place: int
    since: float
    copy: bool = False


class Ray:
    """Runs tasks on a Ray cluster, that of an address or one that is started on this machine."""

    name = "ray"

    def __init__(self, address: str | None = None, workers: int | None = None) -> None:
        """Connect.

        Args:
            address: Of a cluster that runs; None takes the one this process is connected to, or starts one here.
            workers: Processors of the cluster that is started here; all where not given.

        Raises:
            MissingInputError: If Ray is not installed or the cluster does not answer.
        """
        try:
            import ray
        except ImportError:
            raise MissingInputError(
                "--engine ray needs Ray, which is not installed; run pip install -r requirements-ray.txt."
            ) from None
        self._ray: Any = ray
        self._ours = not ray.is_initialized()
        if self._ours:
            self._connect(address, workers)
        self.workers = max(int(float(self._ray.cluster_resources().get("CPU", 1))), 1)

    def _connect(self, address: str | None, workers: int | None) -> None:
        options: dict[str, Any] = {"log_to_driver": False, "include_dashboard": False, "configure_logging": True}
        if address is not None:
            _knock(address)
        try:
            if address is None:
                self._ray.init(num_cpus=workers, logging_level="ERROR", **options)
            else:
                self._ray.init(address=address, logging_level="ERROR", log_to_driver=False)
        except (ConnectionError, ValueError, RuntimeError) as error:
            reason = str(error).strip().splitlines() or [type(error).__name__]
            raise _unreachable(address, reason[0]) from None

    def run(
        self,
        work: Callable[[Task], Result],
        tasks: Sequence[Task],
        *,
        memory: int = 0,
        cancelled: Callable[[], bool] = never,
    ) -> Iterator[tuple[int, Result]]:
        """Run every task, see ``Engine.run``; a task that takes much longer than the others is copied."""
        # An error of the work itself is not tried again, but for want of memory, which another moment may have.
        options = {"max_retries": RETRIES, "retry_exceptions": [MemoryError], "num_cpus": 1}
        remote = self._ray.remote(**options)(work)
        waiting, running = list(range(len(tasks)))[::-1], dict[Any, _Running]()
        took: list[float] = []
        finished: set[int] = set()
        try:
            while waiting or running:
                if cancelled():
                    raise CancelledError("The work was stopped; what was finished is kept for the next time.")
                while waiting and len(running) < AHEAD * self.workers:
                    place = waiting.pop()
                    running[remote.remote(tasks[place])] = _Running(place, time.monotonic())
                ready, _ = self._ray.wait(list(running), num_returns=1, timeout=POLL_SECONDS)
                for reference in ready:
                    one = running.pop(reference)
                    if one.place in finished:
                        continue
                    result = self._result(reference)
                    finished.add(one.place)
                    took.append(time.monotonic() - one.since)
                    self._drop_copies(running, one.place)
                    yield one.place, result
                if not waiting:
                    self._copy_slow(remote, tasks, running, took)
        finally:
            for reference in running:
                self._cancel(reference)

    def _result(self, reference: Any) -> Any:
        """What came of a task; an error of negviz as itself, any other with what it is about."""
        errors = self._ray.exceptions
        try:
            return self._ray.get(reference)
        except errors.RayTaskError as error:
            cause = error.cause if isinstance(error.cause, Exception) else error
            if isinstance(cause, NegvizError):
                raise cause from None
            raise
        except errors.OutOfMemoryError:
            raise DataError(
                "A block did not fit into the memory of any worker, again and again; give a smaller budget with "
                "--memory and another place with --work, so that the blocks become smaller."
            ) from None
        except (errors.WorkerCrashedError, errors.NodeDiedError, errors.ObjectLostError) as error:
            raise DataError(
                f"A block was begun {RETRIES + 1} times and its worker died each time ({type(error).__name__}); see to "
                "the machines, then start the job again: it goes on from the blocks that are finished."
            ) from None

    def _copy_slow(self, remote: Any, tasks: Sequence[Any], running: dict[Any, _Running], took: list[float]) -> None:
        """Hand out once more what runs much longer than the others did; whichever is first counts."""
        if not took:
            return
        limit = max(SLOW * statistics.median(took), LEAST_SECONDS)
        for one in list(running.values()):
            if not one.copy and time.monotonic() - one.since > limit:
                one.copy = True
                copied = remote.options(scheduling_strategy="SPREAD").remote(tasks[one.place])
                running[copied] = _Running(one.place, time.monotonic(), copy=True)

    def _drop_copies(self, running: dict[Any, _Running], place: int) -> None:
        """End the other copies of a task that is finished."""
        for reference in [each for each, one in running.items() if one.place == place]:
            del running[reference]
            self._cancel(reference)

    def _cancel(self, reference: Any) -> None:
        with contextlib.suppress(Exception):  # it may be finished, or its node gone: either way nothing is left to end
            self._ray.cancel(reference, force=True)

    def close(self) -> None:
        """Leave the cluster; one that was started here ends."""
        if self._ours and self._ray.is_initialized():
            self._ray.shutdown()


def _knock(address: str) -> None:
    """See whether somebody listens at an address; Ray itself tries for minutes before it says so.

    Raises:
        MissingInputError: If nobody does.
    """
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if not colon or not port.isdigit():
        return
    try:
        socket.create_connection((host, int(port)), timeout=KNOCK_SECONDS).close()
    except OSError as error:
        raise _unreachable(address, str(error)) from None


def _unreachable(address: str | None, reason: str) -> MissingInputError:
    return MissingInputError(
        f"The Ray cluster at '{address or 'this machine'}' could not be reached: {reason.rstrip('.')}; start one with "
        "'ray start --head', or leave --address out."
    )
