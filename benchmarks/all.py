"""Every figure that the README quotes, by one command: runs the benchmarks of ``LIST`` and writes one table.

    .venv/bin/python benchmarks/all.py COLLECTIONS              # hours; COLLECTIONS holds folders in BEIR's layout
    .venv/bin/python benchmarks/all.py COLLECTIONS --small      # minutes: does every script run? figures go nowhere
    .venv/bin/python benchmarks/all.py COLLECTIONS --only end_to_end retune
    .venv/bin/python benchmarks/all.py --table                  # the table of what was recorded, nothing is run

Each script is a process of its own, one after the other, so that nothing else is at work while it measures; one that
fails is told at the end and does not stop the others. Scripts write ``benchmarks/results/<record>.json`` (results.py);
the table is ``benchmarks/results/table.md``. ``--keep FOLDER`` keeps what one script leaves for the next.
"""

import argparse
import os
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from results import recorded, results_folder, told

HERE = Path(__file__).parent
COLLECTIONS = ("scifact", "trec_dl21", "lisa", "cacm", "time")


@dataclass(frozen=True)
class Benchmark:
    """A script and what it is to show.

    Attributes:
        name: Name of its record, and what --only calls it.
        command: Script and arguments; {collections} are the folders, {keep} is what scripts leave for each other.
        small: Arguments of a trial.
        claim: What is claimed, for people.
        limit: The figure that is to be reached, for people; the script holds its rows against it.
        needs: Record that has to be there before it runs.
    """

    name: str
    command: str
    small: str
    claim: str
    limit: str = ""
    needs: str = ""


LIST = (
    Benchmark(
        "end_to_end",
        "end_to_end.py {collections} --documents 20000 --queries 5000 --rounds 5 --work {keep}",
        "end_to_end.py {collections} --documents 400 --queries 100 --rounds 1 --work {keep}",
        "From texts to negatives, against mine_hard_negatives on the same model",
        "2.2 times in float32, 3.4 in bfloat16 at an overlap@20 of 0.99, 5 in int8",
    ),
    Benchmark(
        "end_to_end_five",
        "end_to_end.py {collections} --documents 1200 --queries 300 --rounds 5 --record end_to_end_five",
        "end_to_end.py {collections} --documents 200 --queries 50 --rounds 1 --record end_to_end_five",
        "The same with few texts, where opening the model weighs more",
        "2.2 times in float32, 3.4 in bfloat16 at an overlap@20 of 0.99, 5 in int8",
    ),
    Benchmark(
        "retune",
        "retune.py {keep} --rounds 5",
        "retune.py {keep} --rounds 2",
        "Another margin on a stored pool, against running the peer again",
        "5,000 times cheaper than its full run, 50 times than its run with a warm cache",
        needs="end_to_end",
    ),
    Benchmark("encoders", "encoders.py", "encoders.py 1", "Encoding alone, each backend and precision against torch"),
    Benchmark(
        "bm25",
        "bm25.py {collections} --documents 60000 --queries 1000 --rounds 5",
        "bm25.py {collections} --documents 400 --queries 20 --rounds 1 --slow-queries 1",
        "BM25: index and 1,000 queries over 60,000 documents",
        "1.1 times bm25s alone; rank-bm25 takes 50 times as long end to end",
    ),
    Benchmark(
        "search",
        "search.py 60000 500000",
        "search.py 2000 --queries 20 --depth 20 --rounds 1",
        "Exact and approximate dense search, with its recall",
    ),
    Benchmark(
        "memory",
        "memory.py 8000x200000 1000x1000000",
        "memory.py 50x2000",
        "Memory beyond the embeddings under a stated budget",
        "8,000 queries x 200,000 documents under 0.75 GB, 1 million x 384 under 4 GB",
    ),
    Benchmark("verbs", "verbs.py 1 10", "verbs.py 0.02", "select, suspects, export and audit of large pools"),
    Benchmark(
        "large_pool",
        "large_pool.py 50",
        "large_pool.py 0.02",
        "The dashboard opens a pool of 50 million candidates",
        "2 s",
    ),
    Benchmark(
        "scale",
        "scale.py {collections}",
        "scale.py {collections} --small",
        "The same job on several workers, and what a lost one costs",
    ),
    Benchmark("schedule", "schedule.py", "schedule.py --small", "Simulated schedule of a job on 1 to 64 workers"),
)


