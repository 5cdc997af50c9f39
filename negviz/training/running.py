"""Running: every arm with every seed, round by round; what is finished stays, whatever happens to the process."""

import json
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from negviz.arrays import Floats, Ints
from negviz.errors import CancelledError, DataError, MissingInputError
from negviz.home import home_folder
from negviz.select import resolved_knobs
from negviz.training.evaluation import METRICS, evaluate
from negviz.training.events import Journal
from negviz.training.lessons import Lessons
from negviz.training.mining import Miner, mined_anew
from negviz.training.observing import Observer, overlap, table
from negviz.training.plan import Arm, Material, read_material
from negviz.training.splitting import Split, split_queries
from negviz.training.students import STUDENTS, Start, Stopped, Student
from negviz.writing import MANIFEST, file_written_beside, written_beside

SPLIT = "split.npz"
MODEL = "model"
Told = Callable[[dict[str, Any]], None]


@dataclass(frozen=True, eq=False)
class Runner:
    """Runs a plan in its folder.

    Attributes:
        folder: Of the plan.
        material: The plan, and what it is run on.
        home: Folder of caches.
        stopped: Asked between steps whether to stop.
        told: Called with every line of the journal.
    """

    folder: Path
    material: Material
    home: Path
    stopped: Stopped
    told: Told | None = None

    def run(self) -> None:
        """Do what is not done yet.

        Raises:
            CancelledError: If ``stopped`` said so; what is finished is kept.
            NegvizError: If an arm cannot run.
        """
        self._check_judged()
        self._keep_split()
        for arm, seed in self.material.plan.units:
            unit = Unit(self, arm, seed)
            unit.sweep()
            if not unit.finished:
                with readable_faults(self.folder):
                    unit.run()

    @cached_property
    def split(self) -> Split:
        """Who is trained on and who measures."""
        plan = self.material.plan
        return split_queries(self.material.pool, self.material.truth, share=plan.share, seed=plan.split_seed)

    @cached_property
    def observer(self) -> Observer:
        """Who looks on."""
        return Observer(self.material.pool, self.split, self.material.truth, self.material.labels)

    @cached_property
    def journal(self) -> Journal:
        """Where it is told how far the work is."""
        return Journal(self.folder, self.told)

    @cached_property
    def device(self) -> str:
        """Where to train."""
        import torch

        named = self.material.plan.device
        if named == "auto":
            return "cuda" if torch.cuda.is_available() else "cpu"
        try:
            torch.zeros(1, device=named)
        except (RuntimeError, AssertionError) as error:
            reason = str(error).splitlines()[0]
            raise MissingInputError(f"Training was to run on '{named}', which is not there ({reason}).") from None
        return named

    def student(self, seed: int) -> Student:
        """A student that has learnt nothing yet."""
        pool, step = self.material.pool, self.material.plan.student
        encoder = pool.embeddings.encoder if pool.embeddings else ""
        start = Start(pool.dataset, pool.embeddings, encoder, seed, self.home, self.device)
        made: Student = STUDENTS.get(step.strategy).function(start=start, **resolved_knobs(STUDENTS, step))
        return made

    def _check_judged(self) -> None:
        """Refuse an oracle that knows nothing of the queries that it is trained on: it would be the arm without one."""
        arms = [arm.name for arm in self.material.plan.arms if arm.cleaned == "judgments"]
        truth, pool = self.material.truth, self.material.pool
        if arms and truth and not np.isin(pool.queries[self.split.train], truth.judgments.queries).any():
            raise DataError(
                f"'{arms[0]}' is cleaned by the judgments, but all {len(self.split.dev):,} queries with an answer in "
                "them are kept to measure with, and none that is trained on is judged; give a smaller --share, or "
                "judgments of more queries."
            )

    def _keep_split(self) -> None:
        """Write who measures, and refuse to go on where the same plan would now part the queries in another way."""
        split, path = self.split, self.folder / SPLIT
        if path.is_file():
            try:
                with np.load(path, allow_pickle=False) as kept:
                    same = str(kept["fingerprint"]) == split.fingerprint
            except (OSError, EOFError, ValueError, KeyError, BadZipFile):
                raise DataError(f"{path} is damaged, so the training cannot go on; start a new one.") from None
            if not same:
                raise DataError(
                    f"The training in {self.folder} was begun with other held-out queries than the same settings give "
                    "now, so it cannot go on; start a new one."
                )
            return
        with file_written_beside(path) as beside:
            np.savez(
                beside, fingerprint=split.fingerprint, train=split.train, dev=split.dev, left_out=split.left_out,
                how=split.how, relevant_from=split.relevant_from,
            )  # fmt: skip


