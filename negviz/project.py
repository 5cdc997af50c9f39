"""Project: two or three coordinates for every document and query, so that neighbours can be seen; kept on disk."""

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from negviz.arrays import Ints, Scores, fingerprint, frozen
from negviz.embeddings import Embeddings
from negviz.home import home_folder
from negviz.layout import Cancelled, Progress, ProjectionSettings, never, pca, silent, unit_length
from negviz.umap_layout import beside_neighbours, umap_apart
from negviz.writing import file_written_beside

VERSION = "projection 2"


@dataclass(frozen=True, eq=False)
class Projection:
    """Places on the plane, or in space.

    Attributes:
        documents: (documents, 2 or 3).
        queries: (queries, 2 or 3), a place for each query of the dataset.
    """

    documents: Scores
    queries: Scores

    @property
    def bounds(self) -> tuple[list[float], list[float]] | None:
        """Lowest and highest place of all points in each direction, None where there is none."""
        every = [part for part in (self.documents, self.queries) if len(part)]
        if not every:
            return None
        lows, highs = (np.stack([getattr(part, end)(axis=0) for part in every]) for end in ("min", "max"))
        return lows.min(axis=0).tolist(), highs.max(axis=0).tolist()


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
    fits = points.ndim == 2 and points.shape[1] == settings.dims and len(points) >= documents
    return _split(points, documents) if fits else None


def project(
    embeddings: Embeddings,
    dataset_fingerprint: str,
    settings: ProjectionSettings | None = None,
    *,
    home: Path | None = None,
    progress: Progress = silent,
    cancelled: Cancelled = never,
) -> Projection:
    """Place documents and queries on a plane or in space, or read where they were placed before.

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
    plain = settings.method == "pca"
    points = pca(vectors, settings.dims) if plain else umap_apart(vectors, settings, progress, cancelled)
    with file_written_beside(_file(dataset_fingerprint, embeddings.identity, settings, home)) as beside:
        np.save(beside, points, allow_pickle=False)
    return _split(points, count)


def place_new(vectors: Scores, embeddings: Embeddings, projection: Projection, neighbours: int = 15) -> Scores:
    """Places of texts that were not there when a projection was made: beside their nearest documents.

    Args:
        vectors: (new, dims) by the same encoder.
        embeddings: What was projected.
        projection: Where it lies.
        neighbours: How many documents count.

    Returns:
        (new, 2 or 3).
    """
    known = unit_length(embeddings.documents)
    return beside_neighbours(unit_length(vectors), known, projection.documents, neighbours)


def _file(dataset_fingerprint: str, identity: str, settings: ProjectionSettings, home: Path | None) -> Path:
    name = fingerprint(VERSION, dataset_fingerprint, identity, sorted(asdict(settings).items()))
    return (home or home_folder()) / "projections" / f"{name}.npy"


def _split(points: Scores, documents: int) -> Projection:
    frozen(points)
    return Projection(points[:documents], points[documents:])


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
