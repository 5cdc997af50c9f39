"""Project: two coordinates for every document and query, so that neighbours can be seen; kept on disk."""

import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from negviz.arrays import Bools, Floats, Ints, Scores, fingerprint, frozen
from negviz.embeddings import Embeddings
from negviz.errors import CancelledError
from negviz.home import home_folder
from negviz.store import file_written_beside

Progress = Callable[[str, int, int], None]
Method = Literal["pca", "umap"]
VERSION = "projection 1"
FITTED = 60_000
BLOCK = 65_536


@dataclass(frozen=True)
class ProjectionSettings:
    """Everything that the picture depends on, besides the vectors.

    Attributes:
        method: ``pca`` (a look at once, keeps few neighbours) or ``umap``.
        neighbours: Neighbours whose distances UMAP keeps.
        epochs: Rounds of UMAP's optimisation: 100 is quick, 500 as its authors advise for small data.
        min_distance: How close UMAP may put two points.
        seed: Seed; the same seed draws the same picture.
        fitted: Points that UMAP arranges itself, drawn by the seed; the others go to the mean of their neighbours.
    """

    method: Method = "umap"
    neighbours: int = 15
    epochs: int = 100
    min_distance: float = 0.1
    seed: int = 0
    fitted: int = FITTED


@dataclass(frozen=True, eq=False)
class Projection:
    """Places on the plane.

    Attributes:
        documents: (documents, 2).
        queries: (queries, 2), a place for each query of the dataset.
    """

    documents: Scores
    queries: Scores


def stored_projection(
    dataset_fingerprint: str, identity: str, settings: ProjectionSettings, *, documents: int, home: Path | None = None
) -> Projection | None:
    """Read a projection that was made before; None where there is none, or its file is not readable.

    Args:
        dataset_fingerprint: What was embedded.
        identity: Identity of the embeddings.
        settings: How it was projected.
        documents: Number of documents; the queries follow them in the file.
        home: Folder of caches.
    """
    path = _file(dataset_fingerprint, identity, settings, home)
    try:
        points = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    fits = points.ndim == 2 and points.shape[1] == 2 and len(points) >= documents
    return _split(points, documents) if fits else None