class Unit:
    """One arm with one seed."""

    def __init__(self, runner: Runner, number: int, seed: int) -> None:
        """Find its folder.

        Args:
            runner: Who runs the plan.
            number: Of the arm.
            seed: Seed of the training.
        """
        self._runner, self._number, self._seed = runner, number, seed
        self._folder = unit_folder(runner.folder, number, seed)
        self._arm: Arm = runner.material.plan.arms[number]

    @property
    def finished(self) -> bool:
        """Whether every round is there."""
        return finished_rounds(self._folder) >= self._arm.schedule.rounds

    @property
    def _keeps_all(self) -> bool:
        plan = self._runner.material.plan
        return plan.keep and self._seed == plan.seeds[0]

    @cached_property
    def _miner(self) -> Miner:
        return Miner(self._runner.material, self._arm, self._runner.split, self._seed)

    def run(self) -> None:
        """Go on from the last finished round."""
        student = self._runner.student(self._seed)
        if any(stage.mined == "step" for stage in self._arm.schedule.stages) and not student.searches:
            raise MissingInputError(
                f"'{self._arm.name}' searches the whole index anew at every step, which only the student 'adapter' "
                "can: the others move the documents, too; choose it, or a schedule that is mined every round."
            )
        done = finished_rounds(self._folder)
        if done == 0 and not (self._folder / "before" / MANIFEST).is_file():
            self._write("before", student, {}, {"loss": None})
        elif done:
            student.restore(self._round(done) / MODEL)
        for number in range(done, self._arm.schedule.rounds):
            self._run_round(number, student)

    def sweep(self) -> None:
        """Remove models that are not kept any more, and what a process that was killed left half written."""
        left = [*self._folder.glob(".*")]
        if not self._keeps_all:
            left += [self._round(older) / MODEL for older in range(1, finished_rounds(self._folder))]
        if self.finished:
            left.append(self._folder / "work")
        for path in filter(Path.exists, left):
            shutil.rmtree(path, ignore_errors=True)

    def _run_round(self, number: int, student: Student) -> None:
        """One round: mine, learn, measure. Rounds are counted from 0 here and from 1 in names of folders."""
        clock = _Clock()
        stage = self._arm.schedule.stage(number)
        before = student.embeddings()
        self._tell(number, "mining", 0, 1)
        pool = self._runner.material.pool
        if stage.mined == "newest":
            pool = mined_anew(pool, before, self._runner.home, self._runner.stopped)
        lessons = self._miner.lessons(stage, self._miner.training_set(stage, pool), number)
        mined = lessons.negatives
        lessons = self._lagging(lessons, number, stage.lag).usable
        if not len(lessons):
            raise DataError(
                f"'{self._arm.name}' leaves no pair to learn from: no query that is trained on has a negative; loosen "
                "the recipe, or train with documents of other lines as negatives (in_batch)."
            )
        about = self._runner.observer.negatives(lessons, before)
        clock.lap("mining")
        losses: list[float] = []

        def told(done: int, total: int, loss: float) -> None:
            losses.append(loss)
            self._tell(number, "training", done, total, loss)

        # Of this round alone: what a killed process left of the round before must not be gone on from.
        work = self._folder / "work" / f"{number + 1:03d}"
        work.mkdir(parents=True, exist_ok=True)
        student.learn(lessons, told, self._runner.stopped, work)
        clock.lap("training")
        self._tell(number, "measuring", 0, 1)
        about["pairs"], about["left_out"], about["loss"] = len(lessons), student.left_out, _last(losses)
        about["overlap_before"] = self._overlap(number, lessons)
        about["overlap_first"] = self._overlap(1, lessons) if number else None
        self._write(f"{number + 1:03d}", student, mined, about, lessons, clock)
        shutil.rmtree(work.parent, ignore_errors=True)
        self.sweep()

    def _write(
        self, name: str, student: Student, mined: dict[int, Ints] | Any, about: dict[str, Any],
        lessons: Lessons | None = None, clock: "_Clock | None" = None,
    ) -> None:  # fmt: skip
        """Measure the student as it is and put everything that the round leaves in place at once."""
        runner, embeddings = self._runner, student.embeddings()
        values = evaluate(runner.material.pool.dataset, embeddings, runner.split)
        if clock:
            clock.lap("measuring")
            about["seconds"] = clock.laps
        with written_beside(self._folder / name) as beside:
            np.save(beside / "metrics.npy", values)
            if self._keeps_all:
                self._observe(beside, embeddings, about, lessons)
            if lessons is not None:
                _save_negatives(beside / "mined.npz", mined)
                _save_negatives(beside / "negatives.npz", lessons.negatives)
                (beside / MODEL).mkdir()
                student.save(beside / MODEL)
            (beside / MANIFEST).write_text(json.dumps({"negviz": "round", **about}, ensure_ascii=False), "utf-8")
        means = dict(zip(METRICS, values.mean(axis=1).tolist(), strict=True))
        runner.journal.round(self._number, self._seed, 0 if name == "before" else int(name), about["loss"], means)

    def _observe(self, beside: Path, embeddings: Any, about: dict[str, Any], lessons: Lessons | None) -> None:
        observer = self._runner.observer
        np.save(beside / "ranks.npy", observer.ranks(embeddings))
        gaps = observer.gaps(embeddings)
        if lessons is None:
            np.save(beside / "gaps.npy", gaps.astype(np.float32))
            return
        first = np.load(self._folder / "before" / "gaps.npy", allow_pickle=False).astype(np.float64)
        about["preferred"] = observer.preferred(first, gaps.astype(np.float32).astype(np.float64))
        about["still_near"] = observer.still_near(lessons.negatives, embeddings)

    def _lagging(self, lessons: Lessons, number: int, lag: int) -> Lessons:
        """The lessons with the negatives that were mined some rounds ago, in this stage."""
        source = max(number - lag, self._arm.schedule.started(number))
        if source == number:
            return lessons
        return replace(lessons, negatives=read_negatives(self._round(source + 1) / "mined.npz"))

    def _overlap(self, number: int, lessons: Lessons) -> float | None:
        path = self._round(number) / "negatives.npz"
        return overlap(read_negatives(path), lessons.negatives) if number and path.is_file() else None

    def _round(self, number: int) -> Path:
        return self._folder / f"{number:03d}"

    def _tell(self, number: int, doing: str, done: int, total: int, loss: float | None = None) -> None:
        self._runner.journal.step(self._number, self._seed, number + 1, doing=doing, done=done, total=total, loss=loss)


