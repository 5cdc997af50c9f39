"""Processes: a training runs in one of its own, so that closing a page or a browser does not end it; several queue.

Every training is a folder. Its ``state.json`` says what was last known of it; whether a process is at work on it is
not written anywhere but seen by a lock, which the system takes back when the process ends, however it ends.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock, Timeout

from negviz.errors import CancelledError, DataError, NegvizError
from negviz.training.plan import Material, Plan, read_plan, write_plan
from negviz.training.running import Told, run_plan
from negviz.writing import file_written_beside

State = Literal["queued", "running", "stopped", "failed", "done", "interrupted"]
STATE, LOCK, STOP, LOG = "state.json", "run.lock", "stop", "log.txt"
QUEUE_LOCK = "queue.lock"
# How often a running training looks whether it is to stop, in seconds.
LOOK = 0.2
# Threads that wait for each other sleep meanwhile. Where another program is at work on the same cores, as a browser is,
# those that spin keep them from their work: an adapter's rounds on two busy cores then took five times as long.
PATIENT = {"OMP_WAIT_POLICY": "PASSIVE"}
# How long a new worker waits for one that is about to end.
PATIENCE = 10.0


@dataclass(frozen=True)
class Training:
    """A training as it stands.

    Attributes:
        folder: Where it lies.
        plan: What it does.
        state: ``interrupted`` where it was running and no process is at work on it any more.
        message: Why it failed, else empty.
        queued: When it was queued or begun, seconds since 1970.
        ended: When it ended, None before.
    """

    folder: Path
    plan: Plan
    state: State
    message: str
    queued: float
    ended: float | None

    @property
    def name(self) -> str:
        """Name of its folder, which is its id in addresses."""
        return self.folder.name

    @property
    def waiting(self) -> bool:
        """Whether it is queued or running."""
        return self.state in {"queued", "running"}


def trainings_folder(home: Path) -> Path:
    """Where the dashboard's trainings live."""
    return home / "training"


def new_folder(home: Path, title: str) -> Path:
    """A folder that is not there yet, named by the time and what the training is called."""
    words = "".join(sign if sign.isascii() and sign.isalnum() else "-" for sign in title.lower()).strip("-")[:40]
    stem = f"{time.strftime('%Y%m%d-%H%M%S')}-{words or 'training'}"
    folder, number = trainings_folder(home) / stem, 1
    while folder.exists():
        number += 1
        folder = trainings_folder(home) / f"{stem}-{number}"
    return folder


def trainings(home: Path) -> list[Training]:
    """Trainings of a home, the newest first; folders that are none are passed over."""
    found = []
    for folder in trainings_folder(home).glob("*"):
        try:
            found.append(training(folder))
        except DataError:  # something else, or a training that another version wrote
            continue
    return sorted(found, key=lambda each: (each.queued, each.name), reverse=True)


def training(folder: Path) -> Training:
    """A training as it stands.

    Raises:
        DataError: If the folder is none.
    """
    plan, _ = read_plan(folder)
    kept = _read_state(folder)
    state = kept["state"]
    if state == "running" and not _held(folder / LOCK):
        # It may have ended between the two looks.
        kept = _read_state(folder)
        state = "interrupted" if kept["state"] == "running" else kept["state"]
    return Training(Path(folder), plan, state, str(kept["message"]), float(kept["queued"]), kept["ended"])


def at_work(folder: Path) -> bool:
    """Whether a process is at work on the training in a folder, if there is one."""
    return _held(Path(folder) / LOCK)


def enqueue(folder: Path, home: Path) -> None:
    """Queue a training that was planned, stopped, interrupted or failed, and see that somebody works on the queue.

    Raises:
        DataError: If the folder is no training.
    """
    if training(folder).waiting:
        return
    (folder / STOP).unlink(missing_ok=True)
    _write_state(folder, "queued", queued=time.time())
    start_worker(home)


def submit(material: Material, home: Path) -> Path:
    """Write a plan into a new folder of the home and queue it.

    Returns:
        The folder.
    """
    folder = new_folder(home, material.plan.title)
    write_plan(folder, material)
    enqueue(folder, home)
    return folder


def stop(folder: Path) -> None:
    """Ask a training to stop: at once where it waits, else after the step it is at; what is finished is kept."""
    if training(folder).state == "queued":
        _write_state(folder, "stopped", ended=time.time())
    (folder / STOP).touch()