def run(which: Sequence[Benchmark], folders: str, keep: Path, small: bool) -> list[str]:
    """Run scripts; gives one line for each that did not come to its end."""
    failed = []
    for each in which:
        script = HERE / (each.small if small else each.command).split()[0]
        if not script.is_file():
            failed.append(f"{each.name}: there is no {script.name}")
            continue
        if each.needs and recorded(each.needs) is None:
            failed.append(f"{each.name}: needs what {each.needs} leaves; run that first")
            continue
        words = (each.small if small else each.command).format(collections=folders, keep=shlex.quote(str(keep)))
        print(f"\n== {each.name}: {each.claim}\n   {words}", flush=True)
        start, began = time.monotonic(), time.time()
        done = subprocess.run([sys.executable, *_script_first(words)], check=False, cwd=HERE.parent)
        print(f"   {time.monotonic() - start:,.0f} s", flush=True)
        if done.returncode:
            failed.append(f"{each.name}: ended with {done.returncode}")
        elif not _recorded_since(each.name, began):
            failed.append(f"{each.name}: ran, but recorded nothing")
    return failed


def _recorded_since(name: str, moment: float) -> bool:
    path = results_folder() / f"{name}.json"
    return path.is_file() and path.stat().st_mtime >= moment - 1


def _script_first(words: str) -> list[str]:
    script, *arguments = shlex.split(words)
    return [str(HERE / script), *arguments]


def table() -> str:
    """What is on record, as Markdown: a line a row, in the order of the list."""
    lines = [
        "| what | median (lowest to highest) | limit | met |",
        "| :--- | ---: | ---: | :--- |",
    ]
    machines = []
    for each in LIST:
        found = recorded(each.name)
        if found is None:
            continue
        machines.append(found["machine"])
        lines.append(f"| **{each.claim}** (`{each.command.split()[0]}`) | | {each.limit} | |")
        lines += [_line(row) for row in found["rows"] if "median" in row]
    return "\n".join([*_measured_on(machines), "", *lines]) + "\n"


def _line(row: dict[str, Any]) -> str:
    digits = 0 if abs(row["median"]) >= 100 else 1 if abs(row["median"]) >= 10 else 2
    figure = f"{told(row, digits)} {row.get('unit', '')}".strip()
    met = {True: "yes", False: "no"}.get(row.get("met"), "")
    return f"| {row['what']} | {figure} | {row.get('limit', '')} | {met} |"


def _measured_on(machines: Sequence[dict[str, Any]]) -> list[str]:
    """One line a kind of machine; usually one."""
    kinds = {}
    for machine in machines:
        packages = ", ".join(f"{name} {version}" for name, version in machine["packages"].items())
        place = f"{machine['processor']}, {machine['cores']} cores, {machine['system']}, Python {machine['python']}"
        kinds.setdefault(f"{place}; {packages}.", []).append(machine["date"])
    return [f"Measured {min(days)} to {max(days)} on: {kind}" for kind, days in kinds.items()] or [
        "Nothing is on record."
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("collections", nargs="?", type=Path, help="Folder that holds the BEIR folders.")
    parser.add_argument("--small", action="store_true", help="A trial of every script; nothing is recorded.")
    parser.add_argument("--only", nargs="+", choices=[each.name for each in LIST], help="Benchmarks to run.")
    parser.add_argument("--keep", type=Path, help="Folder of what one script leaves for the next.")
    parser.add_argument("--table", action="store_true", help="Write the table of what is on record; run nothing.")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="negviz-all-") as place:
        if given.small:
            os.environ["NEGVIZ_RESULTS"] = str(Path(place) / "results")
        failed = [] if given.table else _run_all(given, Path(place))
        made = table()
        target = results_folder() / "table.md"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(made, encoding="utf-8")
    print(f"\n{made}")
    if failed:
        raise SystemExit("\n".join(["Not measured:", *failed]))


def _run_all(given: argparse.Namespace, place: Path) -> list[str]:
    if given.collections is None:
        raise SystemExit("Name the folder that holds the BEIR folders, or give --table.")
    folders = [given.collections / name for name in COLLECTIONS]
    missing = [folder.name for folder in folders if not folder.is_dir()]
    if missing:
        raise SystemExit(f"{given.collections} has no {', '.join(missing)}.")
    which = [each for each in LIST if not given.only or each.name in given.only]
    keep = (given.keep or place / "keep").resolve()
    return run(which, shlex.join(map(str, folders)), keep, given.small)


if __name__ == "__main__":
    main()
