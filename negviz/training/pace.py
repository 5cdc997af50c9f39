"""Pace: roughly how long a training will take, by what the last one of the same student took here."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from negviz.training.plan import Arm
from negviz.training.process import Training
from negviz.training.report import Outcome

# What it takes to start the process and to read the pool, in seconds.
START = 5.0


@dataclass(frozen=True)
class Pace:
    """Seconds of a round's parts.

    Attributes:
        pair: Of learning from a pair once.
        query: Of mining and measuring, for a query of the pool.
    """

    pair: float
    query: float

    def seconds(self, arms: Sequence[Arm], seeds: int, queries: int, share: float) -> float:
        """How long some arms will take.

        Args:
            arms: What is trained.
            seeds: How often each.
            queries: Of the pool.
            share: Of them that only measure.
        """
        total = 0.0
        for arm in arms:
            for stage in arm.schedule.stages:
                learnt = stage.epochs * queries * (1.0 - share) * self.pair
                total += stage.rounds * (learnt + queries * self.query)
        return START + seeds * total


def last_pace(found: Iterable[Training], student: str) -> Pace | None:
    """Pace of the newest training of a student that has finished a round; None where there is none.

    Args:
        found: Trainings, the newest first.
        student: Name of the student.
    """
    for training in found:
        if training.plan.student.strategy == student:
            pace = _pace(Outcome(training.folder, training.plan))
            if pace is not None:
                return pace
    return None


def _pace(found: Outcome) -> Pace | None:
    queries = sum(found.split.get(name, 0) for name in ("train", "dev"))
    pairs = learning = beside = rounds = 0.0
    for arm, seed in found.plan.units:
        schedule = found.plan.arms[arm].schedule
        for number in range(1, found.rounds(arm, seed) + 1):
            about = found.about(arm, seed, number)
            pairs += about["pairs"] * schedule.stage(number - 1).epochs
            learning += about["seconds"]["training"]
            beside += about["seconds"]["mining"] + about["seconds"]["measuring"]
            rounds += 1
    if not rounds or not pairs or not queries:
        return None
    return Pace(learning / pairs, beside / rounds / queries)
