"""Estimate of a job before it starts: blocks, memory, disk, time and cost, from its plan and measured unit costs."""

import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from negviz.arrays import text_keys
from negviz.budget import shown
from negviz.dataset import Dataset
from negviz.encode import open_encoder
from negviz.jobs.plan import PER_DOCUMENT, SHARE, Plan

# Seconds of one core, measured on a 2.5 GHz server processor (benchmarks/scale.py prints them anew).
PER_FLOP = 1 / 9e10
PER_WORD = 1.2e-6
PER_QUERY_WORD_DOCUMENT = 8e-9
PER_CODED_DOCUMENT = 4e-5
PER_SCORED_CANDIDATE = 9e-6
# A candidate that the quick search by vectors brings, scored again exactly; 32 more come than are asked for.
PER_LISTED, SPARE = 1.3e-6, 32
PER_TASK = 0.05
BYTES_PER_LISTED = 8
BYTES_PER_WORD = 12
TRIED_TEXTS = 64


class Row(NamedTuple):
    """What a kind of block takes.

    Attributes:
        stage: For people.
        blocks: How many.
        seconds: Of one core, all blocks together.
        memory: Bytes of one block at work.
        disk: Bytes that stay in the place of the job.
        threaded: Whether a block takes all cores that its worker has.
    """

    stage: str
    blocks: int
    seconds: float
    memory: int
    disk: int
    threaded: bool = False


@dataclass(frozen=True)
class Estimate:
    """What a job will take.

    Attributes:
        rows: By kind of block, in the order of the work.
        workers: Blocks at once.
        threads: Cores of a worker.
        tried: Encoders whose speed was tried on texts of the data, with the texts a second on this machine.
        hourly: Price of one worker for one hour, None where none was named.
    """

    rows: tuple[Row, ...]
    workers: int
    threads: int = 1
    tried: dict[str, float] = field(default_factory=dict)
    hourly: float | None = None

    @property
    def hours(self) -> float:
        """Of the clock, where every core is as fast as one of this machine and all are busy."""
        return sum(row.seconds / self._at_once(row) for row in self.rows) / 3600

    def _at_once(self, row: Row) -> int:
        return min(self.workers, max(row.blocks, 1)) * (self.threads if row.threaded else 1)

    def report(self) -> dict[str, Any]:
        """For scripts."""
        core_hours = sum(row.seconds for row in self.rows) / 3600
        return {
            "stages": [row._asdict() for row in self.rows],
            "workers": self.workers,
            "core_hours": round(core_hours, 4),
            "hours": round(self.hours, 4),
            "memory_per_worker": max(row.memory for row in self.rows),
            "disk": sum(row.disk for row in self.rows),
            "texts_per_second": {name: round(speed, 1) for name, speed in self.tried.items()},
            "cost": None if self.hourly is None else round(self.hours * self.workers * self.hourly, 2),
        }


def plan_lines(report: dict[str, Any]) -> list[str]:
    """An estimate's report for people."""
    lines = [f"{'stage':44} {'blocks':>8} {'core time':>10} {'memory':>10} {'disk':>10}"]
    lines += [
        f"{row['stage'][:44]:44} {row['blocks']:>8,} {duration(row['seconds']):>10} {shown(row['memory']):>10} "
        f"{shown(row['disk']):>10}"
        for row in report["stages"]
    ]
    workers, texts = report["workers"], report["texts_per_second"]
    lines += [
        f"workers: {workers:,}; estimated time: {duration(report['hours'] * 3600)}, if a core is as fast as one here",
        f"disk in all: {shown(report['disk'])}; most memory of a worker: {shown(report['memory_per_worker'])}, beyond "
        "what is mapped from disk",
        *(f"'{name}' encoded {speed:,.1f} texts a second here" for name, speed in texts.items()),
    ]
    if report["cost"] is not None:
        lines.append(f"estimated cost: {report['cost']:,.2f}, at the given price of a worker's hour")
    return lines


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def duration(seconds: float) -> str:
    """Seconds for people."""
    if seconds < 120:
        return f"{seconds:,.1f} s"
    return f"{seconds / 60:,.1f} min" if seconds < 7200 else f"{seconds / 3600:,.1f} h"


