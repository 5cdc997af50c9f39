"""Dense search against FAISS alone: python benchmarks/search.py [60000 500000] [--queries 1000] [--depth 200]

For each number of documents the best of 1,000 queries are brought from made-up vectors of 384 dimensions, in bundles
around random directions, which lie in a mapped file. Rounds are interleaved. The exact search is compared with
faiss.knn, which brings as many by its own sums, in whatever order of equal ones; ratios are the time of each over that
of faiss.knn. HNSW and IVF are given the seconds that building took, and the recall they told, against the exact search.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import faiss
import numpy as np
from results import record, spread, told

from negviz.dataset import Dataset
from negviz.embeddings import Embeddings
from negviz.retrievers import RETRIEVERS

DIMS, SUBJECTS, TOGETHER = 384, 500, 50_000
WAYS = {
    "dense": ("dense", {}),
    "HNSW, ef 200": ("hnsw", {"ef": 200}),
    "HNSW, ef 400": ("hnsw", {"ef": 400}),
    "HNSW, ef 800": ("hnsw", {"ef": 800}),
    "IVF, nprobe 32": ("ivf", {"nprobe": 32}),
    "IVF, nprobe 128": ("ivf", {"nprobe": 128}),
}


def main() -> None:
    """Print a table for each number of documents."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("documents", nargs="*", type=int, default=[60_000, 500_000])
    asked.add_argument("--queries", type=int, default=1_000)
    asked.add_argument("--depth", type=int, default=200)
    asked.add_argument("--rounds", type=int, default=5)
    asked.add_argument("--exact", action="store_true", help="leave out HNSW and IVF, whose indexes take long to build")
    given = asked.parse_args()
    rows: list[dict[str, Any]] = []
    for documents in given.documents:
        with tempfile.TemporaryDirectory() as folder:
            embeddings = made(Path(folder), given.queries, documents)
            names = ["dense"] if given.exact else list(WAYS)
            rows += report(embeddings, names, given.depth, given.rounds)
    record("search", "Exact search costs little more than FAISS alone; approximate search tells its recall", rows)


def report(embeddings: Embeddings, names: list[str], depth: int, rounds: int) -> list[dict[str, Any]]:
    """Compare the ways over some vectors; gives the rows of the record."""
    documents, queries = embeddings.documents, np.ascontiguousarray(embeddings.queries)
    dataset, rows = answered(len(queries)), np.arange(len(queries), dtype=np.int32)
    ways: dict[str, Callable[[], object]] = {
        "faiss.knn alone": lambda: faiss.knn(queries, documents, depth, metric=faiss.METRIC_INNER_PRODUCT)
    }
    shops = {name: SimpleNamespace(facts={}) for name in names}

    def call(name: str) -> None:
        retriever, knobs = WAYS[name]
        given = {"dataset": dataset, "queries": rows, "depth": depth, "embeddings": embeddings, "shop": shops[name]}
        entry = RETRIEVERS.get(retriever)
        entry.function(**{key: value for key, value in given.items() if key in entry.wants}, **knobs)

    print(f"\n{len(queries):,} queries, {len(documents):,} documents, best {depth}")
    ways["faiss.knn alone"]()
    taken: dict[str, list[float]] = {name: [] for name in ("faiss.knn alone", *names)}
    built: dict[str, float] = {}
    ratios: dict[str, list[float]] = {name: [] for name in taken}
    for name in names:  # one index is kept at a time, so each way has its rounds at once, beside those of faiss.knn
        built[name] = seconds(lambda name=name: call(name))
        for _ in range(rounds):
            plain = seconds(ways["faiss.knn alone"])
            taken["faiss.knn alone"].append(plain)
            taken[name].append(seconds(lambda name=name: call(name)))
            ratios[name].append(taken[name][-1] / plain)
    print(f"{'':<18}{'seconds':>9}{'first call':>12}{'recall':>9}   time over faiss.knn, median (lowest to highest)")
    print(f"{'faiss.knn alone':<18}{statistics.median(taken['faiss.knn alone']):>9.2f}")
    rows = []
    for name in names:
        found = spread(ratios[name])
        recall = shops[name].facts.get(WAYS[name][0], {"recall": 1.0})["recall"]
        median = statistics.median(taken[name])
        print(f"{name:<18}{median:>9.2f}{built[name]:>12.1f}{recall:>9.3f}   {told(found)}", flush=True)
        how = f"recall@{depth} {recall:.3f}, {len(queries):,} queries x {len(documents):,} documents"
        rows.append({"what": f"{name} over faiss.knn, {how}", "unit": "times", **found, "recall": recall,
                     "seconds": round(median, 3), "first_call_seconds": round(built[name], 3)})  # fmt: skip
    return rows


def seconds(call: Callable[[], object]) -> float:
    """How long a call takes."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def made(folder: Path, queries: int, documents: int) -> Embeddings:
    """Vectors in bundles, mapped from a file."""
    noise = np.random.default_rng(0)
    middles = noise.standard_normal((SUBJECTS, DIMS), dtype=np.float32)
    vectors = np.lib.format.open_memmap(
        folder / "vectors.npy", mode="w+", dtype=np.float32, shape=(queries + documents, DIMS)
    )
    for start in range(0, len(vectors), TOGETHER):
        count = min(TOGETHER, len(vectors) - start)
        part = middles[noise.integers(SUBJECTS, size=count)]
        part += 1.5 * noise.standard_normal((count, DIMS), dtype=np.float32)
        vectors[start : start + count] = part / np.linalg.norm(part, axis=1, keepdims=True)
    vectors.flush()
    mapped = np.load(folder / "vectors.npy", mmap_mode="r")
    return Embeddings(mapped[:queries], mapped[queries:], "cosine", "made", "made")


def answered(queries: int) -> Dataset:
    """A dataset in which every query has a positive, so that recall is measured on any of them."""
    names = [f"q{row:07}" for row in range(queries)]
    return Dataset.build(
        name="made", format="made", queries=[(name, name) for name in names], documents=[("d", "", "text")],
        positives=[(name, "d", 1) for name in names],
    )  # fmt: skip


if __name__ == "__main__":
    main()
