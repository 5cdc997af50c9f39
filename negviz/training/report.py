"""Report: what a training has found so far, in numbers and in sentences."""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from negviz.arrays import Floats
from negviz.intervals import wilson
from negviz.recipe import Recipe
from negviz.select import resolved_knobs
from negviz.training.evaluation import METRICS
from negviz.training.paired import Difference, adjusted, difference, estimate
from negviz.training.plan import Arm, Plan, read_plan
from negviz.training.running import SPLIT, finished_rounds, unit_folder
from negviz.training.students import STUDENTS
from negviz.writing import MANIFEST

MAIN = METRICS[0]


@dataclass(frozen=True, eq=False)
class Outcome:
    """What lies in the folder of a training.

    Attributes:
        folder: Of the training.
        plan: What was to be done.
    """

    folder: Path
    plan: Plan

    @cached_property
    def split(self) -> dict[str, Any]:
        """Who was trained on and who measured; empty before it began."""
        path = self.folder / SPLIT
        if not path.is_file():
            return {}
        with np.load(path, allow_pickle=False) as kept:
            return {
                "train": len(kept["train"]), "dev": len(kept["dev"]), "left_out": int(kept["left_out"]),
                "how": str(kept["how"]),
            }  # fmt: skip

    def unit(self, arm: int, seed: int) -> Path:
        """Folder of one arm with one seed."""
        return unit_folder(self.folder, arm, seed)

    def rounds(self, arm: int, seed: int) -> int:
        """Rounds that are finished."""
        return finished_rounds(self.unit(arm, seed))

    @cached_property
    def done(self) -> int:
        """Rounds that are finished, of all."""
        return sum(self.rounds(arm, seed) for arm, seed in self.plan.units)

    def seeds(self, arm: int) -> list[int]:
        """Seeds of which an arm is finished."""
        wanted = self.plan.arms[arm].schedule.rounds
        return [seed for seed in self.plan.seeds if self.rounds(arm, seed) >= wanted]

    def values(self, arm: int, seeds: Sequence[int], number: int | None = None) -> Floats:
        """(metrics, seeds, queries) after a round; the last one where none is named, 0 before training."""
        last = self.plan.arms[arm].schedule.rounds if number is None else number
        name = f"{last:03d}" if last else "before"
        return np.stack(
            [np.load(self.unit(arm, seed) / name / "metrics.npy", allow_pickle=False) for seed in seeds], axis=1
        )

    def about(self, arm: int, seed: int, number: int) -> dict[str, Any]:
        """What was noted of a round; 0 is before training."""
        name = f"{number:03d}" if number else "before"
        return dict(json.loads((self.unit(arm, seed) / name / MANIFEST).read_text("utf-8")))


def outcome(folder: Path) -> Outcome:
    """What a folder holds.

    Raises:
        DataError: If it is no training.
    """
    return Outcome(Path(folder), read_plan(folder)[0])


def report(folder: Path) -> dict[str, Any]:
    """What a training has found so far, as scripts and the page read it.

    Raises:
        DataError: If the folder is no training.
    """
    found = outcome(folder)
    plan = found.plan
    arms = [_arm(found, number) for number in range(len(plan.arms))]
    _compare(found, arms)
    return {
        "title": plan.title,
        "kind": plan.kind,
        "folder": str(folder),
        "pool": plan.pool,
        "student": {"name": plan.student.strategy, "knobs": resolved_knobs(STUDENTS, plan.student)},
        "queries": found.split,
        "seeds": list(plan.seeds),
        "rounds": plan.rounds,
        "rounds_done": found.done,
        "finished": found.done >= plan.rounds,
        "metrics": list(METRICS),
        "knob": plan.knob,
        "before": _before(found),
        "arms": arms,
        "sentences": sentences(arms, found.split),
    }


def _before(found: Outcome) -> dict[str, Any] | None:
    """The student before it learnt anything."""
    for arm, seed in found.plan.units:
        if (found.unit(arm, seed) / "before" / MANIFEST).is_file():
            return _estimates(found.values(arm, [seed], 0))
    return None


def _estimates(values: Floats) -> dict[str, Any]:
    """Mean with its interval over queries, and the spread between seeds, of each metric."""
    rows = {}
    for name, of_seed in zip(METRICS, values, strict=True):
        spread = float(of_seed.mean(axis=1).std(ddof=1)) if len(of_seed) > 1 else None
        rows[name] = {**_plain(asdict(estimate(of_seed))), "spread_of_seeds": spread}
    return rows


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """NaN is nothing in JSON."""
    return {name: None if isinstance(value, float) and math.isnan(value) else value for name, value in row.items()}


def _arm(found: Outcome, number: int) -> dict[str, Any]:
    arm, seeds = found.plan.arms[number], found.seeds(number)
    first = found.plan.seeds[0]
    rounds = [_round(found, number, each) for each in range(found.rounds(number, first) + 1)]
    row: dict[str, Any] = {
        "name": arm.name, "schedule": arm.schedule.name, "recipe": _recipe(arm), "cleaned": arm.cleaned,
        "promote": arm.promote, "value": arm.value, "seeds_done": len(seeds),
        "rounds": [each for each in rounds if each], "final": None, "against_before": None, "against_first": None,
        **_negatives(found, number, first),
    }  # fmt: skip
    if seeds:
        values, start = found.values(number, seeds), found.values(number, seeds, 0)
        row["final"] = _estimates(values)
        row["against_before"] = _differences(values, start)
        row["seconds"] = sum(_seconds(found, number, seed) for seed in seeds) / len(seeds)
    return row


