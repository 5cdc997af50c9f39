"""What the verbs cost by the size of a pool: python benchmarks/verbs.py [1 10 50] [--verbs select read ...] [--top N]

Writes a synthetic pool of 100 candidates a query (see ``slider.py``), and runs each verb of the command line on it in a
process of its own. Memory is the most that the process held in pages that belong to no file (RssAnon, looked at every
5 ms): pages of the mapped pool come and go as the system likes, and are not what a budget bounds. ``read`` opens the
selection as an export does. What a process holds with nothing done is printed first.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from results import record, spread
from slider import DEPTH, anonymous, synthetic_pool

from negviz.store import save_pool

VERBS = ("nothing", "select", "read", "export", "suspects", "suspects taken", "audit")
READ = "import sys; from pathlib import Path; from negviz.store import open_pool, read_selection; " \
       "read_selection(Path(sys.argv[2]), open_pool(Path(sys.argv[1]))).summary()"  # fmt: skip
NOTHING = "import negviz.cli, negviz.export, negviz.selecting, negviz.suspects, negviz.compiled"


def main() -> None:
    """Print a table for each size."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("millions", nargs="*", type=float, default=[1.0, 10.0])
    asked.add_argument("--verbs", nargs="+", default=list(VERBS), choices=VERBS)
    asked.add_argument("--recipe", default="nv_perc")
    asked.add_argument("--memory", default="2GB")
    asked.add_argument("--top", type=int, default=1000)
    given = asked.parse_args()
    rows = []
    for millions in given.millions:
        with tempfile.TemporaryDirectory() as folder:
            rows += report(Path(folder), millions, given)
    record("verbs", f"Verbs on large pools under --memory {given.memory}", rows)


def report(folder: Path, millions: float, given: argparse.Namespace) -> list[dict[str, Any]]:
    """Print what each verb takes on a pool of so many million candidates, and give it as rows."""
    with tempfile.TemporaryDirectory(dir=folder) as layers:
        pool = synthetic_pool(Path(layers), int(millions * 1_000_000 / DEPTH))
        save_pool(pool, folder / "pool")
    print(f"\n{millions:g} million candidates ({len(pool):,} x {pool.depth}), --memory {given.memory}", flush=True)
    del pool
    commands = _commands(folder, given)
    if "select" not in given.verbs:
        _watched(commands["select"])
    rows = []
    for verb in given.verbs:
        seconds, peak = _watched(commands[verb])
        rows.append({"what": f"{verb}, {millions:g} million: seconds", "unit": "s", **spread([seconds])})
        rows.append({"what": f"{verb}, {millions:g} million: memory of its own", "unit": "MiB", **spread([peak])})
        rate = f"{millions / seconds:8.2f} million a second" if verb != "nothing" else ""
        print(f"{verb:<15} {seconds:8.1f} s  {peak:8,.0f} MiB {rate}", flush=True)
    return rows


def _commands(folder: Path, given: argparse.Namespace) -> dict[str, list[str]]:
    pool, taken = str(folder / "pool"), str(folder / "s.parquet")
    negviz = [sys.executable, "-m", "negviz"]
    memory, top = ["--memory", given.memory], ["--top", str(given.top)]
    return {
        "nothing": [sys.executable, "-c", NOTHING],
        "select": [*negviz, "select", pool, "--recipe", given.recipe, "--out", taken, *memory],
        "read": [sys.executable, "-c", READ, pool, taken],
        "export": [*negviz, "export", pool, "--selection", taken, "--format", "flagembedding",
                   "--out", str(folder / "export"), *memory],
        "suspects": [*negviz, "suspects", pool, "--out", str(folder / "all.csv"), *top, *memory],
        "suspects taken": [*negviz, "suspects", pool, "--selection", taken, "--out", str(folder / "s.csv"), *top,
                           *memory],
        "audit": [*negviz, "audit", pool, "--selection", taken, "--out", str(folder / "audit.html"), *memory],
    }  # fmt: skip


def _watched(command: list[str]) -> tuple[float, float]:
    """Seconds, and the most MiB of a command's own pages."""
    with tempfile.TemporaryFile() as said:
        start, peak = time.perf_counter(), 0.0
        process = subprocess.Popen(command, stdout=said, stderr=said, env={**os.environ, "NEGVIZ_HOME": "/nonexistent"})
        while process.poll() is None:
            try:
                peak = max(peak, anonymous(process.pid))
            except (OSError, StopIteration):  # it has just ended
                break
            time.sleep(0.005)
        if process.wait():
            said.seek(0)
            raise SystemExit(f"{' '.join(command)} failed:\n{said.read().decode()[-2000:]}")
        return time.perf_counter() - start, peak


if __name__ == "__main__":
    main()