def remove(folder: Path) -> None:
    """Delete a training with its checkpoints.

    Raises:
        DataError: If it is running.
    """
    lock = FileLock(folder / LOCK, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise DataError(f"The training in {folder} is running; stop it before you delete it.") from None
    try:
        shutil.rmtree(folder, ignore_errors=True)
    finally:
        lock.release()


def run_here(folder: Path, home: Path, told: Told | None = None, stopped: Callable[[], bool] | None = None) -> None:
    """Run or resume a training in this process.

    Args:
        folder: Of the training.
        home: Folder of caches.
        told: Called with every line of its journal.
        stopped: Asked whether to stop, beside the file that ``stop`` writes.

    Raises:
        DataError: If another process is at work on it.
        CancelledError: If it was stopped.
        NegvizError: If it cannot run; the state says why.
    """
    try:
        with FileLock(folder / LOCK, timeout=0):
            (folder / STOP).unlink(missing_ok=True)
            _run(folder, home, told, _Stop(folder / STOP, stopped))
    except Timeout:
        raise DataError(f"Another process is at work on the training in {folder}; stop that one first.") from None


def _run(folder: Path, home: Path, told: Told | None, stopped: Callable[[], bool]) -> None:
    _write_state(folder, "running")
    try:
        run_plan(folder, home=home, stopped=stopped, told=told)
    except (CancelledError, KeyboardInterrupt):
        _write_state(folder, "stopped", ended=time.time())
        raise
    except Exception as error:
        fault = "" if isinstance(error, NegvizError) else f"This is a fault of negviz: {type(error).__name__}: "
        _write_state(folder, "failed", message=f"{fault}{error}", ended=time.time())
        raise
    _write_state(folder, "done", ended=time.time())


class _Stop:
    """Looks now and then whether somebody asked to stop."""

    def __init__(self, file: Path, also: Callable[[], bool] | None) -> None:
        self._file, self._also = file, also
        self._looked, self._asked = 0.0, False

    def __call__(self) -> bool:
        now = time.monotonic()
        if not self._asked and now - self._looked >= LOOK:
            self._looked = now
            self._asked = self._file.exists()
        return self._asked or bool(self._also and self._also())


def start_worker(home: Path) -> None:
    """Start a process that works on the queue, unless one does; it outlives this one and ends with the queue."""
    if worker_alive(home):
        return
    place = trainings_folder(home)
    place.mkdir(parents=True, exist_ok=True)
    with (place / LOG).open("ab") as log:
        subprocess.Popen(
            [sys.executable, "-m", "negviz.training.worker", str(home.absolute())],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, close_fds=True,
            env={**PATIENT, **os.environ, "NEGVIZ_HOME": str(home.absolute()), "TOKENIZERS_PARALLELISM": "false"},
        )  # fmt: skip


def worker_alive(home: Path) -> bool:
    """Whether a process works on the queue."""
    return _held(trainings_folder(home) / QUEUE_LOCK)


def keep_working(home: Path) -> bool:
    """Start a worker where something is queued and nobody works on it.

    Returns:
        Whether one was started.
    """
    if worker_alive(home) or not any(each.state == "queued" for each in trainings(home)):
        return False
    start_worker(home)
    return True


def work(home: Path) -> None:
    """Run what is queued, the oldest first, until nothing is; does nothing where another process does that."""
    try:
        with FileLock(trainings_folder(home) / QUEUE_LOCK, timeout=PATIENCE):
            while (found := _next(home)) is not None:
                try:
                    run_here(found.folder, home)
                except CancelledError:
                    continue
                except NegvizError as error:
                    print(f"{found.name}: {error}", file=sys.stderr)  # noqa: T201 - the log of the worker
    except Timeout:
        return


def _next(home: Path) -> Training | None:
    queued = [each for each in trainings(home) if each.state == "queued"]
    return min(queued, key=lambda each: (each.queued, each.name), default=None)


def _held(path: Path) -> bool:
    """Whether some process holds a lock."""
    if not path.is_file():
        return False
    lock = FileLock(path, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        return True
    except OSError:  # the folder vanished meanwhile
        return False
    lock.release()
    return False


def _read_state(folder: Path) -> dict[str, Any]:
    usual: dict[str, Any] = {"state": "stopped", "message": "", "queued": 0.0, "ended": None}
    try:
        return {**usual, **json.loads((folder / STATE).read_text("utf-8"))}
    except FileNotFoundError:
        return usual
    except (OSError, ValueError) as error:
        raise DataError(f"{folder / STATE} is damaged ({error}); delete it, and the training can be resumed.") from None


def _write_state(
    folder: Path, state: State, *, message: str = "", queued: float | None = None, ended: float | None = None
) -> None:
    kept = _read_state(folder)
    about = {
        "state": state, "message": message, "queued": queued or kept["queued"] or time.time(), "ended": ended,
    }  # fmt: skip
    with file_written_beside(folder / STATE) as beside:
        beside.write_text(json.dumps(about), "utf-8")
