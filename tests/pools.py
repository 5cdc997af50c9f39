"""Pools made by hand and by chance, for the tests."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from hypothesis import strategies as st

from negviz.arrays import PAD
from negviz.dataset import Dataset
from negviz.embeddings import Embeddings
from negviz.pool import LEAKS, Pool
from negviz.recipe import Recipe, Step

NAN = float("nan")


def make_dataset(queries: int, documents: int, **more: Any) -> Dataset:
    """Queries q00, q01 ... and documents d000, d001 ...; every query has document 0 as its positive unless given."""
    given: dict[str, Any] = {
        "name": "tiny",
        "format": "test",
        "queries": [(f"q{row:02}", f"question number {row}") for row in range(queries)],
        "documents": [(f"d{row:03}", "", f"answer number {row}") for row in range(documents)],
        "positives": [(f"q{row:02}", "d000", 1) for row in range(queries)],
    }
    return Dataset.build(**{**given, **more})


@cache
def plain_dataset(queries: int, documents: int) -> Dataset:
    """``make_dataset`` with nothing special; datasets are frozen, so tests may share them."""
    return make_dataset(queries, documents)


def make_pool(
    scores: Any,
    positive_scores: Any,
    *,
    documents: Any = None,
    positives: Any = None,
    flags: Any = None,
    ranks: dict[str, Any] | None = None,
    more_scores: dict[str, Any] | None = None,
    scale: str = "cosine",
    dataset: Dataset | None = None,
    **more: Any,
) -> Pool:
    """Pool with one scorer ``dense``; candidates are rows 1, 2, ... of the dataset unless given."""
    values = np.array(scores, dtype=np.float32)
    anchors = np.array(positive_scores, dtype=np.float32)
    total, depth = values.shape
    rows = np.tile(np.arange(1, depth + 1), (total, 1)) if documents is None else np.array(documents)
    own = np.zeros(anchors.shape) if positives is None else np.array(positives)
    if dataset is None:
        dataset = plain_dataset(total, int(max(rows.max(initial=0), own.max(initial=0))) + 1)
    layers = {"dense": values, **(more_scores or {})}
    return Pool(
        dataset=dataset,
        queries=np.arange(total, dtype=np.int32),
        documents=rows.astype(np.int32),
        ranks=ranks if ranks is not None else {"dense": np.where(rows == PAD, -1, 0).astype(np.int32)},
        scores=layers,
        positives=own.astype(np.int32),
        positive_scores={name: anchors.copy() for name in layers},
        flags=np.zeros(values.shape, np.uint16) if flags is None else np.array(flags, dtype=np.uint16),
        scales=dict.fromkeys(layers, scale),
        **more,
    )


def line(scores: Sequence[float], positive: float | Sequence[float]) -> Pool:
    """One query with the given candidates and the score of its positive, which is no candidate."""
    anchors = [positive] if isinstance(positive, int | float) else list(positive)
    return make_pool([list(scores)], [anchors])


def recipe(*steps: str | tuple[str, dict[str, Any]], **settings: Any) -> Recipe:
    """Recipe called ``test``; a step is a name, or a name with knobs. ``draw`` may be the same."""
    draw = settings.pop("draw", "top")
    return Recipe("test", steps=tuple(map(_step, steps)), draw=_step(draw), **settings)


def _step(item: str | tuple[str, dict[str, Any]]) -> Step:
    return Step(item) if isinstance(item, str) else Step(item[0], item[1])


def kept(pool: Pool, weights: Any, query: int = 0) -> list[float]:
    """Scores of the allowed candidates of a query, as written with two digits."""
    return [round(float(score), 4) for score in pool.scores["dense"][query][np.asarray(weights)[query] > 0]]


def rich_pool(queries: int = 24, documents: int = 240, depth: int = 60, seed: int = 3) -> Pool:
    """Pool with every layer that a published recipe may ask for.

    Retrievers, scorers (two of them checkpoints of one model), vectors, answers, groups, leaks, unknown scores.
    """
    random = np.random.default_rng(seed)
    rows = np.sort(
        np.stack([random.choice(np.arange(1, documents), size=depth, replace=False) for _ in range(queries)]), axis=1
    ).astype(np.int32)
    rows[0, -5:] = PAD
    absent = rows == PAD
    layers = {name: random.normal(0.5, 0.2, rows.shape).astype(np.float32) for name in ("dense", "bm25")}
    layers |= {name: random.normal(0.5, 0.2, rows.shape).astype(np.float32) for name in ("second_encoder", "step1")}
    layers["late_interaction"] = random.normal(12, 4, rows.shape).astype(np.float32)
    layers["cross_encoder"] = random.beta(0.3, 0.5, rows.shape).astype(np.float32)
    layers |= {
        name: random.choice(3, rows.shape, p=[0.94, 0.03, 0.03]).astype(np.float32)
        for name in ("rlhn", "arhn", "llm_judge")
    }
    layers["gecko"] = random.random(rows.shape).astype(np.float32)
    layers["dense"][1, 3] = np.nan
    for layer in layers.values():
        layer[absent] = np.nan
    ranks = {}
    for name in ("dense", "bm25", "random", "given", "synthetic"):
        rank = np.argsort(random.random(rows.shape), axis=1).astype(np.int32)
        ranks[name] = np.where(absent | (rank >= 40), -1, rank).astype(np.int32)
    flags = np.where(random.random(rows.shape) < 0.05, random.choice([*LEAKS.values(), 128], rows.shape), 0)
    positives = np.array([[random.choice(documents - 1) + 1, PAD] for _ in range(queries)], dtype=np.int32)
    positives[::3, 1] = 0
    anchors = {
        name: np.where(positives == PAD, np.nan, random.normal(0.8, 0.1, positives.shape)).astype(np.float32)
        for name in layers
    }
    anchors["cross_encoder"] = np.clip(anchors["cross_encoder"], 0, 1)
    anchors["late_interaction"] = anchors["late_interaction"] * 20
    flags[(rows[:, :, None] == positives[:, None, :]).any(axis=2)] |= LEAKS["labelled positive"]
    dataset = make_dataset(
        queries,
        documents,
        positives=[
            (f"q{query:02}", f"d{row:03}", 1) for query, own in enumerate(positives) for row in own if row != PAD
        ],
        groups=[f"article {row // 6}" for row in range(documents)],
        answers={f"q{query:02}": [f"number {query}"] for query in range(0, queries, 2)},
    )
    return Pool(
        dataset=dataset,
        queries=np.arange(queries, dtype=np.int32),
        documents=rows,
        ranks=ranks,
        scores=layers,
        positives=positives,
        positive_scores=anchors,
        flags=np.where(absent, 0, flags).astype(np.uint16),
        scales={**dict.fromkeys(layers, "cosine"), "bm25": "bm25", "cross_encoder": "probability",
                "late_interaction": "maxsim", **dict.fromkeys(("rlhn", "arhn", "llm_judge"), "verdict")},
        origin={"checkpoints": ["step1", "dense"], "retrievers": list(ranks), "depth": 40},
        embeddings=unit_embeddings(queries, documents),
    )  # fmt: skip


def unit_embeddings(queries: int, documents: int, dims: int = 16, seed: int = 5) -> Embeddings:
    """Random vectors of unit length."""
    vectors = np.random.default_rng(seed).normal(size=(queries + documents, dims)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return Embeddings(vectors[:queries], vectors[queries:], "cosine", "made for tests", "0" * 32)


# Multiples of 1/64 add, subtract and scale by powers of two without rounding, and make ties common.
SCORES = st.integers(-64, 64).map(lambda value: value / 64)
SEEDS = st.integers(0, 2**32 - 1)


def pools(**kind: Any) -> st.SearchStrategy[Pool]:
    """Small pools with ties, padding, unknown scores, leaks and queries without a scored positive."""
    return SEEDS.map(lambda seed: random_pool(seed, **kind))


def random_pool(seed: int, *, lowest: int = -64, unknown: bool = True, leaks: bool = True) -> Pool:
    """Small pool; scores are multiples of 1/64 from ``lowest`` to 1, drawn from few values so that many are equal."""
    random = np.random.default_rng(seed)
    shape, wide = (random.integers(1, 4), random.integers(1, 8)), random.integers(1, 3)
    grid = random.integers(lowest, 65, size=random.integers(2, 12)) / 64

    def table(width: int) -> Any:
        values = random.choice(grid, (shape[0], width))
        return np.where(unknown & (random.random(values.shape) < 0.2), NAN, values)

    values, anchors = table(shape[1]), table(wide)
    flags = random.choice([0, 0, 0, 128, *LEAKS.values(), 3], shape) * leaks
    rows = np.tile(np.arange(1, shape[1] + 1), (shape[0], 1))
    absent = np.arange(shape[1]) >= random.integers(0, shape[1] + 1, (shape[0], 1))
    return make_pool(
        np.where(absent, NAN, values),
        anchors,
        documents=np.where(absent, PAD, rows),
        positives=np.zeros(anchors.shape),
        flags=np.where(absent, 0, flags),
    )
