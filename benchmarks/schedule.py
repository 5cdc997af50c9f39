"""A mining job on a cluster, simulated: how long it takes, how busy the workers are, what is lost where some fail.

    .venv/bin/pip install -r benchmarks/requirements.txt                        # simpy
    .venv/bin/python benchmarks/schedule.py [--documents 10000000] [--queries 500000] [--seed 0]
    .venv/bin/python benchmarks/schedule.py --small
    .venv/bin/python benchmarks/schedule.py --write                             # puts two tables into docs/scale.md

The job is cut and run as ``negviz.jobs`` does: a stage begins when the one before is finished; a task belongs to one
worker (a core); a worker that fails loses its task, which goes back to the queue, and is replaced after a while. Where
nothing waits any more, a task that runs three times as long as the median of its stage is copied to an idle worker, and
whichever is first counts (``negviz.engines.ray``). Unit costs are those of units.json. A worker fails 0.02 times an
hour, and one of twenty takes five times as long as the others. Everything follows from the seeds; what befalls the
workers is drawn five times, and median (lowest to highest) are shown.

Where ``benchmarks/results/scale.json`` has rows with ``workers``, ``seconds``, ``documents`` and ``queries`` of a real
run (and ``depth``, ``shard``, ``block`` where they differ from the plan's), its makespans are held against simulated
ones: the run with the fewest workers sets the speed of the machine, the others are then predicted.
"""

import argparse
import math
import random
import statistics
from collections import deque
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import simpy
from results import record, recorded, spread, told
from scale_arithmetic import (
    BUSY,
    DEPTH,
    DIMS,
    DOCUMENT,
    ENCODED,
    HOUR,
    MEMORY,
    MOST_DOCUMENTS,
    QUERIES,
    RETRIEVERS,
    WORKERS,
    block_of,
    shard_of,
    units,
    with_tables,
)

CREWS = (1, 4, 16, 64)
DOCUMENTS = 10_000_000
ENCODE_BLOCKS = (256, 1024, 4096, 16_384, 65_536)
# As engines/ray.py has them.
SLOW, LEAST_SECONDS = 3.0, 5.0
# How much longer a slow worker takes.
SLOWNESS = 5.0
SEEDS = 5


class Stage(NamedTuple):
    """Tasks of one kind: seconds of each on a core of usual speed."""

    title: str
    seconds: list[float]


@dataclass(frozen=True)
class Work:
    """What is mined, and how it is cut."""

    documents: int
    queries: int = QUERIES
    depth: int = DEPTH
    shard: int = shard_of(MEMORY)
    span: int = MOST_DOCUMENTS
    block: int = block_of(MEMORY)
    encoded: int = ENCODED
    kind: str = "float32"

    def stages(self, machines: int) -> list[Stage]:
        """All stages; bytes count as seconds of the worker that moves them."""
        unit = units()
        per_worker = unit["bandwidth"] / WORKERS
        a_document, a_query = unit[f"encode_{self.kind}"] / 1e3, unit["encode_query"] / 1e3
        vectors, words = 4 * DIMS, unit["words_bytes"]

        def shards(a_document: float) -> list[float]:
            return [rows * a_document for rows in spans(self.documents, self.shard)]

        def searched(a_pair: float, together: int) -> list[float]:
            blocks = [rows * self.depth * 8 / per_worker for rows in spans(self.queries, self.block)]
            return [
                rows * queries * a_pair + writing
                for rows in spans(self.documents, together)
                for queries, writing in zip(spans(self.queries, self.block), blocks, strict=True)
            ]

        pieces = len(spans(self.documents, self.span)) + len(spans(self.documents, self.shard))
        lists = pieces * self.depth * 8 / per_worker
        finish = RETRIEVERS * self.depth * unit["candidate"] / 1e6 + lists
        flops = 2 * DIMS / (unit["search_rate"] * 1e9)
        # What every machine has to have before it searches; its workers wait for the one that fetches.
        copies = self.documents * (vectors + words + unit["text_bytes"]) / unit["bandwidth"]
        return [
            Stage("encoding queries", [rows * a_query for rows in spans(self.queries, self.encoded)]),
            Stage(
                "encoding documents",
                [rows * (a_document + vectors / per_worker) for rows in spans(self.documents, self.encoded)],
            ),
            Stage("gathering vectors", [2 * self.documents * vectors / unit["bandwidth"]]),
            Stage("counting words", shards(unit["index_words"] / 1e3)),
            Stage("indexing words", shards(unit["index_words"] / 1e3 + words / per_worker)),
            Stage("fetching copies", [copies] * machines),
            Stage("search by vectors", searched(flops, self.span)),
            Stage("search by words", searched(unit["search_words"] / 1e9, self.shard)),
            Stage("scoring", [rows * finish for rows in spans(self.queries, self.block)]),
        ]