def _recipe(arm: Arm) -> str:
    names = [stage.recipe.name if stage.recipe else "selection" for stage in arm.schedule.stages]
    return ", ".join(dict.fromkeys(names))


def _round(found: Outcome, arm: int, number: int) -> dict[str, Any] | None:
    """A round of the first seed in numbers, with the metrics' means over the seeds that have come so far."""
    seeds = [seed for seed in found.plan.seeds if found.rounds(arm, seed) >= max(number, 1)]
    if number == 0 and not seeds:
        seeds = [seed for seed in found.plan.seeds if (found.unit(arm, seed) / "before" / MANIFEST).is_file()]
    if not seeds or not (found.unit(arm, found.plan.seeds[0]) / "before" / MANIFEST).is_file():
        return None
    about = found.about(arm, found.plan.seeds[0], number)
    means = found.values(arm, seeds, number).mean(axis=(1, 2)).tolist()
    told = {name: value for name, value in about.items() if name not in {"negviz", "preferred"}}
    return {"round": number, **told, "metrics": dict(zip(METRICS, means, strict=True)), "seeds": len(seeds)}


def _negatives(found: Outcome, arm: int, seed: int) -> dict[str, Any]:
    """What the first round's negatives were, of the first seed: how many, how hard, how many false."""
    if found.rounds(arm, seed) < 1:
        return {"negatives": None, "hardness": None, "false": None, "judged": None, "false_rate": None}
    about = found.about(arm, seed, 1)
    judged, false = about["judged"], about["false"]
    interval = wilson(false / judged, judged, 0.95) if judged else (None, None)
    return {
        "negatives": about["negatives"], "pairs": about["pairs"], "hardness": about["hardness"], "false": false,
        "judged": judged, "false_rate": false / judged if judged else None, "false_low": interval[0],
        "false_high": interval[1],
    }  # fmt: skip


def _seconds(found: Outcome, arm: int, seed: int) -> float:
    rounds = range(1, found.plan.arms[arm].schedule.rounds + 1)
    return float(sum(sum(found.about(arm, seed, number)["seconds"].values()) for number in rounds))


def _differences(one: Floats, other: Floats) -> dict[str, Any]:
    return {
        name: _plain(asdict(difference(mine, theirs)))
        for name, mine, theirs in zip(METRICS, one, other, strict=True)
    }  # fmt: skip


def _compare(found: Outcome, arms: list[dict[str, Any]]) -> None:
    """Every arm with the first one, over the seeds that both have finished; p adjusted over the arms."""
    pairs = []
    for number, arm in enumerate(arms[1:], start=1):
        seeds = [seed for seed in found.seeds(number) if seed in found.seeds(0)]
        if seeds:
            arm["against_first"] = _differences(found.values(number, seeds), found.values(0, seeds))
            pairs.append(arm["against_first"])
    for metric in METRICS:
        for row, value in zip(pairs, adjusted([row[metric]["p"] for row in pairs]), strict=True):
            row[metric]["p_adjusted"] = value


def sentences(arms: list[dict[str, Any]], split: dict[str, Any]) -> list[str]:
    """What was found, in words: each arm against its own beginning, and against the first arm.

    Args:
        arms: As of ``report``.
        split: Its ``queries``.
    """
    told = []
    for arm in arms:
        if arm["against_before"]:
            told.append(
                _sentence(f"'{arm['name']}'", "the student before training", arm["against_before"][MAIN], split)
            )
    for arm in arms[1:]:
        if arm["against_first"]:
            told.append(_sentence(f"'{arm['name']}'", f"'{arms[0]['name']}'", arm["against_first"][MAIN], split))
    return told


def _sentence(one: str, other: str, found: dict[str, Any], split: dict[str, Any]) -> str:
    gap = Difference(*(found[name] if found[name] is not None else math.nan for name in ("mean", "low", "high", "p")))
    over = f"95% interval {gap.low:+.3f} to {gap.high:+.3f}, {split.get('dev', 0):,} queries"
    if not gap.found:
        return f"No difference in {MAIN} was found between {one} and {other}: {gap.mean:+.3f} ({over})."
    word = "above" if gap.mean > 0 else "below"
    return f"{one} is {abs(gap.mean):.3f} {MAIN} {word} {other} ({over})."


def sweep_share(folder: Path) -> dict[str, Any] | None:
    """What a finished sweep measured, over the values of its knob: mean and interval of the main metric.

    Returns:
        ``knob``, ``values``, ``mean``, ``low``, ``high`` (lists in order of value), None where nothing is finished or
        it is no sweep.
    """
    found = report(folder)
    rows = sorted(
        (arm["value"], arm["final"][MAIN]) for arm in found["arms"] if arm["final"] and arm["value"] is not None
    )
    if found["kind"] != "sweep" or not rows:
        return None
    return {
        "knob": found["knob"], "values": [value for value, _ in rows],
        **{name: [each[name] for _, each in rows] for name in ("mean", "low", "high")},
    }  # fmt: skip


def recipe_of_sweep(plan: Plan) -> Recipe | None:
    """The recipe that a sweep turned a knob of, as its first arm has it."""
    return plan.arms[0].schedule.stages[0].recipe
