"""How long training takes: five ANCE rounds of the adapter on the sample, 20,000 triplets through the static student.

    .venv/bin/python benchmarks/training_speed.py POOL      # a pool of the sample

Seconds are of this machine, with all its cores; the limits that the project set itself stand beside them. The triplets
are those of a made-up corpus: 5,000 documents of 120 words by Zipf's law, 20,000 queries of 8 words of their document,
one negative each.
"""

import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from negviz.dataset import Dataset
from negviz.home import home_folder
from negviz.recipe import Step
from negviz.store import open_pool
from negviz.training.lessons import Lessons
from negviz.training.plan import Arm, Material, write_plan
from negviz.training.planning import make_plan
from negviz.training.process import run_here
from negviz.training.schedule import find_schedule
from negviz.training.students import STUDENTS, Start

DOCUMENTS, QUERIES, WORDS = 5_000, 20_000, 120


def ance(folder: Path) -> tuple[float, int]:
    """Seconds of a whole training by five ANCE rounds, from the open pool to the last measurement; queries trained."""
    pool = open_pool(folder)
    began = time.perf_counter()
    plan = make_plan(
        pool, folder, [Arm("ance", find_schedule("ance"))], kind="train", title="ance", student=Step("adapter"),
        seeds=[0],
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as place:
        run = Path(place) / "run"
        write_plan(run, Material(plan, pool))
        run_here(run, home_folder())
    return time.perf_counter() - began, len(pool)


def triplets() -> dict[str, float]:
    """Seconds to start from the corpus, to train on the triplets, and to encode everything anew."""
    random = np.random.default_rng(0)
    words = np.array([f"word{number}" for number in range(30_000)])
    drawn = (random.zipf(1.3, (DOCUMENTS, WORDS)) - 1) % len(words)
    texts = [" ".join(words[row]) for row in drawn]
    own = random.integers(0, DOCUMENTS, QUERIES)
    asked = [" ".join(random.choice(words[drawn[row]], 8)) for row in own.tolist()]
    data = Dataset.build(
        name="made up", format="none",
        queries=[(f"q{number:06d}", text) for number, text in enumerate(asked)],
        documents=[(f"d{number:06d}", "", text) for number, text in enumerate(texts)],
        positives=[(f"q{number:06d}", f"d{row:06d}", 1) for number, row in enumerate(own.tolist())],
    )  # fmt: skip
    pairs = np.stack([np.arange(QUERIES), own], axis=1).astype(np.int32)
    negatives = {row: np.array([(own[row] + 1 + row) % DOCUMENTS], dtype=np.int32) for row in range(QUERIES)}
    answers = {row: np.array([own[row]], dtype=np.int32) for row in range(QUERIES)}
    taken = {row: rows[rows != own[row]] for row, rows in negatives.items()}
    lessons = Lessons(data, pairs, answers, taken, {}, Step("infonce"), count=1)
    seconds, began = {}, time.perf_counter()

    def lap(name: str) -> None:
        nonlocal began
        seconds[name], began = time.perf_counter() - began, time.perf_counter()

    student = STUDENTS.get("static").function(start=Start(data, None, "", 0, home_folder()))
    lap("start")
    with tempfile.TemporaryDirectory() as place:
        student.learn(lessons, lambda *_: None, lambda: False, Path(place))
    lap("train")
    student.embeddings()
    lap("encode")
    return seconds


def main() -> None:
    """Print both."""
    seconds, queries = ance(Path(sys.argv[1]))
    sys.stdout.write(f"adapter, 5 ANCE rounds, {queries} queries: {seconds:.1f} s (limit 60)\n")
    again, _ = ance(Path(sys.argv[1]))
    sys.stdout.write(f"the same once more in this process: {again:.1f} s\n")
    found = triplets()
    told = ", ".join(f"{name} {value:.1f} s" for name, value in found.items())
    sys.stdout.write(f"static, {QUERIES:,} triplets: {told} (limit 30 for training)\n")


if __name__ == "__main__":
    main()