def estimate(
    dataset: Dataset, plan: Plan, *, workers: int, threads: int = 1, home: Path, hourly: float | None = None
) -> Estimate:
    """What a job will take; tries every encoder on a few texts of the data.

    Args:
        dataset: What is mined.
        plan: Its blocks.
        workers: Blocks at once.
        threads: Cores of a worker.
        home: Folder of caches, where converted models are kept.
        hourly: Price of one worker for one hour.
    """
    lengths = _mean_words(dataset)
    speeds = {name: _speed(dataset, name, plan, home) for name in plan.encoders}
    rows = [Row("comparing texts", len(plan.shards()), plan.documents * PER_CODED_DOCUMENT, plan.shard * 400,
                plan.documents * 40)]  # fmt: skip
    for name, (speed, dims) in speeds.items():
        texts = plan.documents + plan.queries
        blocks = len(plan.texts("documents")) + len(plan.texts("queries"))
        rows.append(Row(f"encoding with {name}", blocks, texts / speed * cores(), 600 * 2**20, texts * dims * 4,
                        threaded=True))  # fmt: skip
    if plan.by_words():
        words, shards = plan.documents * lengths, len(plan.shards())
        disk = int(words * BYTES_PER_WORD)
        rows.append(Row("indexing words", 2 * shards, words * PER_WORD, plan.shard * PER_DOCUMENT, disk))
    for layer in plan.layers():
        dims = speeds[plan.encoder_of(layer)][1] if layer != "bm25" else 0
        rows.append(_searching(plan, layer, dims))
    width = plan.order.depth * len(plan.order.retrievers)
    layers = len(plan.order.scorers) + len(plan.order.retrievers) + 2
    cells = plan.labelled * width
    rows.append(Row("scoring", len(plan.blocks()), cells * PER_SCORED_CANDIDATE, plan.block * width * 96,
                    cells * layers * 4))  # fmt: skip
    charged = tuple(row._replace(seconds=row.seconds + row.blocks * PER_TASK) for row in rows)
    return Estimate(charged, workers, threads, {name: speed for name, (speed, _) in speeds.items()}, hourly)


def _searching(plan: Plan, layer: str, dims: int) -> Row:
    pairs = plan.labelled * plan.documents
    parts = len(plan.parts_of(layer))
    seconds = pairs * (2 * dims * PER_FLOP if dims else PER_QUERY_WORD_DOCUMENT)
    if dims:
        seconds += plan.labelled * parts * (plan.order.depth + SPARE) * PER_LISTED
    lists, blocks = plan.labelled * plan.order.depth * parts, parts * len(plan.blocks())
    memory = plan.memory // SHARE if dims else plan.shard * 64
    return Row(f"retrieving: {layer}", blocks, seconds, memory, lists * BYTES_PER_LISTED, threaded=bool(dims))


def _sample(dataset: Dataset) -> list[str]:
    """A few documents by chance, the same ones every time."""
    order = text_keys(range(len(dataset.documents))).argsort()[:TRIED_TEXTS]
    return [dataset.contents[int(row)] for row in order]


def _mean_words(dataset: Dataset) -> float:
    texts = _sample(dataset)
    return sum(len(text.split()) for text in texts) / max(len(texts), 1)


def _speed(dataset: Dataset, name: str, plan: Plan, home: Path) -> tuple[float, int]:
    """Texts a second of an encoder on this machine, without the time that it takes to open it, and its dimensions."""
    precision = {"precision": plan.order.precision} if plan.order.precision else {}
    knobs: dict[str, Any] = dict(precision) if name == plan.order.encoder else {}
    encoder, texts = open_encoder(name, dataset, home=home, **knobs), _sample(dataset)
    encoder.encode_documents(texts[:2])
    start = time.perf_counter()
    encoder.encode_documents(texts)
    return len(texts) / max(time.perf_counter() - start, 1e-9), encoder.dims
