"""How far a training is, from its journal; and how long another will take."""

from pathlib import Path

import pytest

from negviz.training.pace import START, Pace, last_pace
from negviz.training.plan import Arm, Plan
from negviz.training.planning import fitting_threads
from negviz.training.progress import Progress
from negviz.training.schedule import find_schedule
from tests.training.worlds import ADAPTER, TOP


def plan(rounds: int = 2, seeds: tuple[int, ...] = (0, 4)) -> Plan:
    schedule = find_schedule("fixed").with_settings(rounds=rounds, epochs=3).filled(TOP)
    return Plan("t", "train", "pool", "f", ADAPTER, (Arm("one", schedule), Arm("two", schedule)), seeds=seeds)


def step(number: int, doing: str, done: int, total: int, loss: float | None = None):
    return {"kind": "step", "arm": 0, "seed": 0, "round": number, "doing": doing, "done": done, "total": total,
            "loss": loss}  # fmt: skip


def finished(number: int, value: float, arm: int = 0, seed: int = 0):
    metrics = {"nDCG@10": value, "MRR@10": value, "Recall@100": value}
    return {"kind": "round", "arm": arm, "seed": seed, "round": number, "loss": 0.1, "metrics": metrics}


def test_nothing_told_yet_is_the_start():
    progress = Progress(plan())
    assert (progress.done, progress.share, progress.arm) == (0, 0.0, "")
    assert progress.words.startswith("Starting")


def test_half_of_a_round_of_eight_is_a_sixteenth():
    progress = Progress(plan())
    progress.add([finished(0, 0.5), step(1, "mining", 0, 1), step(1, "training", 10, 20, 0.25)])
    assert progress.done == 0
    assert progress.share == pytest.approx((0.05 + 0.85 / 2) / 8)
    assert progress.arm == "one"
    assert progress.words == "Set 1 of 2, seed 1 of 2, round 1 of 2, learning, step 10 of 20, loss 0.250"


def test_a_round_that_is_told_twice_counts_once():
    progress = Progress(plan())
    progress.add([finished(0, 0.5), step(1, "training", 20, 20, 0.3), finished(1, 0.6)])
    assert (progress.done, progress.share) == (1, 1 / 8)
    progress.add([step(2, "training", 5, 20, 0.2), step(2, "training", 5, 20, 0.4), finished(1, 0.6)])
    assert progress.done == 1
    assert progress.losses[0, 0] == {1.0: 0.3, 1.25: 0.4}


def test_a_curve_is_the_mean_of_the_seeds_that_have_come():
    progress = Progress(plan())
    progress.add(
        [finished(0, 0.5), finished(1, 0.6), finished(0, 0.7, seed=4), finished(2, 0.8), finished(0, 0.1, arm=1)]
    )
    assert progress.curve(0) == [(0, pytest.approx(0.6)), (1, 0.6), (2, 0.8)]
    assert progress.curve(1) == [(0, 0.1)]


def test_seconds_grow_with_rounds_passes_and_seeds():
    pace = Pace(pair=0.01, query=0.02)
    # Two arms of two rounds: each round 3 passes over 50 pairs, and 100 queries mined and measured.
    assert pace.seconds(plan().arms, 2, 100, 0.5) == pytest.approx(START + 2 * 2 * 2 * (3 * 50 * 0.01 + 100 * 0.02))


def test_no_training_no_pace():
    assert last_pace([], "adapter") is None


def test_the_pace_is_that_of_the_same_student(tmp_path: Path):
    from negviz.training.process import Training

    empty = Training(tmp_path, plan(), "done", "", 0.0, None)
    assert last_pace([empty], "adapter") is None
    assert last_pace([empty], "static") is None


def test_time_left_is_told_by_the_last_rounds_and_not_by_a_pause():
    progress = Progress(plan())
    progress.add([finished(0, 0.5) | {"time": 100.0}, finished(1, 0.5) | {"time": 104.0}])
    assert progress.seconds_left is None, "one round is no pace"
    progress.add([finished(2, 0.5) | {"time": 108.0}, finished(0, 0.5, arm=1) | {"time": 5000.0}])
    progress.add([finished(1, 0.5, arm=1) | {"time": 5004.0}])
    assert progress.paces == [4.0, 4.0, 4.0]
    assert progress.seconds_left == pytest.approx(5 * 4.0)


def test_a_small_adapter_gets_one_thread_and_what_is_large_gets_all():
    assert fitting_threads("adapter", 176, 1_000) == 1
    assert fitting_threads("adapter", 10_000, 10_000) == 0
    assert fitting_threads("static", 176, 1_000) == 0
