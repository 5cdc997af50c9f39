"""Report: what a training has found so far, in numbers and in sentences."""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from negviz.arrays import Floats, Ints
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
# Of p-values that are adjusted for the number of comparisons.
LEVEL = 0.05


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

    def ranks(self, arm: int, number: int) -> Ints | None:
        """(pairs,) rank of each positive that is trained on after a round of the first seed, 0 is best; None if gone.

        Args:
            arm: Number of the arm.
            number: Of the round; 0 is before training.
        """
        path = self.unit(arm, self.plan.seeds[0]) / (f"{number:03d}" if number else "before") / "ranks.npy"
        return np.load(path, allow_pickle=False) if path.is_file() else None

    def preferred(self, arm: int, number: int) -> list[dict[str, Any]]:
        """Candidates that the first seed's student has come to score above the positive by a round, see ``observing``.

        Args:
            arm: Number of the arm.
            number: Of the round, from 1.
        """
        return list(self.about(arm, self.plan.seeds[0], number).get("preferred", ()))

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
    of_seed = found.values(arm, seeds, number).mean(axis=2)
    means = dict(zip(METRICS, of_seed.mean(axis=1).tolist(), strict=True))
    spread = dict(zip(METRICS, of_seed.std(axis=1, ddof=1).tolist(), strict=True)) if len(seeds) > 1 else None
    told = {name: value for name, value in about.items() if name not in {"negviz", "preferred"}}
    return {"round": number, **told, "metrics": means, "spread_of_seeds": spread, "seeds": len(seeds)}


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


def summary(report: dict[str, Any]) -> list[str]:
    """What a comparison of many found, by p-values that are adjusted for their number.

    Args:
        report: See ``report``.
    """
    arms = report["arms"]
    compared = [arm for arm in arms[1:] if arm["against_first"]]
    if not compared:
        return []
    gaps = {arm["name"]: arm["against_first"][MAIN] for arm in compared}
    found = {name: gap["mean"] for name, gap in gaps.items() if gap["p_adjusted"] < LEVEL}
    told = []
    for word, sign in (("above", 1), ("below", -1)):
        names = sorted((name for name, gap in found.items() if sign * gap > 0), key=lambda name: -sign * found[name])
        if names:
            listed = ", ".join(f"'{name}' ({found[name]:+.3f})" for name in names)
            told.append(f"{word.capitalize()} '{arms[0]['name']}' in {MAIN}: {listed}.")
    rest = len(compared) - len(found)
    if rest:
        told.append(
            f"No difference in {MAIN} from '{arms[0]['name']}' was found for {rest:,} of {len(compared):,} after "
            f"adjusting for their number (p of {LEVEL:g} or more)."
        )
    return told


def _sentence(one: str, other: str, found: dict[str, Any], split: dict[str, Any]) -> str:
    gap = Difference(*(found[name] if found[name] is not None else math.nan for name in ("mean", "low", "high", "p")))
    over = f"95% interval {gap.low:+.3f} to {gap.high:+.3f}, {split.get('dev', 0):,} queries"
    adjusted_p = found.get("p_adjusted", gap.p)
    if gap.found and adjusted_p >= LEVEL:
        return (
            f"{one} and {other} differ by {gap.mean:+.3f} {MAIN} ({over}), but p is {adjusted_p:.3f}"
            f"{' after adjusting for the number of comparisons' if 'p_adjusted' in found else ''}: no difference found."
        )
    if not gap.found:
        return f"No difference in {MAIN} was found between {one} and {other}: {gap.mean:+.3f} ({over})."
    word = "above" if gap.mean > 0 else "below"
    return f"{one} is {abs(gap.mean):.3f} {MAIN} {word} {other} ({over})."


def table_rows(report: dict[str, Any]) -> list[dict[str, Any]]:
    """The arms of a report as rows of one table, the student before training first; nothing is None.

    Args:
        report: See ``report``.
    """
    rows = [_row({"name": "before training", "final": report["before"]}, report)] if report["before"] else []
    return [*rows, *(_row(arm, report) for arm in report["arms"])]


