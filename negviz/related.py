"""Related documents: those of a positive's own group, and those that answer the questions nearest to a query."""

from collections.abc import Iterable, Sequence

import numpy as np

from negviz.arrays import PAD, Ints, Scores, positions
from negviz.dataset import Dataset
from negviz.embeddings import Embeddings, similarities
from negviz.errors import MissingInputError

# Neighbours that the search brings beyond those asked for, so that equal ones are put in order by us and not by it.
SPARE = 32


def of_same_group(
    dataset: Dataset, queries: Ints, depth: int, user: str, instead: str = "take another retriever"
) -> Ints:
    """Documents of the groups (articles) that a query's positives belong to, without the positives themselves.

    Args:
        dataset: Documents with their groups, and positives.
        queries: (queries,) rows.
        depth: Documents a query.
        user: Who asks, for the error.
        instead: What else can be done where there are no groups, for the error.

    Returns:
        (queries, depth) document rows, those nearest to a positive in the group's order of ids first, ``PAD`` beyond.

    Raises:
        MissingInputError: If no document has a group.
    """
    groups = dataset.documents["group"].to_pylist()
    if not any(group is not None for group in groups):
        raise MissingInputError(
            f"'{user}' brings passages of the article that the positive is part of, but '{dataset.name}' does not say "
            "which documents belong together; load it with a column that names each document's group (--column "
            f"group=NAME), or {instead}."
        )
    members: dict[str, list[int]] = {}
    for row, group in enumerate(groups):
        if group is not None:
            members.setdefault(group, []).append(row)
    place = {row: place for rows in members.values() for place, row in enumerate(rows)}
    found = []
    for query in queries:
        own = dataset.positives.of_query(int(query)).tolist()
        nearest: dict[int, int] = {}
        for positive in own:
            for row in members.get(groups[positive] or "", ()):
                away = abs(place[row] - place[positive])
                nearest[row] = min(away, nearest.get(row, away))
        found.append([row for row in sorted(nearest, key=lambda row: (nearest[row], row)) if row not in own])
    return _padded(found, depth)


def of_similar_questions(dataset: Dataset, embeddings: Embeddings, queries: Ints, depth: int, neighbours: int) -> Ints:
    """Positives of the questions nearest to each query, without the query's own.

    Args:
        dataset: Judgments and ids.
        embeddings: Vectors of the queries.
        queries: (queries,) rows.
        depth: Documents a query.
        neighbours: Nearest questions whose positives count.

    Returns:
        (queries, depth) document rows: those of the nearest question first, ``PAD`` beyond the last.
    """
    nearest = nearest_questions(dataset, embeddings, queries, neighbours)
    found = []
    for query, others in zip(queries, nearest, strict=True):
        own = set(dataset.positives.of_query(int(query)).tolist())
        rows = [row for other in others if other != PAD for row in dataset.positives.of_query(int(other)).tolist()]
        found.append([row for row in dict.fromkeys(rows) if row not in own])
    return _padded(found, depth)


def nearest_questions(dataset: Dataset, embeddings: Embeddings, queries: Ints, count: int) -> Ints:
    """Questions with a labelled positive that are nearest to each query by the cosine of their vectors.

    Args:
        dataset: Judgments and ids.
        embeddings: Vectors of the queries.
        queries: (queries,) rows.
        count: Neighbours a query; the query itself is none.

    Returns:
        (queries, count) query rows, nearest first, ties by id, ``PAD`` where there are fewer.
    """
    import faiss

    answered = np.unique(dataset.positives.queries)
    if not len(queries) or not len(answered):
        return np.full((len(queries), count), PAD, dtype=np.int32)
    unit = _unit(embeddings.queries)
    asked = min(count + 1 + SPARE, len(answered))
    found = faiss.knn(unit[queries], unit[answered], asked, metric=faiss.METRIC_INNER_PRODUCT)[1]
    others = np.where(found < 0, PAD, answered[found]).astype(np.int32)
    others[np.equal(others, queries[:, None])] = PAD
    exact = similarities(Embeddings(unit, unit, "cosine", "", ""), queries, others)
    by_id = positions(np.argsort(np.array(dataset.query_ids, dtype=object), kind="stable").astype(np.int32)[None, :])[0]
    order = np.lexsort((by_id[others], -np.where(np.isnan(exact), -np.inf, exact)), axis=1)[:, :count]
    nearest = np.take_along_axis(others, order, axis=1)
    return np.pad(nearest, ((0, 0), (0, count - nearest.shape[1])), constant_values=PAD).astype(np.int32)


def _unit(vectors: Scores) -> Scores:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.ascontiguousarray(vectors / np.maximum(lengths, 1e-12), dtype=np.float32)


def _padded(rows: Iterable[Sequence[int]], depth: int) -> Ints:
    """Lists of documents as an array, ``PAD`` where a list is shorter than ``depth``."""
    table = [[*row[:depth], *([PAD] * (depth - len(row)))] for row in rows]
    return np.array(table, dtype=np.int32).reshape(len(table), depth)
