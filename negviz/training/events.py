"""Journal: what a training tells while it runs, line by line, for whoever looks in; nothing is read back by it."""

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

FILE = "journal.jsonl"
EVERY = 0.2


class Journal:
    """A file to which lines are appended; steps are told five times a second at most."""

    def __init__(self, folder: Path, told: Callable[[dict[str, Any]], None] | None = None) -> None:
        """Name the folder of the training, and who else is told."""
        self._path, self._listener = Path(folder) / FILE, told
        self._told = 0.0

    def step(
        self, arm: int, seed: int, number: int, *, doing: str, done: int, total: int, loss: float | None
    ) -> None:  # fmt: skip
        """How far a round is.

        Args:
            arm: Number of the arm.
            seed: Seed of the training.
            number: Of the round, from 1.
            doing: ``mining``, ``training`` or ``measuring``.
            done: Steps done.
            total: Of how many.
            loss: Of the last step.
        """
        now = time.time()
        if doing == "training" and done < total and now - self._told < EVERY:
            return
        self._told = now
        self._write({
            "kind": "step", "arm": arm, "seed": seed, "round": number, "doing": doing, "done": done, "total": total,
            "loss": loss, "time": now,
        })  # fmt: skip

    def round(self, arm: int, seed: int, number: int, loss: float | None, metrics: Mapping[str, float]) -> None:
        """A round is finished; 0 is the student before it learnt.

        Args:
            arm: Number of the arm.
            seed: Seed of the training.
            number: Of the round.
            loss: Mean of its last steps.
            metrics: Means over the dev queries.
        """
        self._write({
            "kind": "round", "arm": arm, "seed": seed, "round": number, "loss": loss, "metrics": dict(metrics),
            "time": time.time(),
        })  # fmt: skip

    def _write(self, row: dict[str, Any]) -> None:
        with self._path.open("ab+") as file:
            # A process that was killed may leave half a line, behind which a new one must begin.
            file.seek(-min(file.seek(0, 2), 1), 2)
            file.write(b"\n" * (file.read(1) not in {b"", b"\n"}) + json.dumps(row).encode() + b"\n")
        if self._listener is not None:
            self._listener(row)


def read_journal(folder: Path, start: int = 0) -> tuple[list[dict[str, Any]], int]:
    """Lines that were written since, and where the next reading starts.

    A line that is not finished yet is left for the next time.

    Args:
        folder: Of the training.
        start: Where the last reading ended, in bytes.
    """
    try:
        with (Path(folder) / FILE).open("rb") as file:
            file.seek(start)
            data = file.read()
    except FileNotFoundError:
        return [], 0
    whole = data[: data.rfind(b"\n") + 1]
    rows = []
    for line in whole.splitlines():
        try:
            rows.append(json.loads(line))
        except ValueError:  # a process that was killed leaves half a line
            continue
    return rows, start + len(whole)