def _row(arm: dict[str, Any], report: dict[str, Any]) -> dict[str, Any]:
    final, against = arm["final"] or {}, arm.get("against_first") or {}
    row: dict[str, Any] = {"negatives of": arm["name"]}
    for name in report["metrics"]:
        for column, key in (("", "mean"), (" from", "low"), (" to", "high")):
            row[f"{name}{column}"] = final.get(name, {}).get(key)
    for column, key in (("difference", "mean"), ("difference from", "low"), ("difference to", "high"),
                        ("p", "p"), ("p adjusted", "p_adjusted")):  # fmt: skip
        row[column] = against.get(MAIN, {}).get(key)
    for column, key in (("false", "false_rate"), ("false from", "false_low"), ("false to", "false_high"),
                        ("judged", "judged"), ("hardness", "hardness"), ("negatives", "negatives"),
                        ("pairs", "pairs"), ("seconds", "seconds"), ("seeds", "seeds_done")):  # fmt: skip
        row[column] = arm.get(key)
    return row


def sweep_share(folder: Path, now: float | None = None) -> dict[str, Any] | None:
    """What a sweep has measured so far, over the values of its knob: mean and interval of the main metric.

    Args:
        folder: Of the training.
        now: Value of the knob at hand; the others are compared with the trained value that is nearest to it.

    Returns:
        ``knob``, ``values``, ``mean``, ``low``, ``high``, ``seeds`` (lists in order of value), ``before`` (mean of the
        student that has learnt nothing), ``queries`` that measured; with ``now`` also ``at`` (the value that the others
        are compared with) and ``differences`` from it (``mean``, ``low``, ``high``, ``p``, ``p_adjusted``; None for
        the value itself and where no seed is finished of both). None where nothing is finished or it is no sweep.
    """
    found = outcome(folder)
    arms = [number for number, arm in enumerate(found.plan.arms) if arm.value is not None and found.seeds(number)]
    if found.plan.kind != "sweep" or not arms:
        return None
    arms.sort(key=lambda number: _value(found, number))
    means = [estimate(found.values(number, found.seeds(number))[0]) for number in arms]
    return {
        "knob": found.plan.knob, "values": [_value(found, number) for number in arms],
        **{name: [_plain(asdict(each))[name] for each in means] for name in ("mean", "low", "high")},
        "seeds": [len(found.seeds(number)) for number in arms],
        "before": float(found.values(arms[0], found.seeds(arms[0])[:1], 0)[0].mean()),
        "queries": found.split.get("dev", 0),
        **({} if now is None else _against_nearest(found, arms, now)),
    }  # fmt: skip


def _value(found: Outcome, arm: int) -> float:
    value = found.plan.arms[arm].value
    return math.nan if value is None else value


def _against_nearest(found: Outcome, arms: Sequence[int], now: float) -> dict[str, Any]:
    """The main metric at every value against the one nearest to the value at hand, over the seeds that both have."""
    at = min(arms, key=lambda number: abs(_value(found, number) - now))
    rows: list[dict[str, Any] | None] = []
    for number in arms:
        seeds = [seed for seed in found.seeds(number) if seed in found.seeds(at)]
        compared = number != at and seeds
        gap = difference(found.values(number, seeds)[0], found.values(at, seeds)[0]) if compared else None
        rows.append(_plain(asdict(gap)) if gap else None)
    told = [row for row in rows if row]
    for row, value in zip(told, adjusted([row["p"] for row in told]), strict=True):
        row["p_adjusted"] = value
    return {"at": _value(found, at), "differences": rows}


def recipe_of_sweep(plan: Plan) -> Recipe | None:
    """The recipe that a sweep turned a knob of, as its first arm has it."""
    return plan.arms[0].schedule.stages[0].recipe
