"""Layout: how vectors are put on a plane; principal components, and the samples that are drawn."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from negviz.arrays import Floats, Ints, Scores

Progress = Callable[[str, int, int], None]
Cancelled = Callable[[], bool]
Method = Literal["pca", "umap"]
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
        dims: Dimensions of the picture, 2 or 3.
    """

    method: Method = "umap"
    neighbours: int = 15
    epochs: int = 100
    min_distance: float = 0.3
    seed: int = 0
    fitted: int = 60_000
    dims: int = 2


def silent(stage: str, done: int, total: int) -> None:
    """Progress that nobody watches."""


def never() -> bool:
    """Work that nobody stops."""
    return False


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


def unit_length(vectors: Scores) -> Scores:
    """Vectors of length 1, so that an inner product is the cosine; a vector of zeros stays one."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(lengths > 0, lengths, 1.0), dtype=np.float32)


def pca(vectors: Scores, dims: int = 2) -> Scores:
    """First principal components; the largest loading of each is positive, so that the picture has one side up.

    Args:
        vectors: (points, any).
        dims: How many components.

    Returns:
        (points, dims), zero in the columns for which the vectors have no dimension.
    """
    if not vectors.size:
        return np.zeros((len(vectors), dims), dtype=np.float32)
    middle = vectors.mean(axis=0, dtype=np.float64)
    spread = np.zeros((vectors.shape[1], vectors.shape[1]))
    for block in _blocks(vectors):
        centred = block - middle
        spread += centred.T @ centred
    axes = np.linalg.eigh(spread)[1][:, ::-1][:, :dims]
    axes = axes * np.sign(np.take_along_axis(axes, np.abs(axes).argmax(axis=0)[None, :], axis=0))
    parts = [(block - middle) @ axes for block in _blocks(vectors)]
    points = np.concatenate(parts) if parts else np.zeros((0, axes.shape[1]))
    return np.pad(points, ((0, 0), (0, dims - points.shape[1]))).astype(np.float32)


def _blocks(vectors: Scores) -> list[Floats]:
    return [vectors[start : start + BLOCK].astype(np.float64) for start in range(0, len(vectors), BLOCK)]


def aligned(places: Scores, onto: Scores) -> Scores:
    """Move, turn and mirror one layout so that it lies on another one as well as it can, at the same size (Procrustes).

    Two layouts of the same points have directions and a scale of their own; only what is left after this is movement.
    No point moves against another one. The size is made equal, not fitted: a fitted one shrinks layouts that have
    little in common to a heap.

    Args:
        places: (points, dims) the layout to be moved.
        onto: (points, dims) where the same points lie in the other layout.

    Returns:
        (points, dims), as far spread as ``onto``.

    References:
        Schönemann 1966, "A generalized solution of the orthogonal Procrustes problem"; SciPy's
        ``orthogonal_procrustes``.
    """
    from scipy.linalg import orthogonal_procrustes

    if not len(places):
        return np.asarray(places, dtype=np.float32)
    middle, target = places.mean(axis=0, dtype=np.float64), onto.mean(axis=0, dtype=np.float64)
    own, other = places - middle, onto - target
    turn = orthogonal_procrustes(own, other)[0]
    spread, wanted = float((own**2).sum()), float((other**2).sum())
    size = np.sqrt(wanted / spread) if spread else 0.0
    return np.asarray(own @ turn * size + target, dtype=np.float32)
