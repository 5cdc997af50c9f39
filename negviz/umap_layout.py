"""UMAP in a process of its own, which a stop ends at once.

It compiles itself for half a minute before it starts, and holds the interpreter while it does; in the dashboard's own
process every page would stand still meanwhile.
"""

import io
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections import deque
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from negviz.arrays import Ints, Scores
from negviz.errors import CancelledError, NegvizError
from negviz.layout import BLOCK, Cancelled, Progress, ProjectionSettings, never, pca, sample_rows, silent

POLL_SECONDS = 0.1
ROOT = Path(__file__).resolve().parents[1]
BAR = "{n_fmt}/{total_fmt}"
PREPARING = "preparing UMAP, which takes up to a minute"


def umap_apart(
    vectors: Scores, settings: ProjectionSettings, progress: Progress = silent, cancelled: Cancelled = never
) -> Scores:
    """Run ``umap_layout`` in a process of its own, which a stop ends at once.

    Args:
        vectors: (points, dims) of unit length.
        settings: How to arrange them.
        progress: Told (stage, done, total).
        cancelled: Asked ten times a second.

    Returns:
        (points, dims of the settings).

    Raises:
        CancelledError: If ``cancelled`` said so.
        NegvizError: If the process ended without a result.
    """
    with tempfile.TemporaryDirectory(prefix="negviz-map-") as name:
        folder = Path(name)
        np.save(folder / "vectors.npy", vectors, allow_pickle=False)
        (folder / "settings.json").write_text(json.dumps(asdict(settings)), "utf-8")
        progress(PREPARING, 0, 1)
        said = _watch_child(_start_child(folder), progress, cancelled)
        if not (folder / "points.npy").is_file():
            raise NegvizError(f"UMAP ended without a result ({said}); show the map with PCA, or try again.")
        return np.asarray(np.load(folder / "points.npy", allow_pickle=False))


def _start_child(folder: Path) -> "subprocess.Popen[str]":
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    return subprocess.Popen(
        [sys.executable, "-m", "negviz.umap_layout", str(folder)],
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
    )


def _watch_child(child: "subprocess.Popen[str]", progress: Progress, cancelled: Cancelled) -> str:
    """Pass on what the process reports until it ends; gives the last line that was no report."""
    others: deque[str] = deque(["no reason given"], maxlen=1)
    listener = threading.Thread(target=_pass_on, args=(child, progress, others), daemon=True)
    listener.start()
    try:
        while child.poll() is None:
            if cancelled():
                raise CancelledError("The map was stopped; drawing it again starts over.")
            time.sleep(POLL_SECONDS)
    finally:
        child.kill()
        child.wait()
        listener.join(1)
        if child.stdout:
            child.stdout.close()
    return others[-1]


def _pass_on(child: "subprocess.Popen[str]", progress: Progress, others: deque[str]) -> None:
    """Read reports; whatever else is said, such as an error, is kept."""
    for line in child.stdout or ():
        try:
            stage, done, total = json.loads(line)
            progress(str(stage), int(done), int(total))
        except (ValueError, TypeError):
            others.append(line.strip() or others[-1])


def umap_layout(vectors: Scores, settings: ProjectionSettings, progress: Progress = silent) -> Scores:
    """Let UMAP arrange the points, or a seeded sample of them, and put the rest beside their neighbours.

    Cosine distance, exact nearest neighbours from FAISS, a start from PCA, and random numbers from the seed in one
    thread: the same picture every time (McInnes et al. 2018, arXiv:1802.03426). Too few points for neighbours, or
    points that are all the same, get PCA.

    Args:
        vectors: (points, dims) of unit length.
        settings: How to arrange them.
        progress: Told (stage, done, total).

    Returns:
        (points, dims of the settings).
    """
    total = len(vectors)
    if total <= settings.neighbours + 1 or not np.ptp(vectors, axis=0).any():
        return pca(vectors, settings.dims)
    fitted = sample_rows(total, settings.fitted, settings.seed)
    progress("finding nearest neighbours", 0, 1)
    places, distances = _neighbours(vectors[fitted], settings.neighbours)
    progress(PREPARING, 0, 1)
    points = _arrange(vectors[fitted], places, distances, settings, progress)
    if len(fitted) == total:
        return points
    placed = np.empty((total, settings.dims), dtype=np.float32)
    placed[fitted] = points
    rest = np.setdiff1d(np.arange(total), fitted)
    placed[rest] = beside_neighbours(vectors[rest], vectors[fitted], points, settings.neighbours, progress)
    return placed


