"""Progress: how far a training is, put together from the lines of its journal."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from negviz.training.evaluation import METRICS
from negviz.training.plan import Plan

DOING = {
    "mining": "looking for negatives", "training": "learning", "measuring": "measuring on the held-out queries",
}  # fmt: skip
# How much of a round each part of it is, as far as a bar is concerned.
PARTS = {"mining": (0.0, 0.05), "training": (0.05, 0.85), "measuring": (0.9, 0.1)}
Unit = tuple[int, int]
# Rounds whose pace tells how long the rest will take.
RECENT = 20


@dataclass
class Progress:
    """What a journal has told so far; lines that are told again after a resume count once.

    Attributes:
        plan: What is trained.
        offset: Where the next reading of the journal starts.
        latest: The last step that was told, None before the first.
        rounds: Metric by arm and seed, then by round; 0 is before training.
        losses: Loss of steps by arm and seed, then by place in the training, in rounds.
        paces: Seconds that each finished round took, in order.
        told: When the end of a round was told last, seconds since 1970; None before the first.
    """

    plan: Plan
    offset: int = 0
    latest: dict[str, Any] | None = None
    rounds: dict[Unit, dict[int, dict[str, float]]] = field(default_factory=dict)
    losses: dict[Unit, dict[float, float]] = field(default_factory=dict)
    paces: list[float] = field(default_factory=list)
    told: float | None = None

    def add(self, rows: Iterable[dict[str, Any]]) -> None:
        """Take further lines of the journal."""
        for row in rows:
            unit = int(row["arm"]), int(row["seed"])
            if row["kind"] == "round":
                self._pace(row)
                self.rounds.setdefault(unit, {})[int(row["round"])] = dict(row["metrics"])
            elif row["kind"] == "step":
                self.latest = row
                if row.get("loss") is not None:
                    place = row["round"] - 1 + row["done"] / max(row["total"], 1)
                    self.losses.setdefault(unit, {})[float(place)] = float(row["loss"])

    def _pace(self, row: dict[str, Any]) -> None:
        """Note how long a round took; one before training is none, but the next begins at its end."""
        ended = row.get("time")
        if ended is not None and self.told is not None and int(row["round"]) > 0:
            self.paces.append(float(ended) - self.told)
        self.told = ended

    @property
    def done(self) -> int:
        """Rounds that are finished, of all trainings."""
        return sum(sum(number > 0 for number in numbers) for numbers in self.rounds.values())

    @property
    def share(self) -> float:
        """Share of the work that is done, 0 to 1."""
        return min((self.done + self._within) / max(self.plan.rounds, 1), 1.0)

    @property
    def seconds_left(self) -> float | None:
        """How long the rest will take at the pace of the last rounds; None before two are finished.

        The median, so that the pause before a resume does not count.
        """
        if len(self.paces) < 2:
            return None
        return median(self.paces[-RECENT:]) * max(self.plan.rounds - self.done - self._within, 0.0)

    @property
    def _within(self) -> float:
        """How much of the round at hand is done; 0 where its end was told already."""
        row = self.latest
        if row is None or int(row["round"]) in self.rounds.get((int(row["arm"]), int(row["seed"])), {}):
            return 0.0
        start, size = PARTS.get(str(row["doing"]), (0.0, 0.0))
        return start + size * float(row["done"]) / max(float(row["total"]), 1.0)

    @property
    def arm(self) -> str:
        """Name of the arm that is trained now, empty before the first step."""
        return self.plan.arms[int(self.latest["arm"])].name if self.latest else ""

    @property
    def words(self) -> str:
        """What is being done, without any name."""
        row = self.latest
        if row is None:
            return "Starting: reading the pool and parting its queries"
        plan, arm = self.plan, self.plan.arms[int(row["arm"])]
        told = [f"Set {int(row['arm']) + 1} of {len(plan.arms)}"]
        if len(plan.seeds) > 1:
            told.append(f"seed {plan.seeds.index(int(row['seed'])) + 1} of {len(plan.seeds)}")
        told += [f"round {row['round']} of {arm.schedule.rounds}", DOING.get(str(row["doing"]), str(row["doing"]))]
        if row["doing"] == "training":
            told.append(f"step {row['done']:,} of {row['total']:,}")
            if row.get("loss") is not None:
                told.append(f"loss {row['loss']:.3f}")
        return ", ".join(told)

    def curve(self, arm: int, metric: str = METRICS[0]) -> list[tuple[int, float]]:
        """Rounds of an arm with the metric's mean over the seeds that have come so far."""
        found: dict[int, list[float]] = {}
        for (number, _), values in self.rounds.items():
            if number == arm:
                for each, metrics in values.items():
                    found.setdefault(each, []).append(metrics[metric])
        return [(number, sum(values) / len(values)) for number, values in sorted(found.items())]