class _Clock:
    """Seconds of each part of a round."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.laps[name], self._last = round(now - self._last, 3), now


def _last(losses: list[float]) -> float | None:
    """Mean loss of the last quarter of a round's steps; None where nothing was learnt."""
    tail: Floats = np.array(losses[-max(len(losses) // 4, 1) :])
    return float(tail.mean()) if len(tail) else None


def _save_negatives(path: Path, negatives: Any) -> None:
    queries, documents = table(negatives)
    np.savez_compressed(path, queries=queries, documents=documents)


def read_negatives(path: Path) -> dict[int, Ints]:
    """Negatives of a round by query row, as they were written."""
    with np.load(path, allow_pickle=False) as kept:
        return {
            int(query): rows[rows >= 0] for query, rows in zip(kept["queries"], kept["documents"], strict=True)
        }  # fmt: skip


def unit_folder(folder: Path, arm: int, seed: int) -> Path:
    """Folder of one arm with one seed."""
    return folder / "units" / f"{arm:03d}-{seed}"


def finished_rounds(folder: Path) -> int:
    """How many rounds of a unit are there, without a gap."""
    number = 0
    while (folder / f"{number + 1:03d}" / MANIFEST).is_file():
        number += 1
    return number


@contextmanager
def readable_faults(folder: Path) -> Iterator[None]:
    """Say in one sentence that a disk is full or gone, whichever library met it first.

    Args:
        folder: Of the training.

    Raises:
        DataError: If something could not be written; the rounds before it are kept.
    """
    from safetensors import SafetensorError

    try:
        yield
    except (OSError, SafetensorError) as error:
        raise DataError(
            f"The training in {folder} could not go on ({error}); finished rounds are kept. See to the place, then "
            f"resume it."
        ) from error


def run_plan(
    folder: Path, *, home: Path | None = None, stopped: Stopped = lambda: False, told: Told | None = None
) -> None:
    """Run or resume the plan of a folder in this process.

    Args:
        folder: Of the plan, see ``plan.write_plan``.
        home: Folder of caches.
        stopped: Asked between steps whether to stop.
        told: Called with every line of the journal.

    Raises:
        CancelledError: If ``stopped`` said so; what is finished is kept.
        NegvizError: If it cannot run.
    """
    material = read_material(folder)
    runner = Runner(Path(folder), material, home or home_folder(), stopped, told)
    if stopped():
        raise CancelledError("Training was stopped before it began.")
    with limited_threads(material.plan.threads):
        runner.run()


class limited_threads:  # noqa: N801 - reads as a statement
    """Run with so many threads; 0 leaves them as they are."""

    def __init__(self, number: int) -> None:
        """Take the number.

        Args:
            number: Threads of torch and of the linear algebra underneath.
        """
        self._number = number
        self._limits: Any = None

    def __enter__(self) -> None:
        """Limit them."""
        if self._number:
            import torch
            from threadpoolctl import threadpool_limits

            self._before = torch.get_num_threads()
            torch.set_num_threads(self._number)
            self._limits = threadpool_limits(self._number)

    def __exit__(self, *_: object) -> None:
        """Set them back."""
        if self._limits is not None:
            import torch

            self._limits.restore_original_limits()
            torch.set_num_threads(self._before)
