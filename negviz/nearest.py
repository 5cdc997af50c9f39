"""Nearest: exact search by inner product, over documents of any number within a stated amount of memory."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from negviz.arrays import PAD, Floats, Ints, Scores
from negviz.budget import DEFAULT_MEMORY, rows_within
from negviz.embeddings import inner_products

# Documents beyond those wanted that the quick search brings, so that rounding there seldom leaves a doubt.
SPARE = 32
# Queries, and queries in doubt, that are looked at together; documents that a piece has at least and at most.
BLOCK, DOUBTFUL = 4096, 64
LEAST, PIECE = 1024, 1 << 20


def nearest(vectors: Scores, documents: Scores, depth: int, *, memory: int = DEFAULT_MEMORY) -> tuple[Ints, Scores]:
    """Find the documents of the largest inner product with each query.

    The search is exact. A quick one (FAISS, or torch on a GPU) brings a few more than asked for from each piece of the
    documents, these are scored again by sums in a fixed order, and all documents that might belong to the last place
    are scored for a query whose last place is in doubt. The result is the same for any amount of memory, number of
    threads and device, equal documents included.

    Args:
        vectors: (queries, dims).
        documents: (documents, dims), which may be a memory map of any size: it is read piece by piece and never copied
            as a whole.
        depth: Documents a query.
        memory: Bytes that the search may take beyond its arguments and result, about.

    Returns:
        (queries, depth) rows of documents, best first, ties by row, ``PAD`` where there are fewer; and their scores,
        as ``embeddings.similarities`` gives them, NaN at ``PAD``.
    """
    rows = np.full((len(vectors), depth), PAD, dtype=np.int32)
    scores = np.full((len(vectors), depth), np.nan, dtype=np.float32)
    wanted = min(depth, len(documents))
    if not wanted or not len(vectors):
        return rows, scores
    # A candidate is kept as a row and a score, joined to those of a piece, and put in order: eight numbers at most.
    together = rows_within(memory // 2, 64 * (wanted + SPARE) + 16 * vectors.shape[1], least=1)
    for start in range(0, len(vectors), together):
        block = slice(start, start + together)
        rows[block, :wanted], scores[block, :wanted] = _search(vectors[block], documents, wanted, memory)
    return rows, scores


def merged(rows: Sequence[Ints], scores: Sequence[Scores], depth: int) -> tuple[Ints, Scores]:
    """Join lists that were found in parts of the documents.

    Args:
        rows: For each part (queries, any) rows among all documents, ``PAD`` where there are fewer; no document is in
            two parts.
        scores: For each part (queries, any), of the same shapes.
        depth: Documents a query.

    Returns:
        (queries, depth) the best of all by score, ties by row, ``PAD`` where there are fewer; and their scores, NaN at
        ``PAD``.
    """
    all_rows, all_scores = np.concatenate(rows, axis=1), np.concatenate(scores, axis=1)
    kept_rows, kept_scores = _in_order(all_rows, all_scores, depth)
    missing = ((0, 0), (0, depth - kept_rows.shape[1]))
    return np.pad(kept_rows, missing, constant_values=PAD), np.pad(kept_scores, missing, constant_values=np.nan)


def rescored(vectors: Scores, documents: Scores, candidates: Ints, depth: int) -> tuple[Ints, Scores]:
    """Score candidates by sums in the fixed order and keep the best.

    Args:
        vectors: (queries, dims).
        documents: (documents, dims).
        candidates: (queries, any) rows, each at most once a query, ``PAD`` where there is none.
        depth: Documents a query at most.

    Returns:
        As ``nearest``, but not wider than the candidates.
    """
    return _in_order(candidates, inner_products(vectors, documents, candidates), depth)


def _in_order(rows: Ints, scores: Scores, depth: int) -> tuple[Ints, Scores]:
    """The best by score, ties by row, absent ones last."""
    absent = np.equal(rows, PAD)
    order = np.lexsort((rows, np.where(absent, np.inf, -scores.astype(np.float32))), axis=1)[:, :depth]
    kept = np.take_along_axis(rows, order, axis=1)
    return kept, np.where(np.equal(kept, PAD), np.float32(np.nan), np.take_along_axis(scores, order, axis=1))


def _search(vectors: Scores, documents: Scores, wanted: int, memory: int) -> tuple[Ints, Scores]:
    """``nearest`` for as many queries as are looked at together; ``wanted`` is not more than there are documents."""
    vectors = np.ascontiguousarray(vectors, dtype=np.float32)
    asked = min(wanted + SPARE, len(documents))
    quick = Quick(len(vectors), asked)
    longest = 0.0
    for first, piece in pieces(documents, memory // 4):
        longest = max(longest, float(np.einsum("nd,nd->n", piece, piece).max()))
        for start in range(0, len(vectors), BLOCK):
            block = slice(start, start + BLOCK)
            near, found = candidates(vectors[block], piece, min(asked, len(piece)))
            quick.take(block, near, found + first)
    rows, scores = rescored(vectors, documents, quick.rows, wanted)
    if asked == len(documents):
        return rows, scores
    # Rounding of a float32 inner product is at most dims x 2^-24 x both lengths, in whatever order it is summed; twice
    # that separates for certain.
    slack = 2.0**-23 * vectors.shape[1] * np.sqrt(longest) * np.linalg.norm(vectors, axis=1)
    doubtful = np.flatnonzero(quick.last() >= scores[:, -1] - slack)
    for start in range(0, len(doubtful), DOUBTFUL):
        places = doubtful[start : start + DOUBTFUL]
        limits = scores[places, -1] - slack[places]
        rows[places], scores[places] = _in_full(vectors[places], documents, limits, wanted, memory)
    return rows, scores


class Quick:
    """The best candidates so far, by quick scores and in no order.

    Attributes:
        rows: (queries, asked) rows of documents, ``PAD`` where there are fewer.
        near: (queries, asked) their quick scores, minus infinity where there are fewer.
    """

    def __init__(self, queries: int, asked: int) -> None:
        """Start without candidates."""
        self.rows = np.full((queries, asked), PAD, dtype=np.int32)
        self.near = np.full((queries, asked), -np.inf, dtype=np.float32)

    def take(self, queries: slice | npt.NDArray[np.intp], near: Scores, rows: npt.NDArray[np.integer]) -> None:
        """Keep the best of those there are and of further ones.

        Args:
            queries: Of which queries.
            near: (queries, any) quick scores.
            rows: (queries, any) rows of documents.
        """
        asked = self.rows.shape[1]
        all_near = np.concatenate([self.near[queries], near], axis=1)
        all_rows = np.concatenate([self.rows[queries], rows.astype(np.int32)], axis=1)
        kept = np.argpartition(-all_near, asked - 1, axis=1)[:, :asked]
        self.near[queries] = np.take_along_axis(all_near, kept, axis=1)
        self.rows[queries] = np.take_along_axis(all_rows, kept, axis=1)

    def last(self) -> Scores:
        """(queries,) quick score that no document outside exceeds."""
        return np.asarray(self.near.min(axis=1))


def _in_full(vectors: Scores, documents: Scores, limits: Floats, wanted: int, memory: int) -> tuple[Ints, Scores]:
    """``nearest`` for a few queries, scoring every document that reaches a query's limit by its quick score."""
    rows = np.full((len(vectors), wanted), PAD, dtype=np.int32)
    scores = np.full((len(vectors), wanted), np.nan, dtype=np.float32)
    per_row = 8 * len(vectors) + 4 * vectors.shape[1]
    for first, piece in pieces(documents, memory // 4, per_row):
        reach = vectors @ piece.T >= limits[:, None]
        for place in np.flatnonzero(reach.any(axis=1)):
            found = np.flatnonzero(reach[place]).astype(np.int32)[None, :]
            one = slice(place, place + 1)
            near, values = rescored(vectors[one], piece, found, wanted)
            rows[one], scores[one] = merged([rows[one], near + np.int32(first)], [scores[one], values], wanted)
    return rows, scores


def pieces(documents: Scores, memory: int, per_row: int = 0) -> Iterator[tuple[int, Scores]]:
    """Documents some at a time, as float32 rows one after the other; those that are so already are not copied.

    Args:
        documents: (documents, dims).
        memory: Bytes that a piece may take.
        per_row: Bytes that a document takes, if not those of its vector.

    Yields:
        The first row and the piece.
    """
    rows = rows_within(memory, max(per_row, 4 * documents.shape[1]), least=LEAST, most=PIECE)
    for first in range(0, len(documents), rows):
        yield first, np.ascontiguousarray(documents[first : first + rows], dtype=np.float32)


def candidates(vectors: Scores, piece: Scores, asked: int) -> tuple[Scores, npt.NDArray[np.integer]]:
    """The best of a piece by a quick search: (queries, asked) scores and rows of the piece."""
    device = _gpu()
    if device is not None:
        return on_device(vectors, piece, asked, device)
    import faiss

    near, found = faiss.knn(vectors, piece, asked, metric=faiss.METRIC_INNER_PRODUCT)
    return near, found


def _gpu() -> Any | None:
    """A GPU of this machine; torch, which takes seconds to import, is not asked where a driver is missing."""
    if not Path("/proc/driver/nvidia/version").exists():
        return None
    import torch

    return torch.device("cuda") if torch.cuda.is_available() else None


def on_device(vectors: Scores, piece: Scores, asked: int, device: Any) -> tuple[Scores, npt.NDArray[np.integer]]:
    """The same by torch on a device, in float32 in full: TF32 would round beyond what the search allows for.

    Args:
        vectors: (queries, dims).
        piece: (documents, dims).
        asked: Documents a query.
        device: Where to multiply; as many documents at a time as take a quarter of its free memory.
    """
    import torch

    free = torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else DEFAULT_MEMORY
    together = rows_within(free // 4, 4 * (2 * len(vectors) + piece.shape[1]), least=asked)
    found = Quick(len(vectors), asked)
    allowed = torch.backends.cuda.matmul.allow_tf32
    torch.backends.cuda.matmul.allow_tf32 = False
    try:
        queries = torch.tensor(vectors, device=device)
        for first in range(0, len(piece), together):
            part = torch.tensor(piece[first : first + together], device=device)
            near, rows = torch.topk(queries @ part.T, min(asked, len(part)), dim=1, sorted=False)
            found.take(slice(None), near.cpu().numpy(), rows.cpu().numpy() + first)
    finally:
        torch.backends.cuda.matmul.allow_tf32 = allowed
    return found.near, found.rows


def recall(found: Ints, exact: Ints) -> float:
    """Share of the exact lists' documents that are in the lists found; 1 where there are none.

    Args:
        found: (queries, any) rows, ``PAD`` where there is none.
        exact: (queries, any) rows, ``PAD`` where there is none.
    """
    hits, total = 0, 0
    for one, other in zip(found, exact, strict=True):
        wanted = other[np.not_equal(other, PAD)]
        hits += int(np.isin(wanted, one).sum())
        total += len(wanted)
    return hits / total if total else 1.0
