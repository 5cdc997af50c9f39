"""How long the map of 10,000 points of 384 dimensions takes, against umap-learn's own call with its defaults.

    .venv/bin/python benchmarks/map.py [POINTS] [ROUNDS]

Both get the same vectors, bundles of directions as of a corpus with subjects. Two comparisons, one after the other in
one run, rounds interleaved:

* "warm": both in this process, after a first call of each that compiled everything. umap-learn's default call has
  15 neighbours by its own approximate search, a spectral start, 500 epochs up to 10,000 points, all threads and no
  seed; only the metric is set, to cosine, as for the map. The map has exact neighbours from FAISS, a start from PCA,
  its 100 (or with "finer" 500) epochs, one thread and a seed, which draws the same picture every time.
* "cold": each in a process of its own that compiles first, as it happens when somebody opens the page.

Ratios are the map's time over that of the default call: below 1 the map is faster.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from negviz.layout import ProjectionSettings, unit_length
from negviz.umap_layout import umap_apart, umap_layout

DIMS, SUBJECTS = 384, 60
QUICK = ProjectionSettings(epochs=100)
FINER = replace(QUICK, epochs=500)
DEFAULT_CALL = """
import sys, warnings
import numpy as np
import umap
warnings.simplefilter("ignore")
umap.UMAP(metric="cosine").fit_transform(np.load(sys.argv[1]))
"""


def subjects(points: int, seed: int = 0) -> np.ndarray:
    """Vectors in bundles around random directions, of unit length."""
    random = np.random.default_rng(seed)
    middles = random.normal(size=(SUBJECTS, DIMS))
    noise = random.normal(size=(points, DIMS))
    return unit_length((middles[random.integers(SUBJECTS, size=points)] + 1.5 * noise).astype(np.float32))


def seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def default_call(vectors: np.ndarray) -> None:
    import umap

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        umap.UMAP(metric="cosine").fit_transform(vectors)


def default_call_apart(vectors: np.ndarray) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "vectors.npy"
        np.save(path, vectors)
        subprocess.run([sys.executable, "-c", DEFAULT_CALL, str(path)], check=True)


def main() -> None:
    points = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    vectors = subjects(points)
    # Fewer than 4,096 points take another way through umap-learn, which would leave the usual one uncompiled.
    few = vectors[:5_000]
    default_call(few)
    umap_layout(few, QUICK)
    calls: dict[str, Callable[[], object]] = {
        "default call, warm": lambda: default_call(vectors),
        "map, warm": lambda: umap_layout(vectors, QUICK),
        "map, finer, warm": lambda: umap_layout(vectors, FINER),
        "default call, cold": lambda: default_call_apart(vectors),
        "map, cold": lambda: umap_apart(vectors, QUICK),
    }
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            times[name].append(seconds(call))
    middle = {name: statistics.median(each) for name, each in times.items()}
    print(json.dumps({
        "points": points,
        "seconds": {name: [round(each, 1) for each in found] for name, found in times.items()},
        "ratio, warm": round(middle["map, warm"] / middle["default call, warm"], 2),
        "ratio, finer, warm": round(middle["map, finer, warm"] / middle["default call, warm"], 2),
        "ratio, cold": round(middle["map, cold"] / middle["default call, cold"], 2),
    }, indent=1))  # fmt: skip


if __name__ == "__main__":
    main()
