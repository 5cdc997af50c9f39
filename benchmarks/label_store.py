"""Label writers that are killed at any moment: is a verdict that was called saved ever lost or doubled?

    .venv/bin/python benchmarks/label_store.py                                            # SQLite in a temporary folder
    .venv/bin/python benchmarks/label_store.py --url postgresql://user:password@host/empty_database

Some processes answer pairs as people do: each verdict is acknowledged once ``LabelStore.add`` has returned. They are
killed with SIGKILL at random moments and started again, and then go on with the first pair that was not acknowledged,
which may be stored already. At the end the database is read by another process and compared with what was acknowledged.
``--early`` acknowledges before writing, to see that the comparison notices.
"""

import argparse
import json
import os
import random
import selectors
import signal
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from negviz.labels import LabelEvent, LabelStore, Verdict


@dataclass
class Writer:
    """One annotator: how far they are, and the process that writes for them at the moment."""

    name: str
    verdicts: int
    acknowledged: dict[int, str] = field(default_factory=dict)
    milliseconds: list[float] = field(default_factory=list)
    process: int = 0
    pipe: int = -1
    rest: bytes = b""
    complaints: str = ""

    @property
    def done(self) -> bool:
        return len(self.acknowledged) == self.verdicts

    def start(self, url: str, early: bool) -> None:
        reading, writing = os.pipe()
        self.process = os.fork()
        if self.process:
            os.close(writing)
            self.pipe, self.rest = reading, b""
            return
        os.close(reading)
        code = 1
        try:
            write(url, self.name, range(len(self.acknowledged), self.verdicts), writing, early)
            code = 0
        except BaseException as problem:
            os.write(writing, f"! {type(problem).__name__}: {problem}\n".encode())
        finally:
            os._exit(code)

    def hear(self) -> bool:
        """Take in what the process said; False when it said its last."""
        data = os.read(self.pipe, 65536)
        *lines, self.rest = (self.rest + data).split(b"\n")
        for line in lines:
            if line.startswith(b"!"):
                self.complaints += line.decode() + "\n"
                continue
            number, event, milliseconds = line.decode().split()
            self.acknowledged[int(number)] = event
            self.milliseconds.append(float(milliseconds))
        return bool(data)

    def end(self) -> None:
        """Read to the end what was said, and bury the process."""
        while self.hear():
            pass
        os.close(self.pipe)
        _, status = os.waitpid(self.process, 0)
        self.process = 0
        if not os.WIFSIGNALED(status) and os.WEXITSTATUS(status) and not self.complaints:
            self.complaints = f"! exit status {os.WEXITSTATUS(status)}\n"


def write(url: str, name: str, numbers: range, out: int, early: bool) -> None:
    """What a writing process does."""
    verdicts = list(Verdict)
    with LabelStore(url) as store:
        for number in numbers:
            event = LabelEvent(
                query_key=f"{name}-{number}",
                document_key="d",
                verdict=verdicts[number % 4],
                annotator=name,
                document="text " * 200,
            )
            begun = time.perf_counter()
            if early:
                os.write(out, f"{number} {event.event} 0\n".encode())
            stored = store.add(event)
            if not early:
                # One write of less than a page: the whole line or nothing of it.
                os.write(out, f"{number} {stored.event} {(time.perf_counter() - begun) * 1e3:.3f}\n".encode())


class Hammer:
    """Writers at work, and somebody who kills them."""

    def __init__(self, url: str, verdicts: int, processes: int, early: bool) -> None:
        self.url = url
        self.early = early
        self.writers = [Writer(f"w{place}", len(range(place, verdicts, processes))) for place in range(processes)]
        self.heard = selectors.DefaultSelector()
        self.killed = 0

    def run(self, every: float, seed: int) -> None:
        """Write to the end, and kill one a moment after about ``every`` verdicts, whatever it is doing then."""
        draw = random.Random(seed)
        next_kill = draw.expovariate(1 / every)
        for writer in self.writers:
            self._start(writer)
        while running := [writer for writer in self.writers if writer.process]:
            for key, _ in self.heard.select(0.05):
                if not key.data.hear():
                    self._end(key.data)
            if sum(len(writer.acknowledged) for writer in self.writers) >= next_kill:
                next_kill += draw.expovariate(1 / every)
                time.sleep(draw.uniform(0, 0.05))
                self._kill(draw.choice(running))
        self.heard.close()

    def _start(self, writer: Writer) -> None:
        writer.start(self.url, self.early)
        self.heard.register(writer.pipe, selectors.EVENT_READ, writer)

    def _end(self, writer: Writer) -> None:
        self.heard.unregister(writer.pipe)
        writer.end()

    def _kill(self, writer: Writer) -> None:
        if not writer.process or writer.done:
            return
        os.kill(writer.process, signal.SIGKILL)
        self.killed += 1
        self._end(writer)
        if not writer.done:
            self._start(writer)


def compare(url: str, writers: list[Writer]) -> dict[str, int]:
    """What is in the database, against what was acknowledged."""
    with LabelStore.existing(url) as store:
        events = store.events()
        standing = len(store.current())
    stored = {event.event for event in events}
    acknowledged = [event for writer in writers for event in writer.acknowledged.values()]
    pairs = Counter((event.annotator, event.pair) for event in events)
    return {
        "acknowledged": len(acknowledged),
        "stored": len(events),
        "standing": standing,
        "lost": len(set(acknowledged) - stored),
        "doubled": sum(count - 1 for count in pairs.values()),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", help="an empty label database; a SQLite file in a temporary folder if not given")
    parser.add_argument("--verdicts", type=int, default=2000)
    parser.add_argument("--processes", type=int, default=8)
    parser.add_argument("--every", type=float, default=10.0, help="about how many verdicts to a kill")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--early", action="store_true", help="acknowledge before writing (must lose verdicts)")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = given.url or f"sqlite:///{Path(folder) / 'labels.sqlite'}"
        begun = time.perf_counter()
        hammer = Hammer(url, given.verdicts, given.processes, given.early)
        hammer.run(given.every, given.seed)
        seconds = time.perf_counter() - begun
        times = np.array([value for writer in hammer.writers for value in writer.milliseconds])
        found = {
            "database": url.split(":", 1)[0],
            "processes": given.processes,
            "killed": hammer.killed,
            **compare(url, hammer.writers),
            "complaints": "".join(writer.complaints for writer in hammer.writers),
            "p50_ms": round(float(np.percentile(times, 50)), 2),
            "p95_ms": round(float(np.percentile(times, 95)), 2),
            "seconds": round(seconds, 1),
        }
    print(json.dumps(found))
    whole = found["stored"] == found["standing"] == found["acknowledged"] == given.verdicts
    sys.exit(0 if whole and not (found["lost"] or found["doubled"] or found["complaints"]) else 1)


if __name__ == "__main__":
    main()