def spans(total: int, each: int) -> list[int]:
    """Rows of each block."""
    return [min(each, total - start) for start in range(0, total, each)]


@dataclass(frozen=True)
class Crew:
    """Workers and what befalls them.

    Attributes:
        workers: Cores.
        failures: That a worker has in an hour.
        slow: Share of workers that take five times as long.
        copies: Whether slow tasks are copied.
        seed: Of everything that is drawn.
    """

    workers: int
    failures: float = 0.02
    slow: float = 0.05
    copies: bool = True
    seed: int = 0


@dataclass
class Run:
    """A simulated job; all in seconds.

    Attributes:
        makespan: From the start to the last task.
        useful: Work whose result counts, at the speed of whoever did it.
        lost: Work of tasks whose worker failed.
        copied: Work of copies that came second.
        failed: How many workers failed at work.
        stages: When each stage ended.
    """

    makespan: float = 0.0
    useful: float = 0.0
    lost: float = 0.0
    copied: float = 0.0
    failed: int = 0
    stages: dict[str, float] = field(default_factory=dict)


@dataclass
class Running:
    """Where a task runs, and since when."""

    since: float
    workers: list[int]


class Cluster:
    """Workers who take tasks of one stage after the other."""

    def __init__(self, crew: Crew, stages: Sequence[Stage]) -> None:
        self.crew, self.stages, self.run = crew, stages, Run()
        self.env = simpy.Environment()
        self.wake = self.env.event()
        self.over = False
        unit = units()
        self.start, self.overhead = unit["worker_start"], unit["task_overhead"]
        chance = random.Random(f"slow-{crew.seed}")
        slow = set(chance.sample(range(crew.workers), round(crew.slow * crew.workers)))
        self.pace = [SLOWNESS if number in slow else 1.0 for number in range(crew.workers)]
        self.chances = [random.Random(f"{crew.seed}-{number}") for number in range(crew.workers)]
        self.processes = [self.env.process(self._worker(number)) for number in range(crew.workers)]
        self._open(0)
        self.env.run()

    def _open(self, place: int) -> None:
        """Begin a stage, or end the job."""
        self.place = place
        self.over = place == len(self.stages)
        if not self.over:
            self.waiting = deque(range(len(self.stages[place].seconds)))
            self.running: dict[int, Running] = {}
            self.took: list[float] = []
            self.left = len(self.waiting)
            self.usual: float | None = None
        self._ring()

    def _ring(self) -> None:
        """Wake who is idle."""
        rung, self.wake = self.wake, self.env.event()
        rung.succeed()

    def _worker(self, number: int) -> Generator[Any, Any, None]:
        yield self.env.timeout(self.start)
        fails = self.env.now + self._luck(number)
        while not self.over:
            if self.env.now >= fails:
                yield self.env.timeout(self.start)
                fails = self.env.now + self._luck(number)
                continue
            task = self._pick(number)
            if task is None:
                yield self.env.any_of([self.wake, *self._until_copy()])
                continue
            began, stage = self.env.now, self.place
            length = self.overhead + self.stages[stage].seconds[task] * self.pace[number]
            try:
                yield self.env.timeout(min(length, fails - began))
            except simpy.Interrupt:
                self.run.copied += self.env.now - began
                continue
            if began + length > fails:
                self._fail(task, number, self.env.now - began)
            else:
                self._finish(task, number, self.env.now - began)

    def _luck(self, number: int) -> float:
        """Seconds until a worker fails."""
        return self.chances[number].expovariate(self.crew.failures / HOUR) if self.crew.failures else math.inf

    def _pick(self, number: int) -> int | None:
        """The next task that waits, or one to copy."""
        if self.waiting:
            task = self.waiting.popleft()
            self.running[task] = Running(self.env.now, [number])
            return task
        for task, one in self._slow():
            if self.env.now >= one.since + self._limit() and number not in one.workers:
                one.workers.append(number)
                return task
        return None

    def _slow(self) -> list[tuple[int, Running]]:
        """Tasks that could be copied, the longest running first."""
        if not self.crew.copies or not self.took:
            return []
        alone = [(task, one) for task, one in self.running.items() if len(one.workers) == 1]
        return sorted(alone, key=lambda each: (each[1].since, each[0]))

    def _limit(self) -> float:
        """Seconds after which a task is copied; while copies are made, few results come in."""
        if self.usual is None:
            self.usual = statistics.median(self.took)
        return max(SLOW * self.usual, LEAST_SECONDS)

    def _until_copy(self) -> list[Any]:
        """When the next task may be copied."""
        later = [one.since + self._limit() - self.env.now for _, one in self._slow()]
        ahead = [seconds for seconds in later if seconds > 0]
        return [self.env.timeout(min(ahead))] if ahead else []

    def _fail(self, task: int, number: int, seconds: float) -> None:
        self.run.lost += seconds
        self.run.failed += 1
        one = self.running[task]
        one.workers.remove(number)
        if not one.workers:
            del self.running[task]
            self.waiting.append(task)
            self._ring()

    def _finish(self, task: int, number: int, seconds: float) -> None:
        one = self.running.pop(task)
        for other in one.workers:
            if other != number:
                self.processes[other].interrupt()
        self.run.useful += seconds
        self.took.append(seconds)
        self.usual = None
        self.left -= 1
        self.run.makespan = self.env.now
        if not self.left:
            self.run.stages[self.stages[self.place].title] = self.env.now
            self._open(self.place + 1)
        elif not self.waiting:
            self._ring()