def _neighbours(vectors: Scores, count: int) -> tuple[Ints, Scores]:
    """Exact nearest neighbours by cosine distance, each point its own first neighbour, as UMAP wants them."""
    import faiss

    similarity, places = faiss.knn(vectors, vectors, count + 1, metric=faiss.METRIC_INNER_PRODUCT)
    own = np.arange(len(vectors))[:, None]
    # A copy of a point is as near as itself, so FAISS may list it first; the point itself has to come first for UMAP.
    rank = np.where(places == own, 2.0, similarity)
    missing = ~(places == own).any(axis=1)
    places[missing, -1], rank[missing, -1] = own[missing, 0], 2.0
    order = np.argsort(-rank, axis=1, kind="stable")[:, :count]
    places, rank = np.take_along_axis(places, order, axis=1), np.take_along_axis(rank, order, axis=1)
    distances = np.clip(1.0 - np.minimum(rank, 1.0), 0.0, 2.0)
    return places.astype(np.int32), distances.astype(np.float32)


def _arrange(
    vectors: Scores,
    places: Ints,
    distances: Scores,
    settings: ProjectionSettings,
    progress: Progress,
) -> Scores:
    import umap

    watch = _Watch(progress)
    with warnings.catch_warnings():
        # It says that one seeded thread is used and that transform is not available: both on purpose.
        warnings.simplefilter("ignore")
        model = umap.UMAP(
            n_components=settings.dims,
            n_neighbors=settings.neighbours,
            n_epochs=settings.epochs,
            min_dist=settings.min_distance,
            metric="cosine",
            init="pca",
            disconnection_distance=np.inf,
            random_state=settings.seed,
            n_jobs=1,
            precomputed_knn=(places, distances),
            tqdm_kwds={"disable": False, "file": watch, "mininterval": 0.2, "miniters": 1, "bar_format": BAR},
        )
        points = model.fit_transform(vectors)
    return np.asarray(points, dtype=np.float32)


class _Watch(io.StringIO):
    """Stands where UMAP's progress bar writes to; that is the only place at which it can be watched."""

    def __init__(self, progress: Progress) -> None:
        super().__init__()
        self._progress = progress

    def write(self, text: str) -> int:
        found = re.search(r"(\d+)/(\d+)", text)
        if found:
            self._progress("arranging the map", int(found[1]), int(found[2]))
        return len(text)


def beside_neighbours(
    vectors: Scores, known: Scores, points: Scores, neighbours: int = 15, progress: Progress = silent
) -> Scores:
    """Places of new points on a layout that is there already: the mean of their nearest neighbours on it.

    Neighbours count by the fourth power of their cosine similarity, so the nearest ones decide; the layout itself
    stays as it is.

    Args:
        vectors: (new, dims) of unit length.
        known: (points, dims) of unit length, what was laid out.
        points: (points, 2 or 3) where that lies.
        neighbours: How many count; fewer where there are fewer.
        progress: Told (stage, done, total).

    Returns:
        (new, 2 or 3); zeros where nothing is known.
    """
    import faiss

    placed = np.zeros((len(vectors), points.shape[1]), dtype=np.float32)
    count = min(neighbours, len(known))
    for start in range(0, len(vectors) if count else 0, BLOCK):
        progress("placing the other points", start, len(vectors))
        block = np.ascontiguousarray(vectors[start : start + BLOCK])
        similarity, places = faiss.knn(block, np.ascontiguousarray(known), count, metric=faiss.METRIC_INNER_PRODUCT)
        weights = np.maximum(similarity, 1e-6) ** 4
        weights /= weights.sum(axis=1, keepdims=True)
        placed[start : start + BLOCK] = np.einsum("pn,pnd->pd", weights, points[places])
    return placed


def main(folder: Path) -> None:
    """What the process of its own does: arrange the vectors in a folder, report a line at a time."""

    def report(*facts: Any) -> None:
        sys.stdout.write(json.dumps(facts) + "\n")
        sys.stdout.flush()

    settings = ProjectionSettings(**json.loads((folder / "settings.json").read_text("utf-8")))
    points = umap_layout(np.load(folder / "vectors.npy", allow_pickle=False), settings, report)
    np.save(folder / "writing.npy", points, allow_pickle=False)
    (folder / "writing.npy").replace(folder / "points.npy")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
