"""Small worlds to train in: texts of chance words, vectors in which a query lies near its positive, turned away."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from negviz.dataset import Dataset
from negviz.embeddings import Embeddings
from negviz.mine import build_pool
from negviz.pool import Pool
from negviz.recipe import Recipe, Step
from negviz.store import save_pool
from negviz.training.plan import Arm, Material, Plan, write_plan
from negviz.training.schedule import Schedule, Stage
from tests.pools import recipe

LETTERS = list("abcdefghijklmnopqrstuvwxyz")
TOP = recipe(count=3)
ADAPTER = Step("adapter", {"learning_rate": 0.02, "batch_size": 4}, "adapter")


def words(random: np.random.Generator, number: int = 5) -> str:
    """A text of words that no other text has."""
    return " ".join("".join(random.choice(LETTERS, 7)) for _ in range(number))


def world_dataset(
    queries: int | Sequence[tuple[str, str]] = 16,
    documents: int | Sequence[tuple[str, str, str]] = 60,
    seed: int = 0,
    **more: Any,
) -> Dataset:
    """Queries q00 ..., or given ones, and documents d000 ...; the positive of query number n is document number n."""
    random = np.random.default_rng(seed)
    asked = [(f"q{row:02}", words(random)) for row in range(queries)] if isinstance(queries, int) else queries
    texts = documents
    if isinstance(documents, int):
        texts = [(f"d{row:03}", "", words(random)) for row in range(documents)]
    given: dict[str, Any] = {
        "name": "world",
        "format": "test",
        "queries": asked,
        "documents": texts,
        "positives": [(name, f"d{row:03}", 1) for row, (name, _) in enumerate(asked)],
    }
    return Dataset.build(**{**given, **more})


def world_embeddings(dataset: Dataset, dims: int = 8, seed: int = 0, similarity: str = "cosine") -> Embeddings:
    """Documents by chance; a query is its positive, turned by what all queries share, with noise."""
    random = np.random.default_rng(seed)
    documents = random.normal(size=(len(dataset.documents), dims))
    turn = np.linalg.qr(random.normal(size=(dims, dims)))[0]
    own = np.zeros((len(dataset.queries), dims))
    for row in range(len(own)):
        found = dataset.positives.of_query(row)
        own[row] = documents[found[0]] if len(found) else random.normal(size=dims)
    queries = 0.6 * own + 0.6 * own @ turn + random.normal(0, 0.3, own.shape)
    if similarity == "cosine":
        queries, documents = (each / np.linalg.norm(each, axis=1, keepdims=True) for each in (queries, documents))
    identity = f"{seed:032x}"
    return Embeddings(queries.astype(np.float32), documents.astype(np.float32), similarity, "made for tests", identity)


def world(
    dataset: Dataset | None = None, *, depth: int = 20, similarity: str = "cosine", seed: int = 0, **more: Any
) -> Pool:
    """A pool as it is mined, by given vectors."""
    data = dataset or world_dataset(seed=seed, **more)
    vectors = world_embeddings(data, similarity=similarity, seed=seed)
    return build_pool(
        data, retrievers=["dense", "bm25", "random"], scorers=["dense", "bm25"], depth=depth, embeddings=vectors
    )


def rounds(name: str = "fixed", number: int = 3, chosen: Recipe | None = TOP, **settings: Any) -> Schedule:
    """A schedule of one stage."""
    return Schedule(name, (Stage(recipe=chosen, rounds=number, **settings),))


def planned(
    folder: Path, pool: Pool, *arms: Arm, seeds: tuple[int, ...] = (0,), labels: Any = None, truth: Any = None,
    selections: Any = None, student: Step = ADAPTER, **settings: Any,
) -> Path:  # fmt: skip
    """A plan for a pool, both written below a folder; gives the plan's folder back."""
    if not (folder / "pool").is_dir():
        save_pool(pool, folder / "pool")
    plan = Plan(
        "test", "train", str(folder / "pool"), pool.fingerprint, student, tuple(arms), seeds=seeds,
        **{"threads": 1, "device": "cpu", **settings},
    )  # fmt: skip
    given = {"labels": labels, "truth": truth, "selections": selections}
    made = Material(plan, pool, **{name: value for name, value in given.items() if value is not None})
    write_plan(folder / "run", made)
    return folder / "run"