def simulated(work: Work, crew: Crew) -> Run:
    """A job on a crew."""
    return Cluster(crew, work.stages(math.ceil(crew.workers / WORKERS))).run


def crews_table(work: Work, crews: Sequence[int], seed: int) -> tuple[str, list[dict[str, Any]]]:
    """What becomes of a job with more workers, failures and slow machines."""
    lines = [
        "| workers | hours if nothing happens | times as fast | busy | hours with failures and slow workers | busy | "
        "failed | work lost | hours without copies |",
        "| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    rows, alone = [], 0.0
    for workers in crews:
        calm = simulated(work, Crew(workers, failures=0, slow=0))
        rough = [simulated(work, Crew(workers, seed=seed + more)) for more in range(SEEDS)]
        single = [simulated(work, Crew(workers, copies=False, seed=seed + more)) for more in range(SEEDS)]
        alone = alone or calm.makespan * workers
        lines.append(
            f"| {workers} | {calm.makespan / HOUR:,.2f} | {alone / calm.makespan:.1f} | {busy(calm, workers):.0%} | "
            f"{told(in_hours(rough))} | {statistics.median(busy(run, workers) for run in rough):.0%} | "
            f"{statistics.median(run.failed for run in rough):.0f} | {wasted(rough):.1%} | {told(in_hours(single))} |"
        )
        shared = {"documents": work.documents, "queries": work.queries, "workers": workers, "unit": "h"}
        rows.append({"what": f"simulated, {workers} workers, nothing happens", **in_hours([calm]), **shared})
        rows.append({"what": f"simulated, {workers} workers, failures and slow ones", **in_hours(rough), **shared})
    return "\n".join(lines), rows


def in_hours(runs: Sequence[Run]) -> dict[str, float]:
    """Spread of the makespans."""
    return spread([run.makespan / HOUR for run in runs])


def busy(run: Run, workers: int) -> float:
    """Share of the workers' time that did work which counts."""
    return run.useful / (run.makespan * workers)


def wasted(runs: Sequence[Run]) -> float:
    """Median share of all work that went to failures and to copies that came second."""
    return statistics.median((run.lost + run.copied) / (run.useful + run.lost + run.copied) for run in runs)


def blocks_table(work: Work, workers: int, sizes: Sequence[int], seed: int) -> str:
    """What the number of texts in a task does to encoding: small ones cost overhead, large ones wait for the last."""
    lines = [
        f"| texts a task, {workers} workers | tasks | hours of encoding | with failures and slow workers | work lost | "
        "without copies |",
        "| ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for size in sizes:
        stage = [each for each in replace(work, encoded=size).stages(1) if each.title == "encoding documents"]
        calm = Cluster(Crew(workers, failures=0, slow=0), stage).run
        rough = [Cluster(Crew(workers, seed=seed + more), stage).run for more in range(SEEDS)]
        single = [Cluster(Crew(workers, copies=False, seed=seed + more), stage).run for more in range(SEEDS)]
        lines.append(
            f"| {size:,} | {len(stage[0].seconds):,} | {calm.makespan / HOUR:,.2f} | {told(in_hours(rough))} | "
            f"{wasted(rough):.1%} | {told(in_hours(single))} |"
        )
    return "\n".join(lines)


def measured_table() -> str:
    """Real runs beside simulated ones; the run with the fewest workers sets the speed."""
    wanted = ("workers", "seconds", "documents", "queries")
    rows = [row for row in (recorded("scale") or {"rows": []})["rows"] if all(key in row for key in wanted)]
    if not rows:
        return "No measured run is on record (benchmarks/results/scale.json), so none is compared."
    lines = ["| workers | measured seconds | simulated seconds | ratio |", "| ---: | ---: | ---: | ---: |"]
    rows.sort(key=lambda row: row["workers"])
    pace = rows[0]["seconds"] / _simulated_like(rows[0])
    for row in rows:
        expected = _simulated_like(row) * pace
        lines.append(f"| {row['workers']} | {row['seconds']:.1f} | {expected:.1f} | {expected / row['seconds']:.2f} |")
    return "\n".join([f"The machine's pace, from the first row: {pace:.2f} times the unit costs.\n", *lines])


def _simulated_like(row: dict[str, Any]) -> float:
    """Seconds of a job like a measured one, workers that are there already."""
    cut = {key: int(row[key]) for key in ("queries", "depth", "shard", "span", "block", "encoded") if key in row}
    return simulated(
        Work(int(row["documents"]), kind="static", **cut), Crew(int(row["workers"]), failures=0, slow=0)
    ).makespan


def document_tables() -> dict[str, str]:
    """The tables of docs/scale.md that are simulated."""
    work = Work(DOCUMENTS)
    return {
        "crews": crews_table(work, CREWS, seed=0)[0],
        "blocks": blocks_table(work, CREWS[-1], ENCODE_BLOCKS, seed=0),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--documents", type=int, default=DOCUMENTS)
    parser.add_argument("--queries", type=int, default=QUERIES)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--small", action="store_true", help="A trial: 100,000 documents, 5,000 queries.")
    parser.add_argument("--write", action="store_true", help="Put the tables into docs/scale.md; nothing is recorded.")
    given = parser.parse_args()
    if given.write:
        DOCUMENT.write_text(with_tables(DOCUMENT.read_text("utf-8"), document_tables()), "utf-8")
        return
    documents, queries = (100_000, 5_000) if given.small else (given.documents, given.queries)
    work = Work(documents, queries)
    print(f"{documents:,} documents, {queries:,} queries, cut into {len(spans(documents, work.shard))} shards\n")
    made, rows = crews_table(work, CREWS, given.seed)
    print(made, "\n")
    sizes = [size for size in ENCODE_BLOCKS if size <= documents]
    for workers in CREWS[-2:]:
        print(blocks_table(work, workers, sizes, given.seed), "\n")
    print(measured_table(), "\n")
    record(
        "schedule", f"Simulated makespans; the arithmetic of docs/scale.md takes workers to be busy {BUSY:.0%}", rows
    )


if __name__ == "__main__":
    main()
