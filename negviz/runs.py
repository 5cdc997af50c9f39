"""Run files: rankings that another system made, read against a dataset."""

import gzip
import math
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import numpy as np
import numpy.typing as npt

from negviz.arrays import PAD, Ints, Scores
from negviz.dataset import Dataset
from negviz.errors import DataError

FIELDS = {3: (0, 1, 2), 6: (0, 2, 4)}


@dataclass(frozen=True, eq=False)
class RunFile:
    """A ranking of documents for queries: the pairs of a query lie together, best first, ties by document row.

    Attributes:
        name: The file's stem, which names its layer in the pool.
        starts: (queries of the dataset + 1,) where each query's pairs start.
        documents: (pairs,) document rows.
        scores: (pairs,) scores, higher is nearer.
        unknown_queries: Query ids in the file that the dataset lacks.
        unknown_documents: Document ids in the file that the dataset lacks.
    """

    name: str
    starts: npt.NDArray[np.int64]
    documents: Ints
    scores: Scores
    unknown_queries: int = 0
    unknown_documents: int = 0

    def top(self, queries: Ints, depth: int) -> Ints:
        """(queries, depth) document rows, best first, ``PAD`` where fewer."""
        found = np.full((len(queries), depth), PAD, dtype=np.int32)
        for place, query in enumerate(queries):
            best = self.documents[self.starts[query] : self.starts[query + 1]][:depth]
            found[place, : len(best)] = best
        return found

    def score(self, queries: Ints, documents: Ints) -> Scores:
        """Scores of the shape of ``documents`` (queries, any), NaN at ``PAD`` and where the file lacks the pair."""
        scores = np.full(documents.shape, np.nan, dtype=np.float32)
        for place, query in enumerate(queries):
            part = slice(self.starts[query], self.starts[query + 1])
            known = dict(zip(self.documents[part].tolist(), self.scores[part].tolist(), strict=True))
            scores[place] = [known.get(document, np.nan) for document in documents[place].tolist()]
        return scores


def read_run(path: Path, dataset: Dataset) -> RunFile:
    """Read a run: ``query Q0 document rank score tag`` as TREC has it, or ``query document score``.

    The order comes from the scores, not from the ranks or the lines; equal scores are ordered by document id. Of a
    pair that is there twice the higher score counts. Ids that the dataset lacks are counted and left out.

    Args:
        path: The file, plain or gzipped, UTF-8.
        dataset: Whose ids it names.

    Raises:
        DataError: If it cannot be read, a line is not of one of the two forms, or no line fits the dataset.
    """
    query_rows = {name: row for row, name in enumerate(dataset.query_ids)}
    document_rows = {name: row for row, name in enumerate(dataset.document_ids)}
    missing: tuple[set[str], set[str]] = (set(), set())
    best: dict[tuple[int, int], float] = {}
    for query, document, score in _lines(path):
        row, column = query_rows.get(query), document_rows.get(document)
        if row is None:
            missing[0].add(query)
        if column is None:
            missing[1].add(document)
        if row is not None and column is not None:
            best[row, column] = max(score, best.get((row, column), -math.inf))
    if not best:
        raise DataError(
            f"{path.name} names {len(missing[0])} queries and {len(missing[1])} documents that '{dataset.name}' does "
            "not have, and no line fits it; give the run of this collection, with the same ids."
        )
    return _run(stem(path), best, len(dataset.query_ids), (len(missing[0]), len(missing[1])))


def stem(path: Path) -> str:
    """Name of a run's layer: the file's name without ``.gz`` and without its ending."""
    return Path(path.name.removesuffix(".gz")).stem


def _run(name: str, best: dict[tuple[int, int], float], queries: int, missing: tuple[int, int]) -> RunFile:
    rows = np.array(list(best), dtype=np.int64).reshape(-1, 2)
    scores = np.fromiter(best.values(), dtype=np.float64, count=len(best))
    order = np.lexsort((rows[:, 1], -scores, rows[:, 0]))
    starts = np.searchsorted(rows[order, 0], np.arange(queries + 1))
    return RunFile(
        name, starts, rows[order, 1].astype(np.int32), scores[order].astype(np.float32), missing[0], missing[1]
    )


def _lines(path: Path) -> Iterator[tuple[str, str, float]]:
    """(query id, document id, score) of every line that is not blank."""
    number = 0
    try:
        with _open(path) as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield _fields(line, path.name, number)
    except UnicodeDecodeError as error:
        raise DataError(f"{path.name} is not UTF-8 after line {number}; save it as UTF-8.") from error
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or "damaged"
        raise DataError(f"{path.name} was given as a run, but could not be read ({reason}).") from error


def _open(path: Path) -> TextIO:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8-sig")
    return path.open(encoding="utf-8-sig")


def _fields(line: str, file: str, number: int) -> tuple[str, str, float]:
    parts = line.strip("\r\n").split("\t") if "\t" in line else line.split()
    if len(parts) not in FIELDS:
        hint = "; four columns look like judgments, not like a run" if len(parts) == 4 else ""
        raise DataError(
            f"{file} line {number} has {len(parts)} columns, but a run has 6 (query Q0 document rank score tag) "
            f"or 3 (query document score){hint}."
        )
    query, document, score = (parts[field].strip() for field in FIELDS[len(parts)])
    try:
        value = float(score)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise DataError(f"{file} line {number} has '{score}' as a score, but a finite number was wanted.")
    return query, document, value
