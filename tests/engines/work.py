"""Blocks of work that fail in ways that machines fail; importable by the workers of a cluster."""

import os
import time
from pathlib import Path
from typing import NamedTuple

from negviz.errors import DataError


class Errand(NamedTuple):
    """Where the worker leaves what it did, and which of them it is."""

    folder: str
    number: int


def begun(errand: Errand) -> int:
    """Leave a mark that the errand was begun; how often it was begun before."""
    folder = Path(errand.folder)
    times = 0
    while True:
        try:
            (folder / f"begun-{errand.number}-{times}").touch(exist_ok=False)
        except FileExistsError:
            times += 1
        else:
            return times


def square(errand: Errand) -> int:
    begun(errand)
    return errand.number**2


def slowly(errand: Errand) -> int:
    """Long enough for a node to be removed in the middle; leaves word where it runs."""
    import ray

    begun(errand)
    node = ray.get_runtime_context().get_node_id()
    Path(errand.folder, f"on-{node}-{errand.number}").touch()
    time.sleep(0.7)
    Path(errand.folder, f"on-{node}-{errand.number}").unlink()
    return errand.number**2


def dies_once(errand: Errand) -> int:
    """The kernel ends a process that takes too much memory by SIGKILL."""
    if not begun(errand) and errand.number == 2:
        os.kill(os.getpid(), 9)
    return errand.number**2


def takes_much_memory_once(errand: Errand) -> int:
    """Half as much again as the node's monitor allows, for longer than it looks away."""
    if not begun(errand) and errand.number == 1:
        taken = [bytearray(64 << 20) for _ in range(24)]
        time.sleep(20)
        return -len(taken)
    return errand.number**2


def short_of_memory_once(errand: Errand) -> int:
    if not begun(errand) and errand.number == 1:
        raise MemoryError
    return errand.number**2


def hangs_once(errand: Errand) -> int:
    """A worker on a machine that hardly moves; a second copy of its work is done at once."""
    if not begun(errand) and errand.number == 3:
        time.sleep(120)
    return errand.number**2


def always_dies(errand: Errand) -> int:
    begun(errand)
    os.kill(os.getpid(), 9)
    return 0


def refuses(errand: Errand) -> int:
    begun(errand)
    raise DataError(f"errand {errand.number} cannot be done; name another.")


def breaks(errand: Errand) -> int:
    begun(errand)
    return errand.number // 0
