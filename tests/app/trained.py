"""A small pool with vectors, and trainings that were run on it in this process."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np

from negviz.embeddings import Embeddings
from negviz.home import home_folder
from negviz.labels import LabelEvent, Labels, Verdict
from negviz.pool import Pool
from negviz.recipe import Step, find_recipe
from negviz.store import save_pool
from negviz.training.plan import Arm, Kind, Material, write_plan
from negviz.training.planning import make_plan, proof_arms, title_of
from negviz.training.process import new_folder, run_here
from negviz.training.schedule import find_schedule
from tests.app.conftest import NAME, towers

DIMS = 8


def vectors(pool: Pool, seed: int = 3) -> Embeddings:
    """Unit vectors in which a query is near its own document, but not nearest to it."""
    rng = np.random.default_rng(seed)
    documents = rng.normal(size=(len(pool.dataset.documents), DIMS))
    queries = documents[: len(pool.dataset.queries)] + rng.normal(scale=0.9, size=(len(pool.dataset.queries), DIMS))

    def unit(rows: np.ndarray) -> np.ndarray:
        return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)

    return Embeddings(unit(queries), unit(documents), "cosine", "by hand", "by-hand")


def small_pool() -> Pool:
    """The towers, with vectors, stored and in use."""
    from dataclasses import replace

    made = towers()
    made = replace(made, embeddings=vectors(made))
    save_pool(made, home_folder() / "pools" / NAME)
    (home_folder() / "workspace.json").write_text(json.dumps({"pool": NAME}), "utf-8")
    return made


def planned(
    pool: Pool, arms: list[Arm] | None = None, *, kind: Kind = "proof", seeds: int = 1, labels: Labels | None = None
) -> Path:
    """A training that was written but not begun: by default a proof of three rounds with labels."""
    labels = some_labels(pool) if labels is None else labels
    schedule = find_schedule("fixed").with_settings(rounds=3, epochs=1, negatives=2)
    arms = arms or proof_arms(find_recipe("nv_perc"), schedule, labels, None)
    folder = new_folder(home_folder(), title_of(kind, arms))
    plan = make_plan(
        pool, home_folder() / "pools" / NAME, arms, kind=kind, title=title_of(kind, arms),
        student=Step("adapter", {"learning_rate": 0.05}, "adapter"), seeds=range(seeds), threads=1,
    )  # fmt: skip
    write_plan(folder, Material(plan, pool, labels))
    return folder


def trained(pool: Pool, **more: object) -> Path:
    """The same, run to its end in this process."""
    folder = planned(pool, **more)  # type: ignore[arg-type]
    run_here(folder, home_folder())
    return folder


def some_labels(pool: Pool) -> Labels:
    """A false negative and a true one for some queries."""
    return Labels.of(
        LabelEvent.of(pool.dataset, query, int(pool.documents[query, column]), verdict)
        for query in range(4)
        for column, verdict in ((3, Verdict.FALSE_NEGATIVE), (4, Verdict.TRUE_NEGATIVE))
    )


def stop_after(rounds: int) -> Callable[[], bool]:
    """Says to stop once it was asked so often."""
    asked = iter(range(10**9))
    return lambda: next(asked) >= rounds