def project(
    embeddings: Embeddings,
    dataset_fingerprint: str,
    settings: ProjectionSettings | None = None,
    *,
    home: Path | None = None,
    progress: Progress = lambda stage, done, total: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Projection:
    """Place documents and queries on a plane, or read where they were placed before.

    UMAP works on cosine distance from exact nearest neighbours of FAISS, starts from PCA, and draws its random numbers
    from the seed in one thread, so that it gives the same picture every time (McInnes et al. 2018, arXiv:1802.03426).

    Args:
        embeddings: Vectors of documents and queries.
        dataset_fingerprint: What was embedded, for the name of the file.
        settings: How to project.
        home: Folder of caches.
        progress: Told (stage, done, total).
        cancelled: Asked now and then.

    Raises:
        CancelledError: If ``cancelled`` said so; nothing is kept then.
    """
    settings = settings or ProjectionSettings()
    count = len(embeddings.documents)
    found = stored_projection(dataset_fingerprint, embeddings.identity, settings, documents=count, home=home)
    if found is not None and len(found.queries) == len(embeddings.queries):
        return found
    vectors = unit_length(np.concatenate([embeddings.documents, embeddings.queries]))
    points = pca(vectors) if settings.method == "pca" else _umap(vectors, settings, progress, cancelled)
    with file_written_beside(_file(dataset_fingerprint, embeddings.identity, settings, home)) as beside:
        np.save(beside, points, allow_pickle=False)
    return _split(points, count)


def _file(dataset_fingerprint: str, identity: str, settings: ProjectionSettings, home: Path | None) -> Path:
    name = fingerprint(VERSION, dataset_fingerprint, identity, sorted(asdict(settings).items()))
    return (home or home_folder()) / "projections" / f"{name}.npy"


def _split(points: Scores, documents: int) -> Projection:
    frozen(points)
    return Projection(points[:documents], points[documents:])


def unit_length(vectors: Scores) -> Scores:
    """Vectors of length 1, so that an inner product is the cosine; a vector of zeros stays one."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(lengths > 0, lengths, 1.0), dtype=np.float32)


def pca(vectors: Scores) -> Scores:
    """First two principal components; the largest loading of each is positive, so that the picture has one side up.

    Args:
        vectors: (points, dims).

    Returns:
        (points, 2), the second column zero where there is only one dimension.
    """
    middle = vectors.mean(axis=0, dtype=np.float64)
    spread = np.zeros((vectors.shape[1], vectors.shape[1]))
    for block in _blocks(vectors):
        centred = block - middle
        spread += centred.T @ centred
    axes = np.linalg.eigh(spread)[1][:, ::-1][:, :2]
    if not axes.shape[1]:
        return np.zeros((len(vectors), 2), dtype=np.float32)
    axes = axes * np.sign(np.take_along_axis(axes, np.abs(axes).argmax(axis=0)[None, :], axis=0))
    parts = [(block - middle) @ axes for block in _blocks(vectors)]
    points = np.concatenate(parts) if parts else np.zeros((0, axes.shape[1]))
    return np.pad(points, ((0, 0), (0, 2 - points.shape[1]))).astype(np.float32)


def _blocks(vectors: Scores) -> list[Floats]:
    return [vectors[start : start + BLOCK].astype(np.float64) for start in range(0, len(vectors), BLOCK)]


def _umap(vectors: Scores, settings: ProjectionSettings, progress: Progress, cancelled: Callable[[], bool]) -> Scores:
    """Let UMAP arrange the points, or a seeded sample of them, and put the rest beside their neighbours."""
    _stop_if(cancelled)
    total = len(vectors)
    if total <= settings.neighbours + 1 or not np.ptp(vectors, axis=0).any():
        return pca(vectors)
    fitted = sample_rows(total, settings.fitted, settings.seed)
    progress("finding nearest neighbours", 0, 1)
    places, distances = _neighbours(vectors[fitted], settings.neighbours)
    _stop_if(cancelled)
    progress("preparing UMAP (the first time takes up to a minute)", 0, 1)
    points = _arrange(vectors[fitted], places, distances, settings, progress, cancelled)
    if len(fitted) == total:
        return points
    return _with_the_rest(vectors, fitted, points, settings.neighbours, progress, cancelled)


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
    cancelled: Callable[[], bool],
) -> Scores:
    import warnings

    import umap

    watch = _Watch(progress, cancelled)
    with warnings.catch_warnings():
        # It says that one seeded thread is used and that transform is not available: both on purpose.
        warnings.simplefilter("ignore")
        model = umap.UMAP(
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
    _stop_if(cancelled)
    return np.asarray(points, dtype=np.float32)


BAR = "{n_fmt}/{total_fmt}"


class _Watch(io.StringIO):
    """Stands where UMAP's progress bar writes to; that is the only place at which it can be watched and stopped."""

    def __init__(self, progress: Progress, cancelled: Callable[[], bool]) -> None:
        super().__init__()
        self._progress, self._cancelled, self._stopped = progress, cancelled, False

    def write(self, text: str) -> int:
        found = re.search(r"(\d+)/(\d+)", text)
        if found:
            self._progress("arranging the map", int(found[1]), int(found[2]))
        if not self._stopped and self._cancelled():
            self._stopped = True
            _stop_if(self._cancelled)
        return len(text)


def _with_the_rest(
    vectors: Scores,
    fitted: Ints,
    points: Scores,
    neighbours: int,
    progress: Progress,
    cancelled: Callable[[], bool],
) -> Scores:
    """Put what was not arranged at the mean of its nearest arranged neighbours, weighted by similarity."""
    import faiss

    placed = np.empty((len(vectors), 2), dtype=np.float32)
    placed[fitted] = points
    rest = np.setdiff1d(np.arange(len(vectors)), fitted)
    known = vectors[fitted]
    for start in range(0, len(rest), BLOCK):
        _stop_if(cancelled)
        progress("placing the other points", start, len(rest))
        rows = rest[start : start + BLOCK]
        similarity, places = faiss.knn(vectors[rows], known, neighbours, metric=faiss.METRIC_INNER_PRODUCT)
        weights = np.maximum(similarity, 1e-6) ** 4
        weights /= weights.sum(axis=1, keepdims=True)
        placed[rows] = np.einsum("pn,pnd->pd", weights, points[places])
    return placed


def _stop_if(cancelled: Callable[[], bool]) -> None:
    if cancelled():
        raise CancelledError("The map was stopped; drawing it again starts over.")


def sample_rows(total: int, most: int, seed: int = 0) -> Ints:
    """Rows to draw: all of them, or a seeded sample in order of row where there are too many.

    Args:
        total: How many there are.
        most: How many may be drawn.
        seed: Another seed draws another sample.
    """
    if total <= most:
        return np.arange(total, dtype=np.int32)
    return np.sort(np.random.default_rng(seed).choice(total, most, replace=False)).astype(np.int32)


def clusters(vectors: Scores, count: int, seed: int = 0) -> Ints:
    """Group vectors by direction (spherical k-means, seeded); cluster 0 is the largest.

    Args:
        vectors: (points, dims).
        count: Number of clusters; fewer where there are fewer points.
        seed: Seed of the start.

    Returns:
        (points,) number of each point's cluster.
    """
    import faiss

    if not len(vectors):
        return np.zeros(0, dtype=np.int32)
    points = np.ascontiguousarray(unit_length(vectors))
    count = min(count, len(points))
    means = faiss.Kmeans(
        points.shape[1], count, niter=20, seed=seed, spherical=True, min_points_per_centroid=1, gpu=False
    )
    means.train(points)
    of_point = means.index.search(points, 1)[1].ravel()
    largest = np.argsort(-np.bincount(of_point, minlength=count), kind="stable")
    return np.argsort(largest)[of_point].astype(np.int32)


Area = Mapping[str, Any]


def inside(points: Scores, areas: Sequence[Area]) -> Bools:
    """Which points lie in any of the areas that somebody drew; evaluated here, over all points and not only the drawn.

    Args:
        points: (points, 2).
        areas: As the chart gives them: ``{"brush_type": "rect", "coord_range": [[x, x], [y, y]]}`` or
            ``{"brush_type": "polygon", "coord_range": [[x, y], ...]}``; anything else holds nothing.
    """
    found = np.zeros(len(points), dtype=bool)
    for area in areas:
        try:
            shape = np.asarray(area["coord_range"], dtype=np.float64)
        except (KeyError, TypeError, ValueError):
            continue
        if shape.ndim != 2 or shape.shape[1] != 2 or not np.isfinite(shape).all():
            continue
        if area.get("brush_type") == "rect" and len(shape) == 2:
            found |= _in_box(points, shape.min(axis=1), shape.max(axis=1))
        elif area.get("brush_type") == "polygon" and len(shape) > 2:
            found |= _in_polygon(points, shape)
    return found


def _in_box(points: Scores, low: Floats, high: Floats) -> Bools:
    return np.asarray(((points >= low) & (points <= high)).all(axis=1))


def _in_polygon(points: Scores, corners: Floats) -> Bools:
    """Even-odd rule: a ray to the right crosses the outline an odd number of times."""
    near = np.flatnonzero(_in_box(points, corners.min(axis=0), corners.max(axis=0)))
    x, y = points[near, 0].astype(np.float64), points[near, 1].astype(np.float64)
    odd = np.zeros(len(near), dtype=bool)
    for (x0, y0), (x1, y1) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        if y0 != y1:
            crosses = (y0 > y) != (y1 > y)
            odd ^= crosses & (x < x0 + (y - y0) * (x1 - x0) / (y1 - y0))
    found = np.zeros(len(points), dtype=bool)
    found[near[odd]] = True
    return found
