"""What a slider costs at the size of real training sets: python benchmarks/slider.py [1 10 50] (millions of candidates)

Writes a synthetic pool of 100 candidates a query (scores that fall with the logarithm of the rank, in random order, as
retrieval gives them), maps it from disk as the dashboard does, and turns one knob of a recipe. Every time is printed
with its ratio to one plain NumPy pass, ``scores.sum()``, over the same array in the same run: that is the memory
bandwidth at hand. Memory is what the process holds beyond the mapped files (RssAnon).
"""

import resource
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from negviz.dataset import DOCUMENT_SCHEMA, QUERY_SCHEMA, Dataset, Judgments
from negviz.diagnostics.score_profile import ScoreProfile, score_profile
from negviz.pool import Pool
from negviz.recipe import Recipe, find_recipe
from negviz.select import select
from negviz.selection import Selection

DEPTH = 100
BLOCK = 10_000
RECIPES = {
    "nv_perc": "relative_margin.margin",
    "arctic_v1": "score_ceiling.ceiling",
    "nv_shifted": "rank_window.start",
    "simans": "near_positive.width",
}
VALUES = {"relative_margin.margin": (0.02, 0.1), "score_ceiling.ceiling": (0.5, 0.8), "rank_window.start": (5, 40),
          "near_positive.width": (0.05, 0.2)}  # fmt: skip
Layer = npt.NDArray[np.generic]


def main() -> None:
    """Print a table for each size."""
    for millions in [float(size) for size in sys.argv[1:]] or [1.0, 10.0]:
        with tempfile.TemporaryDirectory() as folder:
            pool = synthetic_pool(Path(folder), int(millions * 1_000_000 / DEPTH))
            report(pool, millions)


def report(pool: Pool, millions: float) -> None:
    """Print what each recipe costs."""
    scores = pool.score("dense")
    plain = clock(scores.sum)
    print(f"\n{millions:g} million candidates ({len(pool):,} x {pool.depth}); one NumPy pass {plain * 1e3:.1f} ms")
    before = anonymous()
    start = time.perf_counter()
    profile = score_profile(pool, "dense", "min")
    profile.scores.counts, profile.distances.counts, profile.scores.positive_counts  # noqa: B018
    select(pool, find_recipe("nv_perc")).summary()
    print(f"first look (order of the scores, guards, histograms of everything): {time.perf_counter() - start:.2f} s")
    with Watch() as watch:
        for name, knob in RECIPES.items():
            recipe = find_recipe(name)
            took = turned(pool, profile, recipe, knob)
            print(f"{name:<12} {recipe.count:>2} taken {took * 1e3:8.1f} ms  {took / plain:6.1f} passes")
        # As many as the prototype drew that took 37 passes.
        took = turned(pool, profile, find_recipe("simans").with_setting("count=5"), RECIPES["simans"])
        print(f"simans        5 taken {took * 1e3:8.1f} ms  {took / plain:6.1f} passes")
    print(f"memory beyond the mapped pool: {watch.peak - before:,.0f} MiB at most ({before:,.0f} before)")


def turned(pool: Pool, profile: ScoreProfile, recipe: Recipe, knob: str) -> float:
    """Median seconds from a new value to the counts and the histogram of what is taken."""
    values = np.linspace(*VALUES[knob], 7)

    def step(value: float) -> Selection:
        shown = round(value) if "rank" in knob else value
        selection = select(pool, recipe.with_setting(f"{knob}={shown}"))
        selection.summary()
        profile.scores.of_rows(selection.taken_scores)
        return selection

    step(float(values[0]))
    times = []
    for value in values:
        start = time.perf_counter()
        step(float(value))
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def clock(work: Callable[[], object], times: int = 9) -> float:
    """Median seconds."""
    found = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        found.append(time.perf_counter() - start)
    return statistics.median(found)


class Watch:
    """Largest memory beyond mapped files, looked at every 5 ms."""

    def __init__(self) -> None:
        self.peak = anonymous()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(0.005):
            self.peak = max(self.peak, anonymous())


def anonymous(process: int | str = "self") -> float:
    """MiB that a process holds and that are no mapped files (Linux), elsewhere the largest that this one ever held."""
    status = Path(f"/proc/{process}/status")
    if status.is_file():
        line = next(line for line in status.read_text().splitlines() if line.startswith("RssAnon"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def synthetic_pool(folder: Path, queries: int) -> Pool:
    """Write the layers in blocks and map them."""
    documents = max(queries, 10 * DEPTH)
    random = np.random.default_rng(0)
    positive = random.beta(9, 3, (queries, 1)).astype(np.float32)
    shape = (queries, DEPTH)
    layers = {
        name: np.lib.format.open_memmap(folder / f"{name}.npy", "w+", kind, shape)
        for name, kind in (("scores", np.float32), ("documents", np.int32), ("ranks", np.int32), ("flags", np.uint16))
    }
    for start in range(0, queries, BLOCK):
        rows = slice(start, min(start + BLOCK, queries))
        fill({name: layer[rows] for name, layer in layers.items()}, positive[rows], documents, random)
    for layer in layers.values():
        layer.flush()
    mapped = {name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in layers}
    return Pool(
        dataset=synthetic_dataset(queries, documents), queries=np.arange(queries, dtype=np.int32),
        documents=mapped["documents"], ranks={"dense": mapped["ranks"]}, scores={"dense": mapped["scores"]},
        positives=np.zeros((queries, 1), dtype=np.int32), positive_scores={"dense": positive}, flags=mapped["flags"],
        scales={"dense": "cosine"}, stored_fingerprint=f"synthetic {queries}",
    )  # fmt: skip


def fill(block: dict[str, Layer], positive: Layer, documents: int, random: np.random.Generator) -> None:
    """Random candidates of some queries: scores fall with the logarithm of the rank; one in a hundred is a leak."""
    count = len(positive)
    place = random.permuted(np.tile(np.arange(DEPTH, dtype=np.int32), (count, 1)), axis=1)
    fall = 0.09 * np.log1p(place) + random.normal(0, 0.01, place.shape)
    block["scores"][:] = positive + random.normal(0.02, 0.06, (count, 1)) - fall
    first = random.integers(0, documents - 4 * DEPTH, (count, 1))
    block["documents"][:] = first + np.cumsum(random.integers(1, 4, place.shape), axis=1)
    block["ranks"][:] = place
    block["flags"][:] = random.random(place.shape) < 0.01


def synthetic_dataset(queries: int, documents: int) -> Dataset:
    """Ids and texts that nobody reads."""
    none = Judgments.of(())

    def texts(prefix: str, count: int) -> pa.Array:
        return pa.array([f"{prefix}{row:08d}" for row in range(count)], pa.large_string())

    query_ids, document_ids = texts("q", queries), texts("d", documents)
    answers = pa.nulls(queries, QUERY_SCHEMA.field(2).type)
    titles, groups = pa.nulls(documents, pa.large_string()), pa.nulls(documents, pa.large_string())
    return Dataset(
        name="synthetic", format="synthetic",
        queries=pa.table([query_ids, query_ids, answers], schema=QUERY_SCHEMA),
        documents=pa.table([document_ids, titles, document_ids, groups], schema=DOCUMENT_SCHEMA),
        positives=none, given=none, held_out=none,
    )  # fmt: skip


if __name__ == "__main__":
    main()
